"""Confirming and moving bookings (domain.md, Bookings)."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from domain.actor import Circumstances, Role
from domain.booking.commands import RescheduleBooking
from domain.booking.facts import BookingConfirmed, BookingFact, BookingRescheduled, BookingSource
from domain.booking.state import Booking
from domain.fact import fold
from domain.moments import local_day
from domain.package.checks import check_moment, earliest_in
from domain.package.eligibility import check_not_frozen
from domain.package.evolution import evolve
from domain.package.facts import PackageFact
from domain.package.holds import Session, move
from domain.package.state import Package
from domain.people.state import Customer
from domain.refusals import (
    CustomerIsBlocked,
    Invalid,
    PackageHasExpired,
    PackageIsCancelled,
    WrongBookingState,
)
from domain.updated import updated

AHEAD_DAYS_MAX = 731
"""Days ahead that a booking may start."""


def check_start(starts_at: datetime, at: Circumstances, zone: str) -> None:
    """Raises Invalid for a start too far ahead, or a customer's in the past, and what `check_moment` raises.

    `zone` is the booking's own.
    """
    if starts_at > at.now + timedelta(days=AHEAD_DAYS_MAX):
        raise Invalid(
            "/starts_at", "too-far-ahead", f"must lie within {AHEAD_DAYS_MAX} days from now, two years"
        )
    if starts_at >= at.now:
        return
    if at.actor.role is Role.CUSTOMER:
        raise Invalid("/starts_at", "in-the-past", "must lie ahead")
    check_moment(starts_at, earliest_in(zone), at, zone)


def check_open(booking: Booking, wanted: str) -> None:
    """Raises WrongBookingState for a booking that is completed, cancelled, attended or missed."""
    if booking.attendance is not None and (booking.status == "confirmed" or booking.is_over):
        raise WrongBookingState(booking.attendance, wanted)
    if booking.status not in ("pending", "confirmed"):
        raise WrongBookingState(booking.status, wanted)


def check_ahead(booking: Booking, wanted: str, at: Circumstances) -> None:
    """Raises WrongBookingState for a customer once the session has begun."""
    if at.actor.role is Role.CUSTOMER and booking.starts_at <= at.now:
        raise WrongBookingState("begun", wanted)


def confirm(booking: Booking, at: Circumstances) -> list[BookingFact]:
    """Raises WrongBookingState for any but a pending booking."""
    if booking.status != "pending":
        raise WrongBookingState(booking.status, "confirmed")
    return [BookingConfirmed()]


def reschedule(
    booking: Booking,
    command: RescheduleBooking,
    packages: Mapping[str, Package],
    customer: Customer,
    at: Circumstances,
) -> tuple[list[BookingFact], dict[str, list[PackageFact]]]:
    """Move a booking; its units stay with it and must be valid at the new start.

    Inside the notice period the earlier start stays the measure of notice. A validity that begins with this session
    moves with it. Raises WrongBookingState, Invalid,
    PackageHasExpired, PackageIsCancelled, PackageIsFrozen, what `check_start` raises, and CustomerIsBlocked
    for a blocked customer, whose bookings only the desk moves.
    """
    check_open(booking, "rescheduled")
    check_ahead(booking, "rescheduled", at)
    if customer.blocked and at.actor.role is Role.CUSTOMER:
        raise CustomerIsBlocked(booking.customer_id)
    if command.starts_at == booking.starts_at:
        return [], {}
    check_start(command.starts_at, at, booking.time_zone)
    session = changed_start(booking, command)
    facts = {id: move(package, session, at) for id, package in packages.items()}
    for id, package in packages.items():
        _check_valid(fold(evolve, package, facts[id]), command.starts_at, at)
    late = at.now > booking.free_until
    moved = BookingRescheduled(
        starts_at=command.starts_at,
        previous=booking.starts_at,
        sources=tuple(_moved(source, command.starts_at, at) for source in booking.sources),
        measured_from=min(booking.measured_from, command.starts_at) if late else command.starts_at,
    )
    return [moved], {id: made for id, made in facts.items() if made}


def changed_start(booking: Booking, command: RescheduleBooking) -> Session:
    """The session at its new start."""
    return updated(booking, starts_at=command.starts_at).session(command.booking_id)


def _check_valid(package: Package, starts_at: datetime, at: Circumstances) -> None:
    if package.cancelled:
        raise PackageIsCancelled()
    last = max(starts_at, at.now)
    if package.expiry.has_passed(last):
        expires_on = package.expiry.on(local_day(last, package.time_zone))
        assert expires_on is not None
        raise PackageHasExpired(expires_on)
    check_not_frozen(package, starts_at)


def _moved(source: BookingSource, starts_at: datetime, at: Circumstances) -> BookingSource:
    late = at.now > source.free_until
    measured_from = min(source.measured_from, starts_at) if late else starts_at
    return source.model_copy(update={"measured_from": measured_from})
