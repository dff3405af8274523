"""How long a package lasts: changing and removing its expiry, reinstating, freezing (S17, S18, S39)."""

from datetime import timedelta

from domain.guards import (
    check_expiry,
    check_holds,
    check_not_cancelled,
    check_not_expired,
    now_for,
    settled,
    today_for,
)
from domain.package import (
    LAPSED,
    AnyPackageFact,
    ExpiryChanged,
    ExpiryRemoved,
    FreezePackage,
    Package,
    PackageFroze,
    PackageReinstated,
    PackageUnfroze,
    ReinstatePackage,
    SetExpiry,
)
from domain.refusals import HoldsOutstanding, Invalid, NotExpired, PackageFrozen
from domain.values import LAST_DAY, Circumstances, ref_of

FREEZE_DAYS_MAX = 366


def set_expiry(package: Package, command: SetExpiry, at: Circumstances) -> list[AnyPackageFact]:
    """Raises PackageCancelled, PackageExpired (only reinstating brings it back), Invalid before purchase."""
    check_not_cancelled(package)
    check_not_expired(package, now_for(package, at))
    moment, staff_id = now_for(package, at), at.actor.staff_id
    reason = ref_of(command.reason)
    current = package.expiry_on(today_for(package, at))
    if command.expires_on == current:
        return []
    if command.expires_on is None:
        assert current is not None
        return [ExpiryRemoved(effective_at=moment, previous=current, reason=reason, staff_id=staff_id)]
    check_expiry(command.expires_on, package.purchased_at, package.time_zone)
    check_holds(package, command.expires_on)
    return [
        ExpiryChanged(
            effective_at=moment,
            expires_on=command.expires_on,
            previous=current,
            reason=reason,
            staff_id=staff_id,
        )
    ]


def reinstate(package: Package, command: ReinstatePackage, at: Circumstances) -> list[AnyPackageFact]:
    """Raises NotExpired for what is neither expired nor cancelled, Invalid for a day already past."""
    if not package.cancelled and not package.expired_at(now_for(package, at)):
        raise NotExpired(package.status(now_for(package, at)))
    today = today_for(package, at)
    if command.expires_on < today:
        raise Invalid("/expires_on", "in-the-past", f"must not lie before {today}, today")
    return [
        PackageReinstated(
            effective_at=now_for(package, at),
            expires_on=command.expires_on,
            previous=package.expiry_on(today),
            returned=package.units_in(LAPSED),
            reason=command.reason.ref,
            staff_id=at.actor.staff_id,
        )
    ]


def freeze_package(package: Package, command: FreezePackage, at: Circumstances) -> list[AnyPackageFact]:
    """Raises PackageCancelled, PackageExpired, PackageFrozen (unfreeze first), Invalid for the last day,
    HoldsOutstanding where a booking holds units for a session meanwhile: it is moved or cancelled first."""
    check_not_cancelled(package)
    check_not_expired(package, now_for(package, at))
    today = today_for(package, at)
    if freeze := package.freeze_on(today):
        if freeze.until == command.until:
            return []
        raise PackageFrozen(freeze.until)
    if not today <= command.until <= today + timedelta(days=FREEZE_DAYS_MAX):
        latest = today + timedelta(days=FREEZE_DAYS_MAX)
        raise Invalid("/until", "out-of-range", f"must lie between {today} and {latest}")
    if within := package.held_between(now_for(package, at), command.until):
        raise HoldsOutstanding(within)
    return [
        PackageFroze(
            effective_at=now_for(package, at),
            frozen_on=today,
            until=command.until,
            reason=command.reason.ref,
            staff_id=at.actor.staff_id,
        )
    ]


def unfreeze_package(package: Package, at: Circumstances) -> list[AnyPackageFact]:
    """The expiry moves by the days frozen; nothing when the clock has ended the freeze already."""
    today = today_for(package, at)
    freeze = package.freeze_on(today)
    if freeze is None:
        return settled(package, now_for(package, at))
    days = (today - freeze.frozen_on).days
    expires_on = package.expires_on and min(LAST_DAY, package.expires_on + timedelta(days=days))
    return [
        PackageUnfroze(
            effective_at=now_for(package, at), days=days, expires_on=expires_on, staff_id=at.actor.staff_id
        )
    ]
