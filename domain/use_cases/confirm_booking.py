"""Confirm a pending booking (S141)."""

from domain.actor import Circumstances
from domain.booking.commands import ConfirmBooking
from domain.booking.schedule import confirm
from domain.decision import Books, Decision, UseCase
from domain.use_cases.one_booking import decided, reads_booking
from domain.use_cases.own_stream import id_in


def decide(command: ConfirmBooking, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, and what `confirm` raises."""
    return decided(
        command.booking_id, command, books, at, lambda booking, packages: (confirm(booking, at), {})
    )


CONFIRM_BOOKING = UseCase(ConfirmBooking, reads_booking, decide, id_in("booking_id"))
