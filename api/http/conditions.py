"""Conditional requests (RFC 9110, section 13): entity tags, `If-Match` and `If-None-Match`.

    tag_of(17)                       b'"v17"'
    versions_of(['"v16", "v17"'])    (16, 17)
    is_known(['W/"v17"'], '"v17"')   True

A thing that is a stream has the tag of its version. The tag is strong, and one for all codings: an answer with
such a tag is never compressed (api/http/compression.py).
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from api.http.flaws import Flaw
from api.http.ledger_types import Books
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


def is_untouched(books: Books, id: str) -> bool:
    """Whether no other stream in these books has changed since the last fact of `id`.

    Its answer then holds what it held when it got this version, as far as it follows from facts. Facts that
    one request recorded together count as one change.
    """
    streams = {stream.id: stream.facts[-1] for stream in books.streams if stream.facts}
    own = streams[id]
    later = [fact for fact in streams.values() if fact.position > own.position]
    if not later:
        return True
    request_id = own.meta.request_id
    return request_id is not None and all(fact.meta.request_id == request_id for fact in later)
