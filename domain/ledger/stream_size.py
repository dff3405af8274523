"""How much memory a cached stream takes: an estimate, made once in several facts.

    bytes_of(stream)

It follows states as they are built: frozen dataclasses, models, tuples, mappings, texts and numbers. Of long tuples and
mappings a few members are looked at, so that a package of thousands of units costs no more than one of ten. Something
that two streams share counts in both. A test holds the estimate against what Python allocates.
"""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from enum import Enum
from itertools import islice
from sys import getsizeof
from typing import Any

from domain.ledger.stream import Stream

LOOKED_AT = 8
"""Members of a long tuple or mapping that stand for all of them."""
PLAIN = (str, bytes, int, float, datetime, date)
ENTRY_BYTES = 300
"""Of the cache itself, for each stream."""


def bytes_of(stream: Stream) -> int:
    """The bytes of a stream in the cache."""
    seen: set[int] = set()
    parts = (stream.id, stream.state, stream.view, stream.people, stream.authors, stream.last)
    return ENTRY_BYTES + sum(_bytes(part, seen) for part in parts)


def _bytes(value: Any, seen: set[int]) -> int:
    if value is None or isinstance(value, bool | Enum | type) or id(value) in seen:
        return 0
    seen.add(id(value))
    if isinstance(value, PLAIN):
        return getsizeof(value)
    if isinstance(value, Mapping):
        members = [each for pair in islice(value.items(), LOOKED_AT) for each in pair]
        return getsizeof(value) + _of_all(members, 2 * len(value), seen)
    if isinstance(value, tuple | list | frozenset | set):
        return getsizeof(value) + _of_all(_spread(value), len(value), seen)
    held: Mapping[str, Any] | None = getattr(value, "__dict__", None)
    if held is None:
        slots = (getattr(value, name, None) for name in getattr(type(value), "__slots__", ()))
        return getsizeof(value) + sum(_bytes(each, seen) for each in slots)
    return getsizeof(value) + getsizeof(held) + sum(_bytes(each, seen) for each in held.values())


def _spread(members: Collection[Any]) -> list[Any]:
    """A few members from all over."""
    return list(islice(members, 0, None, max(1, len(members) // LOOKED_AT)))


def _of_all(members: list[Any], of: int, seen: set[int]) -> int:
    """The bytes of `of` members, of which some were looked at."""
    found = sum(_bytes(each, seen) for each in members)
    return found if len(members) >= of else found * of // max(1, len(members))
