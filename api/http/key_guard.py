"""The guard of a key: a MAC of its whole row under the pepper, which is not in the database.

A row that was changed, or put in by hand, opens nothing. The ids of all keys of a business have a MAC, too, so that a
key that was taken out is missed.
"""

import hmac
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

from domain.ledger.records import StoredKey


def guard_of(pepper: bytes, key: StoredKey) -> bytes:
    """The guard of a row as it is, without the guard that it has."""
    row = [
        key.id,
        key.business_id,
        key.name,
        key.role,
        key.actor_id,
        key.mac.hex(),
        key.created_at,
        key.expires_at,
        key.revoked_at,
        key.scopes,
    ]
    return hmac.digest(pepper, b"carnet/key\n" + json.dumps(row).encode(), "sha256")


def guarded(pepper: bytes, key: StoredKey) -> StoredKey:
    return replace(key, guard=guard_of(pepper, key))


def is_genuine(peppers: Iterable[bytes], key: StoredKey) -> bool:
    """Whether the row is as it was written under one of these peppers."""
    return any(hmac.compare_digest(key.guard, guard_of(each, key)) for each in peppers)


def mac_of_roster(pepper: bytes, business_id: str, ids: Sequence[str]) -> bytes:
    """The MAC of the ids of all keys that a business ever had, in the order in which they were issued."""
    return hmac.digest(pepper, b"carnet/keys\n" + json.dumps([business_id, *ids]).encode(), "sha256")
