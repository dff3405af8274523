"""Adding, redeeming, adjusting and reversing points."""

from datetime import datetime

from domain.actor import Circumstances, Role
from domain.package.checks import FACTS_KEPT, FACTS_MAX
from domain.points.commands import AddPoints, AdjustPoints, RedeemPoints, ReversePoints
from domain.points.facts import POINTS_EVER_MAX, By, PointsAdded, PointsAdjusted, PointsRedeemed
from domain.points.state import PointsAccount
from domain.refusals import AlreadyReversed, Invalid, LimitReached, NotEligible, NotFound, PointsInsufficient
from domain.values import ref_of


def add(account: PointsAccount, command: AddPoints, at: Circumstances) -> PointsAdded:
    """Raises LimitReached."""
    _check_given(account, command.points)
    return PointsAdded(
        effective_at=_now_for(account, at),
        entry_id=command.entry_id,
        points=command.points,
        balance=account.balance + command.points,
        source=command.source,
        reason=ref_of(command.reason),
        by=_by(at),
    )


def redeem(account: PointsAccount, command: RedeemPoints, at: Circumstances) -> PointsRedeemed:
    """Raises PointsInsufficient, LimitReached."""
    _check_taken(account, command.points)
    return PointsRedeemed(
        effective_at=_now_for(account, at),
        entry_id=command.entry_id,
        points=command.points,
        balance=account.balance - command.points,
        source=command.source,
        reason=ref_of(command.reason),
        by=_by(at),
    )


def adjust(account: PointsAccount, command: AdjustPoints, at: Circumstances) -> PointsAdjusted:
    """Raises Invalid for 0, PointsInsufficient, LimitReached."""
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
    )


def reverse(account: PointsAccount, command: ReversePoints, at: Circumstances) -> PointsAdjusted:
    """Take back what is left of an addition, even if redeemed meanwhile: the balance may fall below zero.

    Raises NotFound, NotEligible, AlreadyReversed, LimitReached.
    """
    addition = account.additions.get(command.addition_id)
    if addition is None and command.addition_id in account.others:
        raise NotEligible("points-not-added")
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
    )


def _check_given(account: PointsAccount, points: int) -> None:
    if account.granted + points > POINTS_EVER_MAX:
        raise LimitReached("points-ever", POINTS_EVER_MAX)
    if not account.can_be_given(points):
        raise _full(FACTS_MAX - FACTS_KEPT)


def _check_taken(account: PointsAccount, points: int) -> None:
    if points > account.balance:
        raise PointsInsufficient(balance=account.balance, requested=points)
    if not account.can_be_taken_from():
        raise _full(FACTS_MAX)


def _full(limit: int) -> LimitReached:
    return LimitReached("points-facts", limit)


def _now_for(account: PointsAccount, at: Circumstances) -> datetime:
    """Now, but never before the latest entry, so that a clock that runs behind changes no order."""
    return at.now if account.latest_at is None else max(at.now, account.latest_at)


def _by(at: Circumstances) -> By:
    return "system" if at.actor.role is Role.INTEGRATION or at.actor.via == "system" else "staff"
