"""New ids: a readable prefix, then 128 bits in the layout of UUIDv7, ordered in time and unguessable.

    new_id("pkg")      →  "pkg_01m9c3x5zq7r8v2t4w6y8a0c2e"
    new_business_id()  →  "biz_7r8v2t4w6y8a", 60 random bits: it stands in every row and every index

74 of the bits are random. Ids of one millisecond come in no particular order; nothing may depend on one. The
order in time keeps the indexes compact (design.md, The store).
"""

import time
from collections.abc import Callable
from secrets import randbits

from domain.random_bytes import RandomBytes

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: texts sort as their values do, without letters that look like digits."""
PAIRS = [first + second for first in ALPHABET for second in ALPHABET]
RANDOM_BITS = 74
RANDOM_BYTES = 10
"""As many as hold them."""
BUSINESS_BITS = 60


class Randomness:
    """Random bits of ids, drawn for many ids at once. One for each process; thread-safe."""

    def __init__(self) -> None:
        self._drawn = RandomBytes(RANDOM_BYTES)

    def bits(self) -> int:
        """The random bits of one id, never given twice."""
        return int.from_bytes(self._drawn.draw())


def _asked_for() -> int:
    return randbits(RANDOM_BITS)


def new_id(prefix: str, bits: Callable[[], int] = _asked_for) -> str:
    """An id under a prefix of three letters; 30 characters in all. `bits` draws 74 random bits or more."""
    return f"{prefix}_{encode(_uuid7(bits()), 26)}"


def new_business_id() -> str:
    """The id of a new business; 16 characters in all. Two of a million are the same with odds of one in two million."""
    return f"biz_{encode(randbits(BUSINESS_BITS), BUSINESS_BITS // 5)}"


def _uuid7(drawn: int) -> int:
    """48 bits of milliseconds since 1970, version 7, 12 random bits, variant 2, 62 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    return milliseconds << 80 | 0x7 << 76 | (drawn >> 62 & 0xFFF) << 64 | 0b10 << 62 | drawn & (1 << 62) - 1


def encode(number: int, length: int) -> str:
    """A number in base 32, zero-padded to `length` characters, an even number; higher digits are cut off."""
    return "".join([PAIRS[number >> 5 * place & 1023] for place in range(length - 2, -1, -2)])
