"""Checks of several rules of a package: the moment, the limits of the stream, its standing."""

from datetime import date, datetime, timedelta

from domain.actor import Circumstances, Role
from domain.calendar_rules import expires_at
from domain.moments import FIRST_DAY, LAST_DAY, as_moment, local_day, start_of
from domain.package.facts import PackageFact, PackageUnfrozen
from domain.package.state import Package
from domain.refusals import (
    BackDatingNotAllowed,
    EffectiveAtOutOfRange,
    Invalid,
    LimitReached,
    NotEligible,
    PackageHasExpired,
    PackageIsCancelled,
)
from domain.values import Money

FACTS_MAX = 20_000
"""Facts a stream may hold; the last 1,000 are kept for restoring, refunding and cancelling."""
FACTS_KEPT = 1_000

AHEAD = timedelta(minutes=5)
"""How far `effective_at` may lie ahead, for clocks that differ."""
MANAGER_BACK_DAYS = 30
OWNER, MANAGER = Role.OWNER, Role.MANAGER
"""Looked up once: a member of an enumeration costs a call of a function each time."""


def earliest_in(zone: str) -> datetime:
    """The first moment that the books of a time zone may name: that of their first local day."""
    return start_of(FIRST_DAY, zone)


def now_for(package: Package, at: Circumstances) -> datetime:
    """The moment of a fact that takes effect when recorded: now, but never before an earlier fact's."""
    return max(at.now, package.latest_at)


def today_for(package: Package, at: Circumstances) -> date:
    """The local day of `now_for`, so that a clock that runs behind undoes nothing."""
    return local_day(now_for(package, at), package.time_zone)


def effective_moment(
    package: Package, given: date | datetime | None, at: Circumstances, zone: str
) -> datetime:
    """The moment `given`, if this actor may name it; else now, or the purchase that a clock ahead of ours entered.

    `zone`: where it is done. Raises BackDatingNotAllowed, and EffectiveAtOutOfRange before the purchase or over 5
    minutes ahead.
    """
    if given is None:
        return max(at.now, package.purchased_at)
    return check_moment(as_moment(given, zone), package.purchased_at, at, zone)


def check_moment(moment: datetime, earliest: datetime, at: Circumstances, zone: str) -> datetime:
    """`moment`, if this actor may name it: staff the same day, a manager 30 days back, an owner any.

    Days are those of `zone`, where it is done. Raises EffectiveAtOutOfRange (before `earliest`, over 5 minutes
    ahead), BackDatingNotAllowed.
    """
    latest = at.now + AHEAD
    if not earliest <= moment <= latest:
        raise EffectiveAtOutOfRange(earliest, latest)
    if at.actor.role is not OWNER:
        back = MANAGER_BACK_DAYS if at.actor.role is MANAGER else 0
        allowed = start_of(local_day(at.now, zone) - timedelta(days=back), zone)
        if moment < allowed:
            raise BackDatingNotAllowed(at.actor.role.value, allowed)
    return moment


def check_room(package: Package, facts: int, *, kept: bool) -> None:
    """Raises LimitReached when the stream cannot hold `facts` more. `kept`: its last 1,000 stay free."""
    limit = FACTS_MAX - (FACTS_KEPT if kept else 0)
    if facts and package.version + facts > limit:
        raise LimitReached("package-facts", limit)


def settled(package: Package, now: datetime) -> list[PackageFact]:
    """The end of a freeze whose last day has passed, to be recorded with the next facts; else nothing."""
    if not package.frozen or local_day(now, package.time_zone) <= package.freezes[-1].until:
        return []
    freeze = package.freezes[-1]
    ended_at = max(expires_at(freeze.until, package.time_zone), package.latest_at)
    days = (freeze.until - freeze.frozen_on).days + 1
    return [PackageUnfrozen(effective_at=ended_at, days=days, expires_on=package.expiry.on(LAST_DAY))]


def check_not_cancelled(package: Package) -> None:
    """Raises PackageIsCancelled."""
    if package.cancelled:
        raise PackageIsCancelled()


def check_expires(package: Package, day: date) -> date:
    """The last valid day as it stands on a day. Raises NotEligible where there is none."""
    last = package.expiry.on(day)
    if last is None:
        raise NotEligible("never-expires")
    return last


def check_not_expired(package: Package, now: datetime) -> None:
    """Raises PackageHasExpired."""
    if package.expiry.has_passed(now):
        last = package.expiry.on(local_day(now, package.time_zone))
        assert last is not None
        raise PackageHasExpired(last)


def amount_in(money: Money, currency: str, pointer: str) -> int:
    """The minor units of an amount in the books' own currency. Raises Invalid for another one."""
    if money.currency != currency:
        raise Invalid(
            f"{pointer}/currency", "wrong-currency", f"must be {currency}, the currency of these books"
        )
    return money.amount


def check_holds(package: Package, expires_on: date | None) -> None:
    """Raises Invalid for a last valid day before the start of a booking that holds units."""
    starts = [hold.session_at for holds in package.holds.values() for hold in holds]
    if expires_on is None or not starts:
        return
    latest = local_day(max(starts), package.time_zone)
    if expires_on < latest:
        message = f"must not lie before {latest}, the day of a booking that holds units"
        raise Invalid("/expires_on", "before-held-booking", message)


def check_expiry(expires_on: date, purchased_at: datetime, zone: str) -> None:
    """Raises Invalid for a last valid day before the purchase."""
    purchased_on = local_day(purchased_at, zone)
    if expires_on < purchased_on:
        raise Invalid("/expires_on", "before-purchase", f"must not lie before {purchased_on}, the purchase")
