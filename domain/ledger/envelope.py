"""The envelope of a fact: its place in the ledger, who recorded it, and the seal that proves it.

A store keeps a `StoredFact` as it is: the bytes of `data` and `meta` are never parsed, sorted or
rewritten by a database, because the hash chain is computed over them.
"""

import struct
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

import msgspec

CHAIN = b"carnet/1"
_LENGTH = struct.Struct(">I").pack
_SHORT = struct.Struct(">II").pack
"""The length of a field, which is 4, and the field."""
_LONG = struct.Struct(">IQ").pack


@dataclass(frozen=True, slots=True)
class NewFact:
    """A fact that an append is asked to store; position, moment and hash are given by the ledger.

    `version` counts from 1 in its stream. `name_version` is the version of the fact's layout.
    """

    kind: str
    stream_id: str
    version: int
    name: str
    name_version: int
    data: bytes
    meta: bytes


class StoredFact(msgspec.Struct, frozen=True, gc=False):
    """A fact as it lies in the ledger. `recorded_at` is whole milliseconds since 1970, UTC."""

    business_id: str
    position: int
    kind: str
    stream_id: str
    version: int
    name: str
    name_version: int
    data: bytes
    meta: bytes
    recorded_at: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a ledger: its last position (0 when empty), that fact's hash and moment."""

    position: int
    hash: bytes
    recorded_at: int


def first_hash(business_id: str) -> bytes:
    """The hash that precedes position 1: SHA-256 of `carnet/1` ‖ business id."""
    return sha256(CHAIN + business_id.encode()).digest()


def seal(previous: bytes, business_id: str, position: int, fact: NewFact, recorded_at: int) -> bytes:
    """`seal_of` a fact that is about to be stored."""
    return seal_of(
        previous,
        business_id,
        position,
        fact.kind,
        fact.stream_id,
        fact.version,
        fact.name,
        fact.name_version,
        fact.data,
        fact.meta,
        recorded_at,
    )


def seal_of(
    previous: bytes,
    business_id: str,
    position: int,
    kind: str,
    stream_id: str,
    version: int,
    name: str,
    name_version: int,
    data: bytes,
    meta: bytes,
    recorded_at: int,
) -> bytes:
    """SHA-256(previous ‖ fields): each field a 4-byte big-endian length and its bytes.

    Positions and moments are int64, versions int32, big-endian. The PostgreSQL function
    computes the same; a golden file of ten facts binds both. Raises OverflowError for a number that does not fit.
    """
    stream = stream_id.encode()
    try:
        place, moment = _LONG(8, position), _LONG(8, recorded_at)
        of_stream, of_name = _SHORT(4, version), _SHORT(4, name_version)
    except struct.error as error:
        raise OverflowError(str(error)) from error
    fields = (
        previous,
        _framed(business_id),
        place,
        _framed(kind),
        _LENGTH(len(stream)),
        stream,
        of_stream,
        _framed(name),
        of_name,
        _LENGTH(len(data)),
        data,
        _LENGTH(len(meta)),
        meta,
        moment,
    )
    return sha256(b"".join(fields)).digest()


@lru_cache(maxsize=1_024)
def _framed(text: str) -> bytes:
    """A text that many facts have: its length and its bytes."""
    encoded = text.encode()
    return _LENGTH(len(encoded)) + encoded
