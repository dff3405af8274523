"""Pausing a membership for an illness or a holiday, and going on: the package of its period is frozen meanwhile."""

from datetime import timedelta

from domain.actor import Circumstances
from domain.membership.checks import check_runs, now_for, settled, today_for
from domain.membership.commands import PauseMembership
from domain.membership.facts import MembershipFact, MembershipPaused, MembershipResumed
from domain.membership.state import Membership
from domain.moments import LAST_DAY
from domain.package.checks import settled as package_settled
from domain.package.commands import FreezePackage
from domain.package.facts import PackageFact
from domain.package.freeze import FREEZE_DAYS_MAX, freeze_package, unfreeze_package
from domain.package.state import Package
from domain.refusals import Invalid, NotEligible

Facts = tuple[list[MembershipFact], list[PackageFact]]
"""Of the membership, and of the package of its period."""


def pause(state: Membership, package: Package, command: PauseMembership, at: Circumstances) -> Facts:
    """No use meanwhile; the end of the period moves by the days of the pause.

    Raises NotEligible (not running, a renewal is due, paused already), Invalid for the last day, PackageIsFrozen,
    HoldsOutstanding where a booking holds units for a session meanwhile.
    """
    check_runs(state, at)
    today = today_for(state, at)
    if state.expiry.is_frozen(today):
        if state.paused_until == command.until:
            return [], []
        raise NotEligible("membership-paused", day=state.paused_until)
    if not today <= command.until <= today + timedelta(days=FREEZE_DAYS_MAX):
        latest = today + timedelta(days=FREEZE_DAYS_MAX)
        raise Invalid("/until", "out-of-range", f"must lie between {today} and {latest}")
    paused = MembershipPaused(
        effective_at=now_for(state, at), paused_on=today, until=command.until, reason=command.reason.ref
    )
    return [*settled(state, at), paused], _frozen(state, package, command, at)


def _frozen(
    state: Membership, package: Package, command: PauseMembership, at: Circumstances
) -> list[PackageFact]:
    """Nothing where the package cannot be used any more."""
    moment = max(at.now, package.latest_at)
    if package.cancelled or package.expiry.has_passed(moment):
        return []
    assert state.package_id is not None
    frozen = FreezePackage(package_id=state.package_id, until=command.until, reason=command.reason)
    return [*package_settled(package, moment), *freeze_package(package, frozen, at)]


def resume(state: Membership, package: Package | None, at: Circumstances) -> Facts:
    """End a pause today, or take back an end that was announced. Nothing where it runs.

    Raises NotEligible where it has ended.
    """
    moment, today = now_for(state, at), today_for(state, at)
    if state.status(moment) == "ended":
        raise NotEligible("membership-not-resumed")
    if state.paused_on is not None and state.expiry.is_frozen(today):
        assert state.ends_on is not None
        days = (today - state.paused_on).days
        ends_on = min(LAST_DAY, state.ends_on + timedelta(days=days))
        thaws = package is not None and package.frozen and not package.cancelled
        return [MembershipResumed(effective_at=moment, days=days, ends_on=ends_on)], (
            unfreeze_package(package, at) if package is not None and thaws else []
        )
    if state.ending is None:
        return settled(state, at), []
    last = state.expiry.on(today)
    assert last is not None, "only a period that runs can have an end announced"
    return [
        *settled(state, at),
        MembershipResumed(effective_at=moment, days=0, ends_on=last, continues=True),
    ], []
