"""Reward points of a customer: added, redeemed, adjusted; every fact carries the balance after it.

Facts · state and evolve · commands · decide. What a payment, a purchase or a visit earns by itself, and how
that is taken back with it, is decided in `earning.py` (domain.md, Points; S143–S150).
"""

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Annotated, ClassVar, Literal, assert_never

from pydantic import Field

from domain.business import EarnRule
from domain.fact import Fact
from domain.guards import FACTS_KEPT, FACTS_MAX
from domain.refusals import AlreadyReversed, Invalid, LimitReached, NotEligible, NotFound, PointsInsufficient
from domain.updated import changed
from domain.values import (
    Circumstances,
    CustomerId,
    Moment,
    Name,
    PointsId,
    Role,
    StaffId,
    TextRef,
    Value,
    Wording,
    ref_of,
)

POINTS_MAX = 1_000_000
"""The most points that one command adds, redeems or adjusts."""
POINTS_EVER_MAX = 2**53 - 1
"""All points that a customer was ever given: it keeps the balance, and what reversals take below zero, within
what every reader can hold (invariant 14)."""

AnyPoints = Annotated[int, Field(ge=1, le=POINTS_EVER_MAX)]
SignedPoints = Annotated[int, Field(ge=-POINTS_EVER_MAX, le=POINTS_EVER_MAX)]
By = Literal["staff", "system"]
"""Whose doing it was: a person's at the desk, or that of a rule or of another program."""

# Facts


class PointsSource(Value):
    """What the points were for: the payment, the package, the redemption or booking; or a campaign's name."""

    kind: Literal["manual", "payment", "purchase", "visit"]
    id: Name | None = None


class RewardsFact(Fact):
    effective_at: Moment
    entry_id: PointsId


class PointsAdded(RewardsFact):
    stored_name: ClassVar = "rewards.points_added"
    points: AnyPoints
    balance: SignedPoints
    """After this fact, in recorded order."""
    source: PointsSource
    rule: EarnRule | None = None
    """The rule that gave them, as it stood in `policy_version`; None: somebody did."""
    policy_version: int | None = None
    reason: TextRef | None = None
    by: By
    staff_id: StaffId | None = None


class PointsRedeemed(RewardsFact):
    stored_name: ClassVar = "rewards.points_redeemed"
    points: AnyPoints
    balance: SignedPoints
    source: PointsSource | None = None
    reason: TextRef | None = None
    by: By
    staff_id: StaffId | None = None


class PointsAdjusted(RewardsFact):
    stored_name: ClassVar = "rewards.points_adjusted"
    points: SignedPoints
    """Never 0."""
    balance: SignedPoints
    """Below zero only after a reversal."""
    reverses: PointsId | None = None
    """The addition of which this takes points back."""
    source: PointsSource | None = None
    reason: TextRef | None = None
    by: By
    staff_id: StaffId | None = None


AnyRewardsFact = PointsAdded | PointsRedeemed | PointsAdjusted
FACTS: tuple[type[Fact], ...] = (PointsAdded, PointsRedeemed, PointsAdjusted)

# State


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
class Rewards:
    """The account of one customer."""

    balance: int = 0
    granted: int = 0
    """All points that were ever added, adjustments upwards included."""
    additions: dict[str, Addition] = field(default_factory=dict)
    others: frozenset[str] = frozenset()
    """Entries that are no additions."""
    latest_at: datetime | None = None
    version: int = 0

    def holds(self, entry_id: str) -> bool:
        return entry_id in self.additions or entry_id in self.others

    def can_be_given(self, points: int) -> bool:
        """Whether the account holds another addition; its last 1,000 facts are kept for taking points."""
        return self.version < FACTS_MAX - FACTS_KEPT and self.granted + points <= POINTS_EVER_MAX

    def can_be_taken_from(self) -> bool:
        return self.version < FACTS_MAX


def change_of(fact: AnyRewardsFact) -> int:
    """The points of a fact, signed."""
    return -fact.points if isinstance(fact, PointsRedeemed) else fact.points


def evolve(state: Rewards | None, fact: AnyRewardsFact) -> Rewards:
    before = state or Rewards()
    latest = fact.effective_at if before.latest_at is None else max(before.latest_at, fact.effective_at)
    after = changed(before, balance=fact.balance, latest_at=latest, version=before.version + 1)
    match fact:
        case PointsAdded():
            added = {**before.additions, fact.entry_id: Addition(fact.points, fact.source)}
            return changed(after, additions=added, granted=before.granted + fact.points)
        case PointsRedeemed():
            return changed(after, others=before.others | {fact.entry_id})
        case PointsAdjusted():
            given = max(0, fact.points) if fact.reverses is None else 0
            after = changed(after, others=before.others | {fact.entry_id}, granted=before.granted + given)
            return after if fact.reverses is None else _reversed(after, fact.reverses, -fact.points)
        case _:
            assert_never(fact)


def _reversed(state: Rewards, entry_id: str, points: int) -> Rewards:
    addition = state.additions[entry_id]
    less = Addition(addition.points, addition.source, addition.reversed + points)
    return changed(state, additions={**state.additions, entry_id: less})


# Ids


def rewards_id(customer_id: str) -> str:
    """The stream of a customer's points."""
    return "rew_" + customer_id.removeprefix("cus_")


