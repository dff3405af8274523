"""One visit of each page: it is opened once, and looked at in every theme and width that is asked for.

Each of the tests then judges a part of what was seen.
"""

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal

from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Response

from tests.api.pages.chromium.places import Place
from tests.api.pages.chromium.salon import Salon
from tests.api.pages.chromium.visitor import PHONE, WIDE, visitor_of

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
    moving: Sequence[str]
    alien: Sequence[str]


def visit(chromium: Chromium, salon: Salon, place: Place, looks: Sequence[Look]) -> Visit:
    """Go there as its visitor, with reduced motion, and look."""
    named = salon.hostile
    key = salon.key_of(place.role, named) if place.role else ""
    scripts: list[Response] = []
    with visitor_of(chromium, salon, key, reduced_motion="reduce") as visitor:
        page = visitor.page
        page.on(
            "response", lambda got: scripts.append(got) if got.request.resource_type == "script" else None
        )
        address = place.address(named)
        status = visitor.go(address)
        html = page.content()
        script_bytes = sum(len(gzip.compress(got.body())) for got in scripts)
        barriers, sideways = {}, {}
        for width in WIDTHS:
            visitor.at_width(width)
            sideways[width] = visitor.sideways()
            for theme in (theme for theme, wide in looks if wide == width):
                page.emulate_media(color_scheme=theme)
                barriers[theme, width] = visitor.barriers()
        return Visit(
            place,
            address,
            status,
            html,
            page.locator("body").inner_text(),
            script_bytes,
            list(visitor.complaints),
            barriers,
            sideways,
            visitor.moving(),
            page.evaluate(ALIEN),
        )
