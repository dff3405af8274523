"""Templates made into pages. What is shown is escaped; a name that a template does not get is an error, never empty."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache, lru_cache
from typing import Any
from unicodedata import bidirectional

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from api.pages.addresses import address_with, address_without, values_of
from api.pages.assets import assets
from api.pages.forms import flaw_of, key_of, typed
from api.pages.marking import colour, marked
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
TEXTS = ("gettext", "ngettext", "pgettext")
"""Functions that give a text in the language of the page; `pgettext` names what is meant, where one English text is two
elsewhere: `pgettext("booking", "Cancelled")`."""
FROM_RIGHT = ("R", "AL", "AN", "RLE", "RLO", "RLI")
"""Classes of characters in Unicode that are written from right to left, or begin what is."""
FIRST_STRONG_ISOLATE, POP_ISOLATE = "\N{FIRST STRONG ISOLATE}", "\N{POP DIRECTIONAL ISOLATE}"


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
    made.globals |= GLOBALS | {name: _isolating(made.globals[name]) for name in TEXTS}
    made.filters |= {
        "initials": initials,
        "as_json": as_json,
        "pairs": pairs,
        "named": named,
        "listed": listed,
        "mobile": mobile,
        "marked": marked,
        "colour": colour,
        "numbers_in": numbers_in,
        "days_in": days_in,
    }
    return made


def _isolating(told: Any) -> Callable[..., str]:
    """That function of texts with every value of a sentence apart from it.

    A name that is written from right to left turns neither the words nor the numbers beside it. The signs of Unicode
    that set it apart hold in titles and attributes too, where no element can stand.
    """

    @pass_context
    def apart(context: Context, /, *texts: Any, **values: Any) -> str:
        said: str = told(context, *texts, **{name: isolated(value) for name, value in values.items()})
        return said

    return apart


def isolated(value: Any) -> Any:
    """A text with signs of its own direction around it, if any of it is written from right to left."""
    if isinstance(value, str) and any(bidirectional(each) in FROM_RIGHT for each in value):
        return value[:0] + FIRST_STRONG_ISOLATE + value + POP_ISOLATE
    return value


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


@lru_cache(4096)
def mobile(number: str | None) -> str:
    """A mobile number in groups, as people read it: +36 20 123 4567. One that cannot be read stays as it is."""
    from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, parse

    try:
        return format_number(parse(number or ""), PhoneNumberFormat.INTERNATIONAL)
    except NumberParseException:
        return number or ""


def numbers_in(sentence: str) -> list[str]:
    """The whole numbers that a sentence of the API names: limits, in their order."""
    return re.findall(r"(?<![\w-])-?\d+(?![\w-])", sentence)


def days_in(sentence: str) -> list[str]:
    """The days that a sentence of the API names, as it writes them."""
    return re.findall(r"\b\d{4}-\d{2}-\d{2}\b", sentence)