def customer_of(rewards_id: str) -> str:
    """The customer whose points a stream holds."""
    return "cus_" + rewards_id.removeprefix("rew_")


def entry_of(*names: str | int) -> str:
    """The id of an entry that follows from what caused it, so that no cause can make it twice.

    It is longer than any id that a caller may choose.
    """
    return "pts_" + sha256("/".join(map(str, names)).encode()).hexdigest()[:40]


# Commands

Chosen = Annotated[int, Field(ge=1, le=POINTS_MAX)]


class AddPoints(Value):
    customer_id: CustomerId
    entry_id: PointsId
    points: Chosen
    source: PointsSource = PointsSource(kind="manual")
    reason: Wording | None = None


class RedeemPoints(Value):
    customer_id: CustomerId
    entry_id: PointsId
    points: Chosen
    source: PointsSource | None = None
    reason: Wording | None = None


class AdjustPoints(Value):
    """Correct the balance by so many points up or down."""

    customer_id: CustomerId
    entry_id: PointsId
    points: Annotated[int, Field(ge=-POINTS_MAX, le=POINTS_MAX)]
    source: PointsSource | None = None
    reason: Wording | None = None


class ReversePoints(Value):
    """Take back what is left of an addition."""

    addition_id: PointsId
    entry_id: PointsId
    reason: Wording | None = None


RewardsCommand = AddPoints | RedeemPoints | AdjustPoints | ReversePoints

# Decide


def decide(state: Rewards | None, command: RewardsCommand, at: Circumstances) -> AnyRewardsFact:
    """Raises PointsInsufficient, LimitReached; for a reversal NotFound, NotEligible, AlreadyReversed."""
    account = state or Rewards()
    match command:
        case AddPoints():
            return _add(account, command, at)
        case RedeemPoints():
            return _redeem(account, command, at)
        case AdjustPoints():
            return _adjust(account, command, at)
        case ReversePoints():
            return _reverse(account, command, at)
        case _:
            assert_never(command)


def _add(account: Rewards, command: AddPoints, at: Circumstances) -> PointsAdded:
    _check_given(account, command.points)
    return PointsAdded(
        effective_at=_now_for(account, at),
        entry_id=command.entry_id,
        points=command.points,
        balance=account.balance + command.points,
        source=command.source,
        reason=ref_of(command.reason),
        by=_by(at),
        staff_id=at.actor.staff_id,
    )


def _redeem(account: Rewards, command: RedeemPoints, at: Circumstances) -> PointsRedeemed:
    _check_taken(account, command.points)
    return PointsRedeemed(
        effective_at=_now_for(account, at),
        entry_id=command.entry_id,
        points=command.points,
        balance=account.balance - command.points,
        source=command.source,
        reason=ref_of(command.reason),
        by=_by(at),
        staff_id=at.actor.staff_id,
    )


def _adjust(account: Rewards, command: AdjustPoints, at: Circumstances) -> PointsAdjusted:
    if command.points == 0:
        raise Invalid("/points", "zero", "must not be 0")
    if command.points > 0:
        _check_given(account, command.points)
    else:
        _check_taken(account, -command.points)
    return PointsAdjusted(
        effective_at=_now_for(account, at),
        entry_id=command.entry_id,
        points=command.points,
        balance=account.balance + command.points,
        source=command.source,
        reason=ref_of(command.reason),
        by=_by(at),
        staff_id=at.actor.staff_id,
    )


def _reverse(account: Rewards, command: ReversePoints, at: Circumstances) -> PointsAdjusted:
    """The points may have been redeemed meanwhile: this alone may leave the balance below zero."""
    addition = account.additions.get(command.addition_id)
    if addition is None and command.addition_id in account.others:
        raise NotEligible("only an addition of points is reversed; adjust the balance instead")
    if addition is None:
        raise NotFound("addition of points", command.addition_id)
    if not addition.reversible:
        raise AlreadyReversed(command.addition_id)
    if not account.can_be_taken_from():
        raise _full(FACTS_MAX)
    return PointsAdjusted(
        effective_at=_now_for(account, at),
        entry_id=command.entry_id,
        points=-addition.reversible,
        balance=account.balance - addition.reversible,
        reverses=command.addition_id,
        source=addition.source,
        reason=ref_of(command.reason),
        by=_by(at),
        staff_id=at.actor.staff_id,
    )


def _check_given(account: Rewards, points: int) -> None:
    if account.granted + points > POINTS_EVER_MAX:
        raise LimitReached("points given to a customer in all", POINTS_EVER_MAX)
    if not account.can_be_given(points):
        raise _full(FACTS_MAX - FACTS_KEPT)


def _check_taken(account: Rewards, points: int) -> None:
    if points > account.balance:
        raise PointsInsufficient(balance=account.balance, requested=points)
    if not account.can_be_taken_from():
        raise _full(FACTS_MAX)


def _full(limit: int) -> LimitReached:
    return LimitReached("facts of a customer's points", limit)


def _now_for(account: Rewards, at: Circumstances) -> datetime:
    """Now, and never before what already counts: a clock that is behind undoes nothing."""
    return at.now if account.latest_at is None else max(at.now, account.latest_at)


def _by(at: Circumstances) -> By:
    return "system" if at.actor.role is Role.INTEGRATION or at.actor.via == "system" else "staff"
