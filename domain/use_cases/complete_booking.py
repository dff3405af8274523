"""Complete a booking; one without a mark was attended (S141)."""

from domain.actor import Circumstances
from domain.booking.attendance import complete
from domain.booking.commands import CompleteBooking
from domain.decision import Books, Decision, UseCase
from domain.use_cases.one_booking import decided, reads_booking
from domain.use_cases.own_stream import id_in


def decide(command: CompleteBooking, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, and what `complete` raises."""
    policies = books.business.policies
    return decided(
        command.booking_id,
        command,
        books,
        at,
        lambda booking, packages: complete(booking, command.booking_id, packages, policies, at),
    )


COMPLETE_BOOKING = UseCase(CompleteBooking, reads_booking, decide, id_in("booking_id"))
