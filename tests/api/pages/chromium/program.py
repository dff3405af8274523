"""Which Chromium drives the pages: `CARNET_CHROMIUM`, else `chromium` or `google-chrome` on the PATH.

A `carnet` process refuses variables of its name that are no settings, so that one is moved aside when the tests begin.
"""

import os
import shutil
from collections.abc import Mapping, MutableMapping

NAMED, KEPT_AS = "CARNET_CHROMIUM", "TEST_CHROMIUM"
CANDIDATES = ("chromium", "google-chrome")
MISSING = (
    "There is no browser for the tests of the pages: install Chromium (Debian: `apt-get install chromium`; elsewhere"
    f" `uv run playwright install chromium`) and put it on the PATH, or name its program in {NAMED}."
)
QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-sync",
    "--force-color-profile=srgb",
)
"""It asks nobody but the server under test, and draws the same on every machine."""


class NoChromium(Exception):
    """There is none: the text says what to do."""


def move_aside(environment: MutableMapping[str, str]) -> None:
    """Keep `CARNET_CHROMIUM` under another name."""
    if (named := environment.pop(NAMED, None)) is not None:
        environment[KEPT_AS] = named


def program(environment: Mapping[str, str] = os.environ) -> str:
    """The path of the program. Raises NoChromium."""
    if named := environment.get(KEPT_AS):
        found = shutil.which(named)
        if found is None:
            raise NoChromium(f"{NAMED} is {named}, which is not a program.")
        return found
    path = environment.get("PATH", os.defpath)
    found = next((found for name in CANDIDATES if (found := shutil.which(name, path=path))), None)
    if found is None:
        raise NoChromium(MISSING)
    return found


def arguments() -> list[str]:
    """Chromium refuses to run as root inside its own sandbox."""
    return [*QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
