"""Changing and removing an expiry, and bringing an ended package back (S17, S18, S39)."""

from domain.actor import Circumstances
from domain.package.checks import (
    check_expiry,
    check_holds,
    check_not_cancelled,
    check_not_expired,
    now_for,
    today_for,
)
from domain.package.commands import ReinstatePackage, SetExpiry
from domain.package.facts import ExpiryChanged, ExpiryRemoved, PackageFact, PackageReinstated
from domain.package.state import Package
from domain.package.units import AVAILABLE, LAPSED
from domain.refusals import Invalid, NotEligible, NotExpired
from domain.values import ref_of


def set_expiry(package: Package, command: SetExpiry, at: Circumstances) -> list[PackageFact]:
    """Raises PackageIsCancelled, PackageHasExpired (only reinstating brings it back), Invalid for a day
    before the purchase or before a booking that holds units."""
    check_not_cancelled(package)
    check_not_expired(package, now_for(package, at))
    moment, reason = now_for(package, at), ref_of(command.reason)
    current = package.expiry.on(today_for(package, at))
    if command.expires_on == current:
        return []
    if command.expires_on is None:
        assert current is not None
        return [ExpiryRemoved(effective_at=moment, previous=current, reason=reason)]
    check_expiry(command.expires_on, package.bought_at, package.time_zone)
    check_holds(package, command.expires_on)
    return [
        ExpiryChanged(
            effective_at=moment,
            expires_on=command.expires_on,
            previous=current,
            reason=reason,
        )
    ]


def reinstate(package: Package, command: ReinstatePackage, at: Circumstances) -> list[PackageFact]:
    """Raises NotExpired for what is neither expired nor cancelled, Invalid for a day already past, NotEligible for
    a package whose transfer was undone, and for an import that was voided: its reference may have come again."""
    if package.revoked:
        raise NotEligible("transfer-undone")
    if package.voided and package.import_id is not None:
        raise NotEligible("import-undone")
    if not package.cancelled and not package.expiry.has_passed(now_for(package, at)):
        raise NotExpired(package.status(now_for(package, at)))
    today = today_for(package, at)
    if command.expires_on < today:
        raise Invalid("/expires_on", "in-the-past", f"must not lie before {today}, today")
    return [
        PackageReinstated(
            effective_at=now_for(package, at),
            expires_on=command.expires_on,
            previous=package.expiry.on(today),
            returned=package.units_in(LAPSED),
            revived=() if package.cancelled else package.units_in(AVAILABLE),
            reason=command.reason.ref,
        )
    ]
