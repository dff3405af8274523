"""The envelope of a fact: its place in the ledger, who recorded it, and the seal that proves it.

A store keeps a `StoredFact` as it is: the bytes of `data` and `meta` are never parsed, sorted or
rewritten by a database, because the hash chain is computed over them.
"""

from dataclasses import dataclass
from hashlib import sha256

CHAIN = b"carnet/1"


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


@dataclass(frozen=True, slots=True)
class StoredFact:
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
    """SHA-256(previous ‖ fields): each field a 4-byte big-endian length and its bytes.

    Positions and moments are int64, versions int32, big-endian. The PostgreSQL function
    computes the same; a golden file of ten facts binds both.
    """
    digest = sha256(previous)
    for field in (
        business_id.encode(),
        position.to_bytes(8, "big"),
        fact.kind.encode(),
        fact.stream_id.encode(),
        fact.version.to_bytes(4, "big"),
        fact.name.encode(),
        fact.name_version.to_bytes(4, "big"),
        fact.data,
        fact.meta,
        recorded_at.to_bytes(8, "big"),
    ):
        digest.update(len(field).to_bytes(4, "big"))
        digest.update(field)
    return digest.digest()
