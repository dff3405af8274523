"""Conditional requests (RFC 9110, section 13): entity tags, `If-Match` and `If-None-Match`.

    tag_of(17)                       b'"v17"'
    versions_of(['"v16", "v17"'])    (16, 17)
    is_known(['W/"v17"'], '"v17"')   True

A thing that is a stream has the tag of its version. The tag is strong, and one for all codings: an answer with
such a tag is never compressed (api/http/compression.py).
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from pydantic_core import from_json

from api.http.flaws import Flaw
from api.http.ledger_types import Books, LastFact
from api.http.problems import invalid

ENTITY_TAG = re.compile(r'[ \t]*(W/)?("[\x21\x23-\x7e\x80-\xff]*")[ \t]*')
OF_A_VERSION = re.compile(r'"v(0|[1-9][0-9]{0,8})"')


def tag_of(version: int) -> bytes:
    return b'"v%d"' % version


def versions_of(fields: Sequence[str]) -> tuple[int, ...] | None:
    """The versions that `If-Match` allows; None for any.

    Tags are compared strongly: a weak one, and one that is not ours, allows no version at all. Raises
    validation-failed for what is no list of tags.
    """
    if any(field.strip() == "*" for field in fields):
        return None
    strong = [tag for weak, tag in _tags("If-Match", fields) if not weak]
    return tuple(int(found[1]) for tag in strong if (found := OF_A_VERSION.fullmatch(tag)))


def check_conditions(method: str, headers: Collection[bytes], *, versioned: bool) -> None:
    """Raises validation-failed for a condition that the route does not judge, so that none is passed over."""
    if b"if-match" in headers and not (method == "POST" and versioned):
        untaken = (
            "is for requests that change one thing, and this one does not"
            if method == "POST"
            else ("is for requests that change something; If-None-Match tells whether an answer is known")
        )
        raise invalid([Flaw("/If-Match", "not-allowed", untaken, "header")])
    if b"if-none-match" in headers and method == "POST":
        told = "is for questions; If-Match tells the version that a command is for"
        raise invalid([Flaw("/If-None-Match", "not-allowed", told, "header")])


def is_known(fields: Sequence[str], *tags: str) -> bool:
    """Whether `If-None-Match` names one of these tags, weakly compared. Raises validation-failed."""
    if any(field.strip() == "*" for field in fields):
        return True
    return any(tag in tags for _, tag in _tags("If-None-Match", fields))


def _tags(header: str, fields: Iterable[str]) -> Iterator[tuple[bool, str]]:
    """(weak, tag) of every tag. A comma may stand within the quotes of a tag."""
    for field in fields:
        place = 0
        while place < len(field):
            if field[place] in ", \t":  # empty members of a list are passed over (RFC 9110, section 5.6.1)
                place += 1
                continue
            found = ENTITY_TAG.match(field, place)
            if found is None or (found.end() < len(field) and field[found.end()] != ","):
                raise invalid([Flaw(f"/{header}", "etag", 'must be * or tags like "v17"', "header")])
            yield bool(found[1]), found[2]
            place = found.end()


def is_untouched(books: Books, id: str, among: Collection[str] | None = None) -> bool:
    """Whether no other stream in these books has changed since the last fact of `id`.

    `among`: the only streams that count, where the books hold others too. The answer then holds what it held when it
    got this version, as far as it follows from facts. Facts that one request recorded together count as one change.
    """
    counted = books.streams if among is None else [each for each in books.streams if each.id in among]
    last = {stream.id: stream.last for stream in counted if stream.last is not None}
    own = last[id]
    later = [each for each in last.values() if each.position > own.position]
    if not later:
        return True
    request_id = _request_of(own)
    return request_id is not None and all(_request_of(each) == request_id for each in later)


def _request_of(last: LastFact) -> str | None:
    found: str | None = from_json(last.meta).get("request_id")
    return found
