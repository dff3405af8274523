"""How the export of another system is read: its separator, encoding, forms, and which column is which.

    named("square-customers")             # one that comes with Carnet
    read(Path("ours.toml").read_text())   # one of your own

A mapping is a small TOML file; docs/how-to/import.md tells its members. What it leaves out is recognised.
"""

import json
import tomllib
from collections.abc import Mapping as Members
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from domain.values import Value

What = Literal["customers", "packages"]
Encoding = Literal["utf-8", "utf-16", "cp1252"]
DateForm = Literal[
    "YYYY-MM-DD", "DD/MM/YYYY", "MM/DD/YYYY", "DD.MM.YYYY", "YYYY.MM.DD.", "YYYY/MM/DD", "DD-MM-YYYY"
]
Column = Annotated[str, Field(min_length=1, max_length=200)]


class UnknownMapping(Exception):
    """No mapping of this name, or one that cannot be read."""


class Mapping(Value):
    """`columns` and `fixed` are by the names that Carnet gives the columns; the other side is the file's."""

    title: str = "columns as Carnet names them"
    imports: What
    separator: Literal[",", ";", "\t", "|"] | None = None
    encoding: Encoding | None = None
    dates: DateForm | None = None
    decimal: Literal[".", ","] | None = None
    money: Literal["minor", "major"] = "major"
    """Whether amounts are in minor units, such as cents, or written as people write them."""
    columns: Members[str, Column | tuple[Column, ...]] = {}
    """The columns of the file; several are joined by a space. Without any, the file has Carnet's names; else
    nothing is read from a column that is not named here."""
    fixed: Members[str, str] = {}
    """Values of columns that the file does not have."""


def read(text: str) -> Mapping:
    """Raises UnknownMapping."""
    try:
        # From JSON, where a list is taken for a tuple; the types are strict.
        return Mapping.model_validate_json(json.dumps(tomllib.loads(text), default=str))
    except tomllib.TOMLDecodeError as error:
        raise UnknownMapping(f"the mapping is no TOML: {error}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise UnknownMapping(f"the mapping's {place}: {first['msg']}") from error


def named(name: str) -> Mapping:
    """A mapping that comes with Carnet. Raises UnknownMapping."""
    known = shipped()
    if name not in known:
        raise UnknownMapping(f"there is no mapping {name!r}; there are {', '.join(known)}")
    return known[name]


def shipped() -> dict[str, Mapping]:
    """The mappings that come with Carnet, by name."""
    folder = files("api.imports") / "mappings"
    found = sorted(
        (each for each in folder.iterdir() if each.name.endswith(".toml")), key=lambda each: each.name
    )
    return {each.name.removesuffix(".toml"): read(each.read_text("utf-8")) for each in found}


def own(what: What) -> Mapping:
    """The columns as Carnet names them, with amounts in minor units, as its own exports have them."""
    return Mapping(imports=what, money="minor")
