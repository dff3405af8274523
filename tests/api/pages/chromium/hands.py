"""Two ways to use a page: the mouse, and the keyboard alone.

Both find things by role and name, as people do. The keyboard gets to them by Tab and the arrows only, so that a control
that cannot be reached so fails the story.
"""

from datetime import date, time
from typing import Protocol

from playwright.sync_api import Locator, Page

TABS_MAX = 200
WHERE = """(element) => {
  const at = document.activeElement;
  if (!element.isConnected) return "gone";
  if (at === element) return "here";
  return at.type === "radio" && element.type === "radio" && at.name === element.name ? "group" : "elsewhere";
}"""
"""Where the focus is: on the control, on another radio button of its group, or elsewhere."""
KIND = "(element) => element.type || element.tagName.toLowerCase()"


class Hand(Protocol):
    """What somebody does to a control of a page."""

    def press(self, control: Locator) -> None:
        """A link, a button, a summary or a tick box."""

    def write(self, field: Locator, text: str) -> None:
        """Instead of what stands in a field of text or numbers."""

    def date(self, field: Locator, day: date) -> None:
        """Instead of what stands in a field of a day."""

    def time(self, field: Locator, at: time) -> None:
        """Instead of what stands in a field of a time."""

    def choose(self, choice: Locator, text: str) -> None:
        """The first option of a select whose text begins so."""


class Mouse:
    """Clicks. Letters come from a keyboard."""

    def __str__(self) -> str:
        return "mouse"

    def press(self, control: Locator) -> None:
        control.click()

    def write(self, field: Locator, text: str) -> None:
        field.click()
        field.fill(text)

    def date(self, field: Locator, day: date) -> None:
        field.fill(day.isoformat())

    def time(self, field: Locator, at: time) -> None:
        field.fill(at.strftime("%H:%M"))

    def choose(self, choice: Locator, text: str) -> None:
        texts = choice.locator("option").all_inner_texts()
        choice.select_option(label=next(each for each in texts if each.strip().startswith(text)))


class Keyboard:
    """Never touches a mouse."""

    def __str__(self) -> str:
        return "keyboard"

    def press(self, control: Locator) -> None:
        _come_to(control)
        kind = control.evaluate(KIND)
        control.page.keyboard.press("Space" if kind in ("checkbox", "radio") else "Enter")

    def write(self, field: Locator, text: str) -> None:
        _come_to(field)
        field.page.keyboard.press("ControlOrMeta+a")
        field.page.keyboard.type(text)

    def date(self, field: Locator, day: date) -> None:
        """Its parts in the order of the locale of the browser, en-US."""
        _come_to(field)
        field.page.keyboard.type(day.strftime("%m%d%Y"))
        assert field.input_value() == day.isoformat()

    def time(self, field: Locator, at: time) -> None:
        _come_to(field)
        field.page.keyboard.type(at.strftime("%I%M%p"))
        assert field.input_value() == at.strftime("%H:%M")

    def choose(self, choice: Locator, text: str) -> None:
        """By the arrows. First letters would be as good, but those that come slowly begin a new word."""
        _come_to(choice)
        options = [each.strip() for each in choice.locator("option").all_inner_texts()]
        wanted = next(number for number, each in enumerate(options) if each.startswith(text))
        choice.page.keyboard.press("Home")
        for _ in range(wanted):
            choice.page.keyboard.press("ArrowDown")
        chosen = choice.evaluate("(element) => element.selectedOptions[0].text.trim()")
        assert chosen.startswith(text), f"{chosen} is chosen, not {text}"


def _come_to(control: Locator) -> None:
    """Tab until it has the focus. Raises AssertionError for what Tab does not reach.

    The control is looked up by its role and name once: that is more work than a step of Tab.
    """
    control.wait_for()
    page: Page = control.page
    element = control.element_handle()
    for _ in range(TABS_MAX):
        match element.evaluate(WHERE):
            case "here":
                return
            case "gone":
                element = control.element_handle()
            case "group":
                page.keyboard.press("ArrowDown")
            case _:
                page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach {control}")


MOUSE, KEYBOARD = Mouse(), Keyboard()
