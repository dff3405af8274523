// Keys for whoever prefers them: / finds, ? tells them all, j and k go through a list. Focus goes where something opened.
"use strict";
const typing = () => /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName ?? "");
const quiet = () => localStorage.getItem("carnet-keys") === "off";
const step = (by) => {
  const rows = [...document.querySelectorAll("[data-row]")];
  const at = rows.indexOf(document.activeElement);
  rows[Math.min(Math.max(at + by, 0), rows.length - 1)]?.focus();
};
document.addEventListener("keydown", (event) => {
  if (quiet() || typing() || event.ctrlKey || event.metaKey || event.altKey) return;
  const doing = { "/": () => document.getElementById("find")?.focus(), j: () => step(1), k: () => step(-1),
    "?": () => document.getElementById("keys")?.showModal() }[event.key];
  if (doing) { event.preventDefault(); doing(); }
});
document.addEventListener("htmx:after:swap", (event) => {
  const opened = event.target.querySelector?.("[data-focus]");
  opened?.focus();
});
