"""Freezing a package for an illness or a holiday, and ending that."""

from datetime import timedelta

from domain.actor import Circumstances
from domain.moments import LAST_DAY
from domain.package.checks import check_not_cancelled, check_not_expired, now_for, settled, today_for
from domain.package.commands import FreezePackage
from domain.package.facts import PackageFact, PackageFrozen, PackageUnfrozen
from domain.package.state import Package
from domain.refusals import HoldsOutstanding, Invalid, PackageIsFrozen

FREEZE_DAYS_MAX = 366


def freeze_package(package: Package, command: FreezePackage, at: Circumstances) -> list[PackageFact]:
    """Raises PackageIsCancelled, PackageHasExpired, PackageIsFrozen (unfreeze first), Invalid for the last
    day, HoldsOutstanding where a booking holds units for a session meanwhile (move or cancel it first)."""
    check_not_cancelled(package)
    check_not_expired(package, now_for(package, at))
    today = today_for(package, at)
    if package.expiry.is_frozen(today):
        if package.expiry.frozen_until == command.until:
            return []
        raise PackageIsFrozen(package.expiry.frozen_until)
    if not today <= command.until <= today + timedelta(days=FREEZE_DAYS_MAX):
        latest = today + timedelta(days=FREEZE_DAYS_MAX)
        raise Invalid("/until", "out-of-range", f"must lie between {today} and {latest}")
    if within := package.held_between(now_for(package, at), command.until):
        raise HoldsOutstanding(within)
    return [
        PackageFrozen(
            effective_at=now_for(package, at),
            frozen_on=today,
            until=command.until,
            reason=command.reason.ref,
        )
    ]


def unfreeze_package(package: Package, at: Circumstances) -> list[PackageFact]:
    """End a freeze today; the expiry moves by the days frozen. A freeze that the clock has ended is only recorded."""
    today = today_for(package, at)
    if not package.expiry.is_frozen(today):
        return settled(package, now_for(package, at))
    days = (today - package.freezes[-1].frozen_on).days
    expires_on = package.expires_on and min(LAST_DAY, package.expires_on + timedelta(days=days))
    return [PackageUnfrozen(effective_at=now_for(package, at), days=days, expires_on=expires_on)]
