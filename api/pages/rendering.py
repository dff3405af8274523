"""Templates made into pages. What is shown is escaped; a name that a template does not get is an error, never empty."""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from api.pages.addresses import address_with, address_without, values_of
from api.pages.assets import assets
from api.pages.forms import flaw_of, key_of, typed
from api.pages.speech import Speech, translations

GLOBALS = {
    "asset": lambda name: assets()[name].address,
    "address_with": address_with,
    "address_without": address_without,
    "values_of": values_of,
    "key_of": key_of,
    "typed_in": typed,
    "flaw_of": flaw_of,
}
"""Functions that every template has."""


@cache
def environment(language: str) -> Environment:
    """The templates in a language."""
    made = Environment(
        loader=PackageLoader("api.pages", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    made.globals |= GLOBALS
    made.filters |= {
        "initials": initials,
        "as_json": as_json,
        "pairs": pairs,
        "named": named,
        "listed": listed,
    }
    return made


def rendered(template: str, speech: Speech, shown: Mapping[str, Any]) -> bytes:
    return environment(speech.language).get_template(template).render(speech=speech, **shown).encode()


def as_json(value: Any, indent: int | None = 2) -> str:
    """As people read it, in the order in which it is stored: indented, or with None on one line."""
    return json.dumps(value, ensure_ascii=False, indent=indent)


def initials(name: str | None) -> str:
    """The first letters of the first and the last word: KS."""
    words = (name or "").split()
    return "".join(word[0] for word in dict.fromkeys([*words[:1], *words[-1:]])).upper() or "–"


def pairs(rows: Iterable[Mapping[str, Any]], value: str, text: str) -> list[tuple[Any, Any]]:
    """The choices of a field: of each row the value and the text, or the value where it has no text."""
    return [(row[value], row[text] or row[value]) for row in rows]


def named(ids: Iterable[str], names: Mapping[str, str]) -> list[str]:
    """The names of these ids, as far as they are known."""
    return [names[id] for id in ids if id in names]


def listed(names: Iterable[Any], between: str = ", ") -> Markup:
    """Names in a row, each apart from its neighbours: one that is written from right to left turns none of them."""
    return Markup(between).join(Markup("<bdi>{}</bdi>").format(each) for each in names)
