"""Record a payment for a package, in part or in full (S28–S30, S35, S99)."""

from msgspec import structs

from domain.actor import Circumstances
from domain.business.zones import desk_zone
from domain.decision import Books, Decision, Peek, Reads, UseCase
from domain.package.checks import effective_moment
from domain.package.commands import RecordPayment
from domain.package.facts import PackageFact
from domain.package.payment import record_payment
from domain.package.state import Package
from domain.use_cases.one_package import decided, reads_package
from domain.use_cases.own_stream import id_in
from domain.use_cases.payment_claims import claims_payment, counts_payment


def reads(command: RecordPayment, business_id: str, peek: Peek) -> Reads:
    return reads_package(command, business_id, peek) | Reads(counted=counts_payment(command.payment))


def decide(command: RecordPayment, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, IdTaken, DuplicateExternalRef, and what `record_payment` and `effective_moment` raise."""

    def rule(package: Package) -> list[PackageFact]:
        zone = desk_zone(books.business, at, otherwise=package.time_zone)
        moment = effective_moment(package, command.effective_at, at, zone)
        return [record_payment(package, command.payment, moment, at)]

    decision = decided(command.package_id, command, books, at, rule)
    return structs.replace(decision, claims=claims_payment(command.payment, command.package_id, books))


RECORD_PAYMENT = UseCase(RecordPayment, reads, decide, id_in("package_id"))
