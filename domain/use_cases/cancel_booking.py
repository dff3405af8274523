"""Cancel a booking: its units go back or are forfeited, by the terms it was booked under (S91–S93)."""

from domain.actor import Circumstances
from domain.booking.cancellation import cancel
from domain.booking.commands import CancelBooking
from domain.decision import Books, Decision, UseCase
from domain.use_cases.one_booking import decided, reads_booking
from domain.use_cases.own_stream import id_in


def decide(command: CancelBooking, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, and what `cancel` raises."""
    return decided(
        command.booking_id,
        command,
        books,
        at,
        lambda booking, packages: cancel(booking, command, packages, at),
        kept=False,
    )


CANCEL_BOOKING = UseCase(CancelBooking, reads_booking, decide, id_in("booking_id"))
