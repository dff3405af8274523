"""New ids: a readable prefix, then 128 bits in the layout of UUIDv7, ordered in time and unguessable.

    new_id("pkg")  →  "pkg_01m9c3x5zq7r8v2t4w6y8a0c2e"

The last 74 bits are random. Ids made in one process come in order even within a millisecond of one another
only by chance; nothing may depend on it. The order in time keeps the indexes compact (design.md, The store).
"""

import time
from secrets import randbits

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32: sorts as its values do, without letters that are mistaken for digits."""


def new_id(prefix: str) -> str:
    """An id under a prefix of three letters; 30 characters in all."""
    return f"{prefix}_{encode(uuid7_bits(), 26)}"


def uuid7_bits() -> int:
    """48 bits of milliseconds since 1970, version 7, 12 random bits, variant 2, 62 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    return milliseconds << 80 | 0x7 << 76 | randbits(12) << 64 | 0b10 << 62 | randbits(62)


def encode(number: int, length: int) -> str:
    """A number in base 32, filled with zeros to so many characters; higher digits are cut off."""
    digits = [ALPHABET[(number >> 5 * place) & 31] for place in range(length)]
    return "".join(reversed(digits))
