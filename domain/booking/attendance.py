"""Attendance of a booking: attended, late, no-show, completed (domain.md, Bookings; S57, S141).

A mark may be corrected by another one; units, points and money to refund follow.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from domain.actor import Circumstances, Role
from domain.booking.cancellation import LateRule, is_refund_due, undo
from domain.booking.commands import MarkAttendance
from domain.booking.facts import AttendanceMarked, BookingCompleted, BookingFact
from domain.booking.paid_units import with_sources
from domain.booking.state import Booking
from domain.business.facts import Policies
from domain.moments import local_day
from domain.package.facts import PackageFact
from domain.package.holds import use_held
from domain.package.missed import missed_units, units_on, use_missed
from domain.package.state import Allocation, Package
from domain.refusals import AttendanceNotOpen, Forbidden, Invalid, WrongBookingState
from domain.values import ref_of

Facts = tuple[list[BookingFact], dict[str, list[PackageFact]]]
"""New facts of the booking, and those of packages by id."""


def mark(
    booking: Booking,
    command: MarkAttendance,
    packages: Mapping[str, Package],
    policies: Policies,
    at: Circumstances,
) -> Facts:
    """Attended and late use what was held, or what a no-show had forfeited or given back, and confirm the booking.
    A no-show follows the rule for late cancellations, and completes the booking.

    Raises WrongBookingState, AttendanceNotOpen, Invalid for a no-show before the start, Forbidden for staff who
    correct a mark of another day.
    """
    if booking.status == "cancelled":
        raise WrongBookingState("cancelled", f"marked {command.attendance}")
    _check_open(booking, f"marked {command.attendance}", policies, at)
    if booking.attendance == command.attendance:
        return [], {}
    _check_may_correct(booking, at)
    if command.attendance == "no_show":
        return _missed(booking, command, packages, at)
    if booking.attendance == "no_show":
        return _came_after_all(booking, command, packages, at)
    facts = {} if booking.attendance is not None else _used(booking, command.booking_id, packages, at)
    return [_marked(booking, command, at)], facts


def _check_open(booking: Booking, wanted: str, policies: Policies, at: Circumstances) -> None:
    """Raises AttendanceNotOpen."""
    opens_at = booking.starts_at - timedelta(minutes=policies.attendance_opens_minutes)
    if at.now < opens_at:
        raise AttendanceNotOpen(booking.status, wanted, opens_at)


def _check_may_correct(booking: Booking, at: Circumstances) -> None:
    """Raises Forbidden."""
    if booking.marked_at is None or at.actor.role in (Role.OWNER, Role.MANAGER):
        return
    if local_day(booking.marked_at, booking.time_zone) != local_day(at.now, booking.time_zone):
        raise Forbidden("staff correct a mark on the day it was made; later a manager does")


def _marked(booking: Booking, command: MarkAttendance, at: Circumstances) -> AttendanceMarked:
    return AttendanceMarked(
        attendance=command.attendance,
        previous=booking.attendance,
        marked_at=at.now,
        reason=ref_of(command.reason),
    )


def _missed(
    booking: Booking, command: MarkAttendance, packages: Mapping[str, Package], at: Circumstances
) -> Facts:
    if at.now < booking.starts_at:
        raise Invalid(
            "/attendance", "before-start", f"cannot be no_show before {booking.starts_at:%F %H:%M} UTC"
        )
    rule = LateRule(late=True, why="no_show")
    outcomes, facts = undo(booking, command.booking_id, packages, rule, at)
    settled = {"outcomes": outcomes, "refund_due": is_refund_due(booking, rule, at)}
    return [_marked(booking, command, at).model_copy(update=settled)], facts


def _came_after_all(
    booking: Booking, command: MarkAttendance, packages: Mapping[str, Package], at: Circumstances
) -> Facts:
    """The units of a no-show are used after all. Those that are not there any more leave the booking."""
    redemption_id, session = booking.redemption_id or "", booking.session(command.booking_id)
    found: dict[str, list[Allocation]] = {}
    first = 1 + max(_allocations(packages, redemption_id), default=0)
    for id in booking.packages:
        wanted = {source.line: source.quantity for source in booking.sources if source.package_id == id}
        found[id] = missed_units(packages[id], redemption_id, wanted, first)
        first += sum(not each.forfeited for each in found[id])
    sources = tuple(
        source.model_copy(update={"quantity": units})
        for source in booking.sources
        if (units := units_on(found[source.package_id], source.line))
    )
    quantity = sum(source.quantity for source in sources)
    facts = {
        id: use_missed(packages[id], id, session, redemption_id, units, quantity, command.reason, at)
        for id, units in found.items()
    }
    changed = [] if sources == booking.sources else [with_sources(booking, sources, "restored")]
    return [*changed, _marked(booking, command, at)], {id: made for id, made in facts.items() if made}


def _allocations(packages: Mapping[str, Package], redemption_id: str) -> Iterator[int]:
    """The numbers of all allocations of a redemption."""
    for package in packages.values():
        use = package.uses.get(redemption_id)
        yield from (each.number for each in (use.allocations if use else ()))


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


def complete(
    booking: Booking,
    booking_id: str,
    packages: Mapping[str, Package],
    policies: Policies,
    at: Circumstances,
) -> Facts:
    """Complete a confirmed booking; without a mark it was attended. A no-show is complete already.

    Raises WrongBookingState for any other, and AttendanceNotOpen.
    """
    if booking.attendance == "no_show":
        return [], {}
    if booking.status != "confirmed":
        raise WrongBookingState(booking.status, "completed")
    if booking.attendance is not None:
        return [BookingCompleted()], {}
    attended = MarkAttendance(booking_id=booking_id, attendance="attended")
    marked, used = mark(booking, attended, packages, policies, at)
    return [*marked, BookingCompleted()], used
