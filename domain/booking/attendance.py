"""Attendance of a booking: attended, late, no-show, completed (domain.md, Bookings; S57, S141)."""

from collections.abc import Mapping

from domain.actor import Circumstances
from domain.booking.cancellation import LateRule, is_refund_due, undo
from domain.booking.commands import MarkAttendance
from domain.booking.facts import AttendanceMarked, BookingCompleted, BookingFact
from domain.booking.state import Booking
from domain.package.facts import PackageFact
from domain.package.holds import use_held
from domain.package.state import Package
from domain.refusals import Invalid, WrongBookingState

Facts = tuple[list[BookingFact], dict[str, list[PackageFact]]]
"""New facts of the booking, and those of packages by id."""


def mark(
    booking: Booking, command: MarkAttendance, packages: Mapping[str, Package], at: Circumstances
) -> Facts:
    """Attended and late use what was held, and confirm the booking. A no-show follows the rule for late
    cancellations, completes the booking and is final.

    Raises WrongBookingState, Invalid for a no-show before the start.
    """
    if booking.attendance == "no_show":
        if command.attendance == "no_show":
            return [], {}
        raise WrongBookingState("no_show", f"marked {command.attendance}")
    if booking.status not in ("pending", "confirmed"):
        raise WrongBookingState(booking.status, f"marked {command.attendance}")
    if booking.attendance == command.attendance:
        return [], {}
    if command.attendance == "no_show":
        return _missed(booking, command, packages, at)
    facts = {} if booking.attendance is not None else _used(booking, command.booking_id, packages, at)
    marked = AttendanceMarked(attendance=command.attendance)
    return [marked], facts


def _missed(
    booking: Booking, command: MarkAttendance, packages: Mapping[str, Package], at: Circumstances
) -> Facts:
    if at.now < booking.starts_at:
        raise Invalid(
            "/attendance", "before-start", f"cannot be no_show before {booking.starts_at:%F %H:%M} UTC"
        )
    rule = LateRule(late=True, why="no_show")
    outcomes, facts = undo(booking, command.booking_id, packages, rule, at)
    refund_due = is_refund_due(booking, rule, at)
    marked = AttendanceMarked(attendance="no_show", outcomes=outcomes, refund_due=refund_due)
    return [marked], facts


def _used(
    booking: Booking, booking_id: str, packages: Mapping[str, Package], at: Circumstances
) -> dict[str, list[PackageFact]]:
    """Use what the booking still holds; a package cancelled meanwhile holds nothing any more."""
    facts: dict[str, list[PackageFact]] = {}
    held = {id: packages[id].holds.get(booking_id, ()) for id in booking.packages}
    quantity = sum(hold.quantity for holds in held.values() for hold in holds)
    first = 1
    for id, holds in held.items():
        if holds and booking.redemption_id is not None:
            session = booking.session(booking_id)
            facts[id] = use_held(packages[id], session, booking.redemption_id, quantity, first, at)
            first += len(holds)
    return facts


def complete(booking: Booking, booking_id: str, packages: Mapping[str, Package], at: Circumstances) -> Facts:
    """Complete a confirmed booking; without a mark it was attended. Raises WrongBookingState for any other.

    A no-show is complete already.
    """
    if booking.attendance == "no_show":
        return [], {}
    if booking.status != "confirmed":
        raise WrongBookingState(booking.status, "completed")
    facts: list[BookingFact] = []
    used: dict[str, list[PackageFact]] = {}
    if booking.attendance is None:
        facts.append(AttendanceMarked(attendance="attended"))
        used = _used(booking, booking_id, packages, at)
    return [*facts, BookingCompleted()], used
