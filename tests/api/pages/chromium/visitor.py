"""Somebody at a browser, in a context of their own: what they see, and what the browser complains of.

visitor = visitor_of(chromium, salon, salon.key("staff"))
visitor.go("/desk/customers")
visitor.page.get_by_role("link", name="Anna").click()
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Dialog, Page, ViewportSize

from tests.api.pages.chromium.salon import Salon

WIDE, PHONE = 1280, 390
HEIGHT = 900
SHEET = 673
"""Pixels between the margins of a sheet of A4: 210 mm less twice 16 mm."""
PATIENCE_MS = 60_000
"""Of every step: a busy machine is slow, and nothing here measures it."""
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
ASKED = {"runOnly": {"type": "tag", "values": list(RULES)}, "resultTypes": ["violations"]}
"""Of axe-core. What fits its rules is not described: that would be most of the work."""


@dataclass
class Visitor:
    page: Page
    complaints: list[str] = field(default_factory=list)
    """Console messages, errors of scripts and dialogs, with the page where they came up."""

    def go(self, address: str) -> int:
        """Open an address: the status of its answer."""
        answer = self.page.goto(address, wait_until="load")
        assert answer is not None
        return answer.status

    @property
    def address(self) -> str:
        """Where they are, without the host."""
        return "/" + self.page.url.split("/", 3)[3]

    def at_width(self, width: int) -> None:
        self.page.set_viewport_size(ViewportSize(width=width, height=HEIGHT))

    def barriers(self) -> list[str]:
        """What axe-core finds, each with the elements it means."""
        found = Axe().run(self.page, options=ASKED)
        return [
            f"{each['id']}: {node['html'][:160]} ({node['failureSummary']})"
            for each in found.response["violations"]
            for node in each["nodes"]
        ]

    def sideways(self) -> list[str]:
        """By how much the page is wider than the window, and the elements that reach the farthest."""
        return list(self.page.evaluate(SIDEWAYS))

    def scrolling(self) -> list[str]:
        """Boxes that have to be scrolled sideways to be read whole, other than rows of links and code."""
        return list(self.page.evaluate(SCROLLING))

    def printed_wrongly(self) -> list[str]:
        """What a sheet of A4 should not have: bars, buttons and fields, colours of the dark, what is wider than it."""
        self.page.emulate_media(media="print", color_scheme="dark")
        self.at_width(SHEET)
        found = list(self.page.evaluate(PRINTED))
        self.page.emulate_media(media="screen", color_scheme="light")
        return found

    def moving(self) -> list[str]:
        """What moves by itself, or would when it changes."""
        return list(self.page.evaluate(MOVING))


SIDEWAYS = """() => {
  const room = document.documentElement.clientWidth, by = document.scrollingElement.scrollWidth - room;
  if (by <= 0) return [];
  const right = (each) => each.getBoundingClientRect().right;
  return [`${by} pixels`, ...[...document.querySelectorAll("body *")].filter((each) => right(each) > room + 1)
    .sort((one, other) => right(other) - right(one)).slice(0, 5)
    .map((each) => each.cloneNode().outerHTML.slice(0, 120))];
}"""
SCROLLING = """() => [...document.querySelectorAll("main *:not(nav, pre)")].filter((each) =>
  each.clientWidth && each.scrollWidth > each.clientWidth + 1
  && ["auto", "scroll"].includes(getComputedStyle(each).overflowX))
  .map((each) => each.cloneNode().outerHTML.slice(0, 120))"""
PRINTED = """() => {
  const shown = (each) => each.checkVisibility({ visibilityProperty: true }) && !each.closest(".sr, .skip");
  const html = (each) => each.cloneNode().outerHTML.slice(0, 120);
  const controls = ".bar, nav, form, button, .button, input, select, textarea, [popover]";
  const wide = [...document.querySelectorAll("body *")].filter((each) => shown(each)
    && each.getBoundingClientRect().right > document.documentElement.clientWidth + 1);
  const ink = getComputedStyle(document.body).color, paper = getComputedStyle(document.body).backgroundColor;
  const torn = [...document.querySelectorAll("tbody tr")].filter((each) => getComputedStyle(each).breakInside === "auto"
    && !each.matches(".fact"));
  return [
    ...[...document.querySelectorAll(controls)].filter(shown).map((each) => `shown: ${html(each)}`),
    ...wide.map((each) => `wide: ${html(each)}`), ...torn.map((each) => `torn: ${html(each)}`),
    ...(Math.max(...ink.match(/\\d+/g)) < 50 && paper === "rgb(255, 255, 255)" ? [] : [`${ink} on ${paper}`]),
  ].slice(0, 10);
}"""
MOVING = """() => {
  const seconds = (text) => Math.max(...text.split(",").map((each) => parseFloat(each)));
  return [...document.querySelectorAll("*")].filter((each) => {
    const style = getComputedStyle(each);
    return (style.animationName !== "none" && seconds(style.animationDuration) > 0.01)
      || seconds(style.transitionDuration) > 0.01 || style.scrollBehavior === "smooth";
  }).map((each) => each.outerHTML.slice(0, 80));
}"""


@contextmanager
def visitor_of(chromium: Chromium, salon: Salon, key: str = "", **more: Any) -> Iterator[Visitor]:
    """Signed in with a key, if there is one. `more`: of the context, such as `java_script_enabled`."""
    look = {"viewport": {"width": WIDE, "height": HEIGHT}, "locale": "en-US", **more}
    context = chromium.new_context(base_url=salon.url, **look)
    context.set_default_timeout(PATIENCE_MS)
    if key:
        name, _, value = salon.session(key).partition("=")
        context.add_cookies([{"name": name, "value": value, "url": salon.url}])
    page = context.new_page()
    visitor = Visitor(page)
    _listen(visitor)
    try:
        yield visitor
    finally:
        context.close()


def _listen(visitor: Visitor) -> None:
    page = visitor.page

    def complain(what: str) -> None:
        visitor.complaints.append(f"{page.url}: {what}")

    def refuse(dialog: Dialog) -> None:
        complain(f"a dialog: {dialog.message}")
        dialog.dismiss()

    page.on("console", lambda message: complain(f"{message.type} {message.text}"))
    page.on("pageerror", lambda error: complain(str(error)))
    page.on("dialog", refuse)
