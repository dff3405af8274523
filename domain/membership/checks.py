"""Checks of several rules of a membership: the moment, a pause that the clock ended, its standing."""

from datetime import date, datetime

from domain.actor import Circumstances
from domain.membership.facts import MembershipFact, MembershipResumed
from domain.membership.state import Membership
from domain.moments import local_day
from domain.package.checks import FACTS_MAX
from domain.refusals import LimitReached, NotEligible


def now_for(state: Membership, at: Circumstances) -> datetime:
    """The moment of a fact that takes effect when recorded: now, but never before an earlier fact's."""
    return max(at.now, state.latest_at)


def today_for(state: Membership, at: Circumstances) -> date:
    return local_day(now_for(state, at), state.time_zone)


def settled(state: Membership, at: Circumstances) -> list[MembershipFact]:
    """The end of a pause whose last day has passed, to be recorded with the next facts; else nothing."""
    expiry = state.expiry
    if expiry.thaws_at is None or state.paused_on is None or today_for(state, at) <= state.paused_until_day:
        return []
    assert expiry.thawed is not None
    days = (state.paused_until_day - state.paused_on).days + 1
    return [MembershipResumed(effective_at=expiry.thaws_at, days=days, ends_on=expiry.thawed)]


def check_runs(state: Membership, at: Circumstances) -> None:
    """Raises NotEligible unless a period runs and the next one is not due."""
    moment = now_for(state, at)
    if state.status(moment) == "ended":
        raise NotEligible("membership-ended")
    if state.period == 0:
        raise NotEligible("membership-not-begun")
    if state.is_due(moment):
        raise NotEligible("renewal-due")


def check_room(state: Membership, facts: int) -> None:
    """Raises LimitReached when the stream cannot hold `facts` more."""
    if state.version + facts > FACTS_MAX:
        raise LimitReached("membership-facts", FACTS_MAX)
