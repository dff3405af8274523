"""Sharing a package: among the participants it is for, or in the household (S85–S87)."""

from collections.abc import Sequence
from datetime import datetime

from domain.actor import Circumstances
from domain.package.checks import check_not_cancelled, now_for
from domain.package.commands import ChangeSharing
from domain.package.facts import PackageFact, SharingChanged
from domain.package.state import Package
from domain.people.state import Customer
from domain.refusals import Invalid


def change_sharing(
    package: Package, command: ChangeSharing, at: Circumstances, customer: Customer
) -> list[PackageFact]:
    """Past use is untouched. Raises PackageIsCancelled, Invalid for a beneficiary outside the household."""
    check_not_cancelled(package)
    beneficiaries = package.beneficiaries
    if command.beneficiaries is not None:
        beneficiaries = check_beneficiaries(command.beneficiaries, customer, at.now)
    if (command.sharing, beneficiaries) == (package.sharing, package.beneficiaries):
        return []
    return [
        SharingChanged(
            effective_at=now_for(package, at),
            sharing=command.sharing,
            beneficiaries=beneficiaries,
        )
    ]


def check_beneficiaries(ids: Sequence[str], customer: Customer, moment: datetime) -> tuple[str, ...]:
    """The participants a package is for; the customer in person when none is named. Raises Invalid."""
    for n, id in enumerate(ids):
        participant = customer.participants.get(id)
        if participant is None or not participant.belongs_at(moment):
            raise Invalid(
                f"/beneficiaries/{n}", "unknown-participant", "is not a participant of this customer"
            )
    if len(set(ids)) < len(ids):
        raise Invalid("/beneficiaries", "duplicate", "names a participant twice")
    return tuple(ids) or (customer.in_person.id,)
