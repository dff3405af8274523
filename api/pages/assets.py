"""What pages load: the sheet, the fonts and the scripts. The name of each holds its hash, so that it never changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files

ASSETS = (
    ("htmx.js", "text/javascript"),
    ("own.js", "text/javascript"),
    ("icon.svg", "image/svg+xml"),
    ("fonts/figtree-latin-wght-normal.woff2", "font/woff2"),
    ("fonts/figtree-latin-ext-wght-normal.woff2", "font/woff2"),
    ("fonts/newsreader-latin-wght-normal.woff2", "font/woff2"),
    ("fonts/newsreader-latin-ext-wght-normal.woff2", "font/woff2"),
    ("carnet.css", "text/css"),
)
"""File, media type. The sheet comes after the fonts that it names."""
PREFIX = "/assets/"


@dataclass(frozen=True, slots=True)
class Asset:
    address: str
    media_type: str
    content: bytes


@cache
def assets() -> Mapping[str, Asset]:
    """File → what is served for it."""
    made: dict[str, Asset] = {}
    for name, media_type in ASSETS:
        content = files(__package__).joinpath("assets", name).read_bytes()
        if media_type == "text/css":
            for file, other in made.items():
                content = content.replace(f"url({file})".encode(), f"url({other.address})".encode())
        stem, _, ending = name.rpartition("/")[2].rpartition(".")
        address = f"{PREFIX}{stem}.{sha256(content).hexdigest()[:16]}.{ending}"
        made[name] = Asset(address, media_type, content)
    return made


@cache
def by_address() -> Mapping[str, Asset]:
    return {asset.address: asset for asset in assets().values()}
