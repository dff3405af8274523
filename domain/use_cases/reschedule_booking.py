"""Move a booking to another start; its units stay with it (S74)."""

from collections.abc import Mapping

from domain.actor import Circumstances
from domain.booking.commands import RescheduleBooking
from domain.booking.schedule import reschedule
from domain.booking.state import Booking
from domain.decision import Books, Decision, UseCase
from domain.package.state import Package
from domain.use_cases.checks import known_customer
from domain.use_cases.one_booking import Facts, decided, reads_booking
from domain.use_cases.own_stream import id_in


def decide(command: RescheduleBooking, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, and what `reschedule` raises."""

    def rule(booking: Booking, packages: Mapping[str, Package]) -> Facts:
        customer = known_customer(books, booking.customer_id)
        return reschedule(booking, command, packages, customer, at)

    return decided(command.booking_id, command, books, at, rule)


RESCHEDULE_BOOKING = UseCase(RescheduleBooking, reads_booking, decide, id_in("booking_id"))
