"""Record a payment for a booking, in part or in full, also after its session (S54, S55)."""

from msgspec import structs

from domain.actor import Circumstances
from domain.booking.commands import RecordBookingPayment
from domain.booking.payment import record
from domain.decision import Books, Decision, Peek, Reads, UseCase
from domain.use_cases.one_booking import decided, reads_booking
from domain.use_cases.own_stream import id_in
from domain.use_cases.payment_claims import claims_payment, counts_payment


def reads(command: RecordBookingPayment, business_id: str, peek: Peek) -> Reads:
    return reads_booking(command, business_id, peek) | Reads(counted=counts_payment(command.payment))


def decide(command: RecordBookingPayment, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, IdTaken, DuplicateExternalRef, and what `record` raises."""
    decision = decided(
        command.booking_id,
        command,
        books,
        at,
        lambda booking, packages: ([record(booking, command, books.business, at)], {}),
    )
    return structs.replace(decision, claims=claims_payment(command.payment, command.booking_id, books))


RECORD_BOOKING_PAYMENT = UseCase(RecordBookingPayment, reads, decide, id_in("booking_id"))
