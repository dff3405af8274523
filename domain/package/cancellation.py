"""The end of a package: cancelling, and voiding a sale made by mistake (S14)."""

from domain.actor import Circumstances
from domain.moments import local_day
from domain.package.checks import check_not_cancelled, now_for
from domain.package.commands import CancelPackage, VoidPackage
from domain.package.facts import PackageCancelled, PackageFact, PackageVoided
from domain.package.holds import release_all
from domain.package.money_facts import PaymentRefunded
from domain.package.payment import refund
from domain.package.state import Package
from domain.package.units import AVAILABLE, CORRECTED, FORFEITED, TRANSFERRED, USED
from domain.refusals import HoldsOutstanding, NotEligible


def cancel(package: Package, command: CancelPackage, at: Circumstances) -> list[PackageFact]:
    """Lapse what remains, after the refund if one is asked for.

    Raises PackageIsCancelled, HoldsOutstanding unless the holds are to be released, and what `refund` raises.
    """
    check_not_cancelled(package)
    facts = _without_holds(package, at, release=command.release_holds)
    if command.refund is not None:
        facts.append(refund(package, command.refund.payment_id, command.refund.amount, command.reason, at))
    facts.append(
        PackageCancelled(
            effective_at=now_for(package, at),
            lapsed=package.units_in(AVAILABLE),
            reason=command.reason.ref,
        )
    )
    return facts


def void(package: Package, command: VoidPackage, at: Circumstances) -> list[PackageFact]:
    """Undo a sale made by mistake: the same day, nothing used. All payments are refunded with it.

    Raises PackageIsCancelled, HoldsOutstanding unless the holds are to be released, NotEligible.
    """
    check_not_cancelled(package)
    if package.import_id is not None:
        return [_void_import(package, command, at)]
    if package.entered_on != local_day(at.now, package.time_zone):
        raise NotEligible("sale-of-another-day")
    if package.transfer_id is not None:
        raise NotEligible("package-transferred")
    if package.membership_id is not None:
        raise NotEligible("package-granted")
    if any(package.units_in(state) for state in (USED, FORFEITED, CORRECTED, TRANSFERRED)):
        raise NotEligible("sale-touched")
    facts = _without_holds(package, at, release=command.release_holds)
    paid = package.paid
    for payment_id, payment in package.payments.items():
        left = payment.amount - payment.refunded
        if left:
            paid -= left
            facts.append(
                PaymentRefunded(
                    effective_at=now_for(package, at),
                    payment_id=payment_id,
                    amount=left,
                    method=payment.method,
                    paid=paid,
                    reason=command.reason.ref,
                )
            )
    facts.append(_voided(package, command, at))
    return facts


def _void_import(package: Package, command: VoidPackage, at: Circumstances) -> PackageVoided:
    """On any day, while it stands as it came. No money goes back: none was taken here."""
    if package.version > 1:
        raise NotEligible("import-touched")
    return _voided(package, command, at)


def _voided(package: Package, command: VoidPackage, at: Circumstances) -> PackageVoided:
    return PackageVoided(
        effective_at=now_for(package, at),
        lapsed=package.units_in(AVAILABLE),
        reason=command.reason.ref,
    )


def _without_holds(package: Package, at: Circumstances, *, release: bool) -> list[PackageFact]:
    if package.holds and not release:
        raise HoldsOutstanding(tuple(package.holds))
    return release_all(package, at)
