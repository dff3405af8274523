"""Flaws: what is wrong with a request, each at its place, in the words of the API.

    Flaw("/to", "before-its-beginning", "must not lie before the beginning of the range")
    flaws_of(error, sent)

Errors of pydantic become flaws here. Their texts come from api/http/flaw_words.py, never from the library.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ValidationError

from api.http.flaw_words import joined, words_for

Where = Literal["body", "query", "header", "path"]
UNTOLD = ("string_pattern_mismatch",)
"""Errors of a value that another alternative of its type may tell more of: a date out of range is no moment."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """One flaw of a request."""

    pointer: str
    """A JSON pointer into the body, or `/` and the name of a parameter or header."""
    code: str
    detail: str
    where: Where | None = None
    """None: in the body of a POST, in the query of a GET."""

    def to_json(self, where: Where) -> dict[str, str]:
        """`where`: the place of a flaw that does not say it."""
        return {"in": self.where or where, "pointer": self.pointer, "code": self.code, "detail": self.detail}


def missing(header: str, detail: str) -> Flaw:
    """A header that is not there."""
    return Flaw(f"/{header}", "missing", detail, "header")


def flaws_of(error: ValidationError, sent: Any = None, where: Where | None = None) -> list[Flaw]:
    """Pydantic's errors as flaws, by JSON pointer into what was sent; one flaw for each place.

    Pydantic's places also name the members of a union, which are no part of a pointer: they are left out by
    following the place through `sent`. Alternatives that fail alike are told in one sentence.
    """
    found = [
        (pointer(each["loc"], sent, missing=each["type"] == "missing"), each)
        for each in error.errors(include_url=False)
    ]
    places = {place: [each for at, each in found if at == place] for place, _ in found}
    flaws = []
    for place, errors in places.items():
        telling = [each for each in errors if each["type"] not in UNTOLD] or errors
        alike = [each for each in telling if each["type"] == telling[0]["type"]]
        code = telling[0]["type"].replace("_", "-")
        flaws.append(Flaw(place, code, joined([words_for(each) for each in alike]), where))
    # A list with a wrong item is also "too short" to pydantic, without that item.
    return [flaw for flaw in flaws if not any(each.startswith(f"{flaw.pointer}/") for each in places)]


def pointer(location: Sequence[str | int], sent: Any, *, missing: bool) -> str:
    """The JSON pointer of a place in `sent`. `missing`: its last step is not there."""
    parts: list[str] = []
    place = sent
    for n, step in enumerate(location):
        last = n == len(location) - 1
        if isinstance(place, dict):
            if step not in place and not (last and missing):
                continue
            place = place.get(step)
        elif isinstance(place, list):
            if not isinstance(step, int) or step >= len(place):
                continue
            place = place[step]
        elif sent is not None:
            continue
        parts.append(str(step).replace("~", "~0").replace("/", "~1"))
    return "".join(f"/{part}" for part in parts)
