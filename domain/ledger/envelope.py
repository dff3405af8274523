"""The envelope of a fact: its place in the ledger, who recorded it, and the seal that proves it.

A store keeps a `StoredFact` as it is: the bytes of `data` and `meta` are never parsed, sorted or
rewritten by a database, because the hash chain is computed over them.
"""

from functools import lru_cache
from hashlib import sha256
from struct import Struct as Layout

from msgspec import Struct

CHAIN = b"carnet/1"
_length = Layout("!i").pack
_position = Layout("!iq").pack
_version = Layout("!ii").pack


class NewFact(Struct, frozen=True, gc=False):
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

    def at(self, business_id: str, position: int, recorded_at: int, hash: bytes) -> "StoredFact":
        """This fact, recorded at a place of a ledger."""
        return StoredFact(
            business_id,
            position,
            self.kind,
            self.stream_id,
            self.version,
            self.name,
            self.name_version,
            self.data,
            self.meta,
            recorded_at,
            hash,
        )


class StoredFact(Struct, frozen=True, gc=False):
    """A fact as it was recorded. `recorded_at` is whole milliseconds since 1970, UTC. Without a kind and a name: one
    that the database cannot tell any more, with the bytes that are left."""

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


class Head(Struct, frozen=True, gc=False):
    """The end of a ledger: its last position (0 when empty), that fact's hash and moment."""

    position: int
    hash: bytes
    recorded_at: int


def first_hash(business_id: str) -> bytes:
    """The hash that precedes position 1: SHA-256 of `carnet/1` ‖ business id."""
    return sha256(CHAIN + business_id.encode()).digest()


def seal(
    previous: bytes, business_id: str, position: int, fact: NewFact | StoredFact, recorded_at: int
) -> bytes:
    """SHA-256(previous ‖ fields): each field a 4-byte big-endian length and its bytes.

    Positions and moments are int64, versions int32, big-endian. The PostgreSQL function
    computes the same; a golden file of ten facts binds both.
    """
    stream_id = fact.stream_id.encode()
    return sha256(
        b"".join(
            (
                previous,
                _text(business_id),
                _position(8, position),
                _text(fact.kind),
                _length(len(stream_id)),
                stream_id,
                _version(4, fact.version),
                _text(fact.name),
                _version(4, fact.name_version),
                _length(len(fact.data)),
                fact.data,
                _length(len(fact.meta)),
                fact.meta,
                _position(8, recorded_at),
            )
        )
    ).digest()


@lru_cache(maxsize=512)
def _text(value: str) -> bytes:
    """For businesses, kinds and names: few texts, sealed again and again."""
    data = value.encode()
    return _length(len(data)) + data
