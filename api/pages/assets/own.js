// Keys for whoever prefers them: / goes to the search, j and k go through a list. The focus goes into an opened panel,
// and the room where one is comes into view where its bar is narrow.
"use strict";
const typing = () => /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName ?? "");
const step = (by) => {
  const rows = [...document.querySelectorAll("[data-row]")];
  const at = rows.indexOf(document.activeElement);
  rows[Math.min(Math.max(at + by, 0), rows.length - 1)]?.focus();
};
document.addEventListener("keydown", (event) => {
  if (typing() || event.ctrlKey || event.metaKey || event.altKey) return;
  const doing = { "/": () => document.getElementById("find")?.focus(), j: () => step(1), k: () => step(-1) }[event.key];
  if (doing) { event.preventDefault(); doing(); }
});
for (const here of document.querySelectorAll(".bar [aria-current], .tabs [aria-current]")) here.scrollIntoView({ block: "nearest", inline: "center" });
// Whoever is in what waits is in the answer afterwards.
let waits = false;
document.addEventListener("htmx:before:swap", () => { waits = Boolean(document.activeElement?.closest("#waiting")); });
document.addEventListener("htmx:after:swap", () => document.querySelector(waits ? "#answer, #figures" : "[data-focus]")?.focus());
