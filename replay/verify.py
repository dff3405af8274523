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


class Chain:
    """The chain of a ledger as far as it was checked, fact by fact."""

    def __init__(self, business_id: str) -> None:
        self.business_id = business_id
        self.position = 0
        self.hash = first_hash(business_id)
        self.recorded_at = 0

    @property
    def head(self) -> Head:
        """The last fact that was right."""
        return Head(self.position, self.hash, self.recorded_at)

    def flaw(self, fact: StoredFact) -> str | None:
        """The fault of the fact that should come next; None when it is right, and is then the last one."""
        position, recorded_at = fact.position, fact.recorded_at
        if position != self.position + 1:
            return f"is missing: position {position} follows on {self.position}"
        if recorded_at < self.recorded_at:
            return "was recorded before the fact that precedes it"
        try:
            made = seal(self.hash, self.business_id, position, fact, recorded_at)
        except struct.error:  # a forged number does not fit into its field of the seal
            made = None
        if made != fact.hash:
            return "does not have the hash that its stored bytes make with the hash before it"
        self.position, self.hash, self.recorded_at = position, made, recorded_at
        return None


def verify(recorder: LedgerRecorder, progress: Progress = lambda done, of: None) -> Intact | Broken:
    """Check every fact of a ledger, also while it grows; memory does not grow with it.

    Raises UnknownBusiness, LedgerUnavailable.
    """
    business_id = recorder.business_id
    chain = Chain(business_id)
    head = recorder.head()
    while page := recorder.facts(after=chain.position, limit=FACTS_PER_PAGE):
        # Read after this page and before the next: every fact up to this head is stored by then.
        head = recorder.head()
        for fact in page:
            reason = chain.flaw(fact)
            if reason is None and fact.position > head.position:
                return Broken(
                    business_id, fact.position, f"lies beyond the head, which is at {head.position}"
                )
            if reason is not None:
                return Broken(business_id, chain.position + 1, reason)
        progress(chain.position, head.position)
    return at_the_end(business_id, chain.head, head)


def at_the_end(business_id: str, checked: Head, head: Head) -> Intact | Broken:
    """The outcome where the last fact was checked: the head must be at it."""
    if head.position > checked.position:
        return Broken(business_id, checked.position + 1, f"is missing: the head is at {head.position}")
    if head != checked and checked.position:
        return Broken(business_id, checked.position, "is not what the head says of it")
    return Intact(business_id, head.position, head.hash)
