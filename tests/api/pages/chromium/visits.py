"""One visit of each page: it is opened once, and looked at in every theme and width that is asked for.

Each of the tests then judges a part of what was seen.
"""

import gzip
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import product
from typing import Literal

from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Response

from tests.api.pages.chromium.places import Place
from tests.api.pages.chromium.salon import Salon
from tests.api.pages.chromium.visitor import PHONE, WIDE, Visitor, visitor_of

Theme = Literal["light", "dark"]
Look = tuple[Theme, int]
EVERY_LOOK: Sequence[Look] = tuple(product(("light", "dark"), (WIDE, PHONE)))
TWICE_AS_LARGE = WIDE // 2
"""The window of 1,280 pixels at a zoom of 200 % has room for so many."""
WIDTHS = (WIDE, TWICE_AS_LARGE, PHONE)
ALIEN = """() => [
  ...document.querySelectorAll("img:not([src^='/']), iframe, object, embed, base, [style], [onerror], [onclick]"),
  ...[...document.scripts].filter((each) => !each.getAttribute("src")?.startsWith("/assets/")),
].map((each) => each.outerHTML.slice(0, 120))"""
"""What no template writes: it came with a name."""


@dataclass(frozen=True)
class Visit:
    place: Place
    address: str
    status: int
    html: str
    text: str
    """What people read of it."""
    script_bytes: int
    """Of all its scripts, compressed."""
    complaints: Sequence[str]
    barriers: Mapping[Look, Sequence[str]]
    sideways: Mapping[int, Sequence[str]]
    """Width of the window → what is wider. At every width, whatever the looks are."""
    scrolling: Sequence[str]
    """Boxes of a phone's page that are wider inside than outside, other than rows of links and code."""
    printed_wrongly: Sequence[str]
    moving: Sequence[str]
    alien: Sequence[str]


class Visitors:
    """One for each role, who asks for reduced motion and opens all pages of that role in one tab.

    A tab for each page would be half of the work: a process of Chromium, the libraries read anew.
    """

    def __init__(self, chromium: Chromium, salon: Salon, stack: ExitStack) -> None:
        self._chromium, self._stack, self.salon = chromium, stack, salon
        self._by_role: dict[str, Visitor] = {}

    def of(self, role: str) -> Visitor:
        if role not in self._by_role:
            key = self.salon.key_of(role, self.salon.hostile) if role else ""
            made = visitor_of(self._chromium, self.salon, key, reduced_motion="reduce")
            self._by_role[role] = self._stack.enter_context(made)
        return self._by_role[role]

    def visit(self, place: Place, looks: Sequence[Look]) -> Visit:
        """Go there as its visitor, and look. What the browser complains of is that since the last visit."""
        visitor = self.of(place.role)
        page = visitor.page
        scripts: list[Response] = []

        def keep(got: Response) -> None:
            if got.request.resource_type == "script":
                scripts.append(got)

        visitor.at_width(WIDE)
        page.emulate_media(color_scheme="light")
        page.on("response", keep)
        address = place.address(self.salon.hostile)
        status = visitor.go(address)
        html = page.content()
        script_bytes = sum(len(gzip.compress(got.body())) for got in scripts)
        page.remove_listener("response", keep)
        barriers, sideways, scrolling = {}, {}, list[str]()
        for width in WIDTHS:
            visitor.at_width(width)
            sideways[width] = visitor.sideways()
            scrolling = visitor.scrolling() if width == PHONE else scrolling
            for theme in (theme for theme, wide in looks if wide == width):
                page.emulate_media(color_scheme=theme)
                barriers[theme, width] = visitor.barriers()
        text, moving, alien = page.locator("body").inner_text(), visitor.moving(), page.evaluate(ALIEN)
        printed_wrongly = visitor.printed_wrongly()
        complaints, visitor.complaints[:] = list(visitor.complaints), []
        return Visit(
            place,
            address,
            status,
            html,
            text,
            script_bytes,
            complaints,
            barriers,
            sideways,
            scrolling,
            printed_wrongly,
            moving,
            alien,
        )
