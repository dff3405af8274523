"""Mark a booking attended, late or no-show, or correct its mark (S57)."""

from domain.actor import Circumstances
from domain.booking.attendance import mark
from domain.booking.commands import MarkAttendance
from domain.decision import Books, Decision, UseCase
from domain.use_cases.one_booking import decided, reads_booking
from domain.use_cases.own_stream import id_in


def decide(command: MarkAttendance, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, and what `mark` raises."""
    policies = books.business.policies
    return decided(
        command.booking_id,
        command,
        books,
        at,
        lambda booking, packages: mark(booking, command, packages, policies, at),
    )


MARK_ATTENDANCE = UseCase(MarkAttendance, reads_booking, decide, id_in("booking_id"))
