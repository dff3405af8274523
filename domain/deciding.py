"""Every command that concerns one package alone, and the decision that answers it."""

from typing import assert_never

from domain.actor import Circumstances
from domain.business.facts import Policies
from domain.package.cancellation import cancel, void
from domain.package.checks import check_room, effective_moment, now_for, settled
from domain.package.commands import (
    AddNote,
    AdjustPrice,
    CancelPackage,
    ChangeSharing,
    CorrectLine,
    FreezePackage,
    PackageCommand,
    RecordPayment,
    RefundPayment,
    ReinstatePackage,
    SetExpiry,
    UnfreezePackage,
    VoidPackage,
)
from domain.package.correction import correct
from domain.package.expiry import reinstate, set_expiry
from domain.package.facts import AnyPackageFact, NoteAdded
from domain.package.freeze import freeze_package, unfreeze_package
from domain.package.payment import adjust_price, record_payment, refund
from domain.package.sharing import change_sharing
from domain.package.state import Package
from domain.people.state import Customer


def decide(
    package: Package, command: PackageCommand, at: Circumstances, policies: Policies, customer: Customer
) -> list[AnyPackageFact]:
    """The facts that a command makes of a package; none when it is already so.

    Raises the refusals named at each decision below, and LimitReached when the stream is full.
    """
    facts = _decide(package, command, at, policies, customer)
    if facts and not isinstance(command, UnfreezePackage):
        facts = [*settled(package, now_for(package, at)), *facts]
    check_room(package, len(facts), kept=not isinstance(command, RefundPayment | CancelPackage | VoidPackage))
    return facts


def _decide(
    package: Package, command: PackageCommand, at: Circumstances, policies: Policies, customer: Customer
) -> list[AnyPackageFact]:
    match command:
        case CorrectLine():
            return correct(package, command, at, policies)
        case SetExpiry():
            return set_expiry(package, command, at)
        case ReinstatePackage():
            return reinstate(package, command, at)
        case FreezePackage():
            return freeze_package(package, command, at)
        case UnfreezePackage():
            return unfreeze_package(package, at)
        case RecordPayment():
            return [
                record_payment(
                    package, command.payment, effective_moment(package, command.effective_at, at), at
                )
            ]
        case RefundPayment():
            return [refund(package, command.payment_id, command.amount, command.reason, at)]
        case CancelPackage():
            return cancel(package, command, at)
        case VoidPackage():
            return void(package, command, at)
        case AdjustPrice():
            return adjust_price(package, command, at)
        case ChangeSharing():
            return change_sharing(package, command, at, customer)
        case AddNote():
            note = NoteAdded(
                effective_at=now_for(package, at), note=command.note.ref, staff_id=at.actor.staff_id
            )
            return [note]
        case _:
            assert_never(command)
