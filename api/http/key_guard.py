"""The guard of a key: a MAC of its whole row under the pepper, which is not in the database.

A row that was changed, or put in by hand, opens nothing. The ids of all keys of a business have a MAC, too, so that a
key that was taken out is missed.
"""

import hmac
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from domain.ledger.key_roster import Page
from domain.ledger.records import KnownPepper, StoredKey
from replay.proof.keys import Verdict


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


def mac_of_roster(pepper: bytes, business_id: str, page: str, text: str) -> bytes:
    """The MAC of a page of the list of all keys that a business ever had."""
    return hmac.digest(pepper, b"carnet/keys\n" + json.dumps([business_id, page, text]).encode(), "sha256")


def mark_of(pepper: bytes) -> bytes:
    """What tells a pepper from others and never shows it: the database keeps it."""
    return hmac.digest(pepper, b"carnet/pepper", "sha256")


def mark_when_made(known: Sequence[KnownPepper], created_at: int) -> bytes | None:
    """The mark of the pepper that was in use at a moment; None where none is known."""
    before = [each.mark for each in known if each.since <= created_at] or [each.mark for each in known[:1]]
    return before[-1] if before else None


@dataclass(frozen=True, slots=True)
class KeyGuards:
    """What the peppers at hand tell of stored keys. Implements `replay.proof.keys.Guards`."""

    peppers: Sequence[bytes]
    known: Sequence[KnownPepper]
    """All that keys in the database were made under."""

    def of_key(self, key: StoredKey) -> Verdict:
        if is_genuine(self.peppers, key):
            return "genuine"
        made_under = mark_when_made(self.known, key.created_at)
        return "forged" if made_under is None or made_under in self._marks else "unknown"

    def of_roster(self, business_id: str, page: str, text: str, mac: bytes) -> Verdict:
        if any(
            hmac.compare_digest(mac, mac_of_roster(each, business_id, page, text)) for each in self.peppers
        ):
            return "genuine"
        return "forged" if {each.mark for each in self.known} <= self._marks else "unknown"

    def roster(self, business_id: str, *, is_mended: bool = False) -> "GuardedRoster":
        """The MACs of the list of a business's keys."""
        return GuardedRoster(self, business_id, is_mended)

    @property
    def _marks(self) -> set[bytes]:
        return {mark_of(each) for each in self.peppers}


@dataclass(slots=True)
class GuardedRoster:
    """Implements `domain.ledger.key_roster.Roster`. The first pepper is the one in use."""

    guards: KeyGuards
    business_id: str
    is_mended: bool = False
    noted: Verdict | None = None

    def mac(self, page: str, text: str) -> bytes:
        return mac_of_roster(self.guards.peppers[0], self.business_id, page, text)

    def verdict(self, page: Page) -> Verdict:
        return self.guards.of_roster(self.business_id, *page)

    def note(self, verdict: Verdict) -> None:
        self.noted = verdict
