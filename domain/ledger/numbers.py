"""Numbers that stand for ids in the rows and indexes of the ledger, where an id of 16 or 30 characters would stand
several times for each fact.

The number of an id is 63 bits of its SHA-256. So nothing is looked up to find it, PostgreSQL makes the same one
(`number_of` in 0001_ledgers.sql), and it means the same in every database. The id itself stands in the first fact of
its stream, and that of a business in the head of its ledger.

Of a million ids two have the same number with a probability of 1 in 18 million. The second business would not be
opened. The second stream would find its first version taken, and would read as empty: what was found by the number is
left out where `is_of_another` says so.
"""

from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256

END = "\U0010ffff"
"""In place of an id: behind every stream."""
REMEMBERED_MAX = 16_384
LARGEST = 2**63 - 1


@lru_cache(maxsize=REMEMBERED_MAX)
def number_of(id: str) -> int:
    """0 to 2⁶³ - 1."""
    return int.from_bytes(sha256(id.encode()).digest()[:8], "big") & LARGEST


def numbers_in_bytes(ids: Iterable[str]) -> bytes:
    """The numbers of ids one behind the other, in eight bytes each."""
    return b"".join([number_of(id).to_bytes(8, "big") for id in ids])


def numbers_from_bytes(kept: bytes) -> tuple[int, ...]:
    """Bytes that are left over are left out."""
    return tuple(int.from_bytes(kept[at : at + 8], "big") for at in range(0, len(kept) - 7, 8))


def last_number(id: str) -> int:
    """The number up to which the streams up to this one lie."""
    return LARGEST if id == END else number_of(id)


def behind(id: str) -> int:
    """The number behind which the streams after this one lie; that of no id is before all of them."""
    return number_of(id) if id else -1


def is_of_another(found: str, wanted: str) -> bool:
    """Whether an id that was found by the number of the wanted one is another id with the same number."""
    return found != wanted and number_of(found) == number_of(wanted)
