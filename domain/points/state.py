"""The account of a customer's points as its facts make it."""

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import assert_never

from domain.package.checks import FACTS_KEPT, FACTS_MAX
from domain.points.facts import (
    POINTS_EVER_MAX,
    PointsAdded,
    PointsAdjusted,
    PointsFact,
    PointsRedeemed,
    PointsSource,
)
from domain.updated import updated


@dataclass(frozen=True, slots=True)
class Addition:
    """Points that were added, and how many of them have been taken back since."""

    points: int
    source: PointsSource
    reversed: int = 0

    @property
    def reversible(self) -> int:
        return self.points - self.reversed


@dataclass(frozen=True)
class PointsAccount:
    """The account of one customer."""

    balance: int = 0
    granted: int = 0
    """All points ever added, adjustments upwards included."""
    additions: dict[str, Addition] = field(default_factory=dict)
    others: frozenset[str] = frozenset()
    """Ids of the entries that are not additions."""
    latest_at: datetime | None = None
    """The latest `effective_at` of its facts."""
    version: int = 0
    moved: dict[str, int] = field(default_factory=dict)
    """Customer → points that came from its account by merges, less those that went to it."""

    def holds(self, entry_id: str) -> bool:
        return entry_id in self.additions or entry_id in self.others

    def can_be_given(self, points: int) -> bool:
        """Whether the account has room for another addition; its last 1,000 facts are kept for taking points."""
        return self.version < FACTS_MAX - FACTS_KEPT and self.granted + points <= POINTS_EVER_MAX

    def can_be_taken_from(self) -> bool:
        return self.version < FACTS_MAX


def change_of(fact: PointsFact) -> int:
    """The points of a fact, signed."""
    return -fact.points if isinstance(fact, PointsRedeemed) else fact.points


def evolve(state: PointsAccount | None, fact: PointsFact) -> PointsAccount:
    before = state or PointsAccount()
    latest = fact.effective_at if before.latest_at is None else max(before.latest_at, fact.effective_at)
    after = updated(before, balance=fact.balance, latest_at=latest, version=before.version + 1)
    match fact:
        case PointsAdded():
            added = {**before.additions, fact.entry_id: Addition(fact.points, fact.source)}
            return updated(after, additions=added, granted=before.granted + fact.points)
        case PointsRedeemed():
            return updated(after, others=before.others | {fact.entry_id})
        case PointsAdjusted():
            if fact.source is not None and fact.source.kind == "merge" and fact.source.id is not None:
                return _moved(after, fact.source.id, fact)
            given = max(0, fact.points) if fact.reverses is None else 0
            after = updated(after, others=before.others | {fact.entry_id}, granted=before.granted + given)
            return after if fact.reverses is None else _reversed(after, fact.reverses, -fact.points)
        case _:
            assert_never(fact)


def _moved(state: PointsAccount, other: str, fact: PointsAdjusted) -> PointsAccount:
    return updated(
        state,
        others=state.others | {fact.entry_id},
        granted=state.granted + granted_by(state, other, fact.points),
        moved={**state.moved, other: state.moved.get(other, 0) + fact.points},
    )


def granted_by(account: PointsAccount, other: str, points: int) -> int:
    """What an account is given by points from another's: those that it gave there itself before come home."""
    before = account.moved.get(other, 0)
    return max(0, max(0, before + points) - max(0, before))


def _reversed(state: PointsAccount, entry_id: str, points: int) -> PointsAccount:
    addition = state.additions[entry_id]
    less = Addition(addition.points, addition.source, addition.reversed + points)
    return updated(state, additions={**state.additions, entry_id: less})


def account_id(customer_id: str) -> str:
    """The id of the stream of a customer's points."""
    return "acc_" + customer_id.removeprefix("cus_")


def customer_of(account_id: str) -> str:
    """The customer whose points a stream holds."""
    return "cus_" + account_id.removeprefix("acc_")


def entry_of(*names: str | int) -> str:
    """The id of an entry, derived from its cause, so that no cause can make it twice.

    It is longer than any id a caller may choose.
    """
    return "pts_" + sha256("/".join(map(str, names)).encode()).hexdigest()[:40]
