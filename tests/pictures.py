"""Pictures of all pages, to be looked at: `python -m tests.pictures FOLDER`.

Each page of a salon after its day, whole: on a desk in light and dark, and on a phone. `--documentation` makes those
that the documentation shows anew, in `docs/pictures/`: one window each, of few colours, so that they stay small.
A font with emoji (Debian: `fonts-noto-color-emoji`) makes them look as they do elsewhere.
"""

import argparse
import os
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import sync_playwright

from tests.api.pages.chromium.places import PLACES, Place
from tests.api.pages.chromium.program import NoChromium, arguments, move_aside, program
from tests.api.pages.chromium.salon import Salon, salon_in
from tests.api.pages.chromium.visitor import PHONE, WIDE, visitor_of

Theme = Literal["light", "dark"]
LOOKS: tuple[tuple[str, Theme, int], ...] = (
    ("light", "light", WIDE),
    ("dark", "dark", WIDE),
    ("phone", "light", PHONE),
)
"""Name, theme, width."""
DOCUMENTATION = Path(__file__).parent.parent / "docs" / "pictures"
SHOWN: tuple[tuple[str, Place, Theme, int], ...] = (
    ("customer", Place("/desk/customers/{customer_id}", "owner"), "light", WIDE),
    ("timeline", Place("/audit/packages/{package_id}", "auditor"), "light", WIDE),
    ("phone", Place("/card", "customer"), "dark", PHONE),
)
"""Pictures of the documentation: name, page, theme, width."""
COLOURS = 128


def pictures(chromium: Chromium, salon: Salon, folder: Path) -> Iterator[Path]:
    """Every page in every look."""
    for place in PLACES:
        for look, theme, width in LOOKS:
            path = folder / f"{file_name(place)}--{look}.png"
            path.write_bytes(picture(chromium, salon, place, theme, width, whole=True))
            yield path


def picture(
    chromium: Chromium, salon: Salon, place: Place, theme: Theme, width: int, *, whole: bool
) -> bytes:
    """A page as PNG: all of its length, or what a window shows."""
    key = salon.key_of(place.role, salon.ordinary) if place.role else ""
    with visitor_of(chromium, salon, key, color_scheme=theme, reduced_motion="reduce") as visitor:
        visitor.at_width(width)
        visitor.go(place.address(salon.ordinary))
        return visitor.page.screenshot(full_page=whole)


def small(png: bytes) -> bytes:
    """The same picture in few colours."""
    made = BytesIO()
    Image.open(BytesIO(png)).convert("RGB").quantize(COLOURS).save(made, "PNG", optimize=True)
    return made.getvalue()


def file_name(place: Place) -> str:
    """Letters of its address: `desk-customers-customer_id`."""
    return re.sub(r"[^\w]+", "-", place.pattern).strip("-")


@contextmanager
def opened() -> Iterator[tuple[Chromium, Salon]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        salon = stack.enter_context(salon_in(folder))
        playwright = stack.enter_context(sync_playwright())
        chromium = playwright.chromium.launch(executable_path=program(), args=arguments())
        stack.callback(chromium.close)
        yield chromium, salon


def main(given: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.pictures", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("pictures"), metavar="FOLDER")
    parser.add_argument("--documentation", action="store_true", help="those of docs/pictures/ instead")
    chosen = parser.parse_args(given)
    move_aside(os.environ)
    try:
        with opened() as (chromium, salon):
            if chosen.documentation:
                DOCUMENTATION.mkdir(exist_ok=True)
                for name, place, theme, width in SHOWN:
                    path = DOCUMENTATION / f"{name}.png"
                    path.write_bytes(small(picture(chromium, salon, place, theme, width, whole=False)))
                    print(path)
                return
            chosen.folder.mkdir(parents=True, exist_ok=True)
            for path in pictures(chromium, salon, chosen.folder):
                print(path)
    except NoChromium as missing:
        sys.exit(str(missing))


if __name__ == "__main__":
    main(sys.argv[1:])
