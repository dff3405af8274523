"""Recomputing the hash chain of a ledger from the stored bytes.

A fact that was changed, removed, inserted or moved breaks the chain at its place, because each hash covers the one
before it. Two changes stay invisible: an end cut off together with its head, and a chain computed anew to the end.
To find these, keep the hash of a head elsewhere and compare.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass

from domain.ledger.contract import LedgerRecorder
from domain.ledger.envelope import Head, StoredFact, first_hash, seal

FACTS_PER_PAGE = 2_000

Progress = Callable[[int, int], None]
"""Called with the facts checked and the facts in all."""


@dataclass(frozen=True, slots=True)
class Intact:
    """Every fact up to this position is as it was recorded; `hash` is the head's."""

    business_id: str
    position: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Broken:
    """The first position that is not as it was recorded, and the reason."""

    business_id: str
    position: int
    reason: str


def verify(recorder: LedgerRecorder, progress: Progress = lambda done, of: None) -> Intact | Broken:
    """Check every fact of a ledger, also while it grows; memory does not grow with it.

    Raises UnknownBusiness, LedgerUnavailable.
    """
    business_id = recorder.business_id
    checked = Head(0, first_hash(business_id), 0)
    head = recorder.head()
    while page := recorder.facts(after=checked.position, limit=FACTS_PER_PAGE):
        # Read after this page and before the next: every fact up to this head is stored by then.
        head = recorder.head()
        for fact in page:
            if reason := flaw_of(business_id, checked, fact, head):
                return Broken(business_id, checked.position + 1, reason)
            checked = Head(fact.position, fact.hash, fact.recorded_at)
        progress(checked.position, head.position)
    return at_the_end(business_id, checked, head)


def flaw_of(business_id: str, before: Head, fact: StoredFact, head: Head) -> str | None:
    """The fault of a fact that should follow `before`; None when it is right."""
    if fact.position != before.position + 1:
        return f"is missing: position {fact.position} follows on {before.position}"
    if fact.position > head.position:
        return f"lies beyond the head, which is at {head.position}"
    if fact.recorded_at < before.recorded_at:
        return "was recorded before the fact that precedes it"
    if _hash_of(business_id, before.hash, fact) != fact.hash:
        return "does not have the hash that its stored bytes make with the hash before it"
    return None


def _hash_of(business_id: str, previous: bytes, fact: StoredFact) -> bytes | None:
    try:
        return seal(previous, business_id, fact.position, fact, fact.recorded_at)
    except struct.error:
        # A forged number does not fit into its field of the seal.
        return None


def at_the_end(business_id: str, checked: Head, head: Head) -> Intact | Broken:
    """The outcome where the last fact was checked: the head must be at it."""
    if head.position > checked.position:
        return Broken(business_id, checked.position + 1, f"is missing: the head is at {head.position}")
    if head != checked and checked.position:
        return Broken(business_id, checked.position, "is not what the head says of it")
    return Intact(business_id, head.position, head.hash)
