"""A booking: an appointment as this product sees it, and the units that are to pay for it.

Facts · state and evolve · commands. Making and moving one is decided in `scheduling.py`, what becomes of it
in `attending.py` and `calling_off.py`; its units move by the rules of `holding.py` and `redeeming.py`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Literal, assert_never

from pydantic import Field

from domain.business import Deduct
from domain.fact import Fact
from domain.holding import Session
from domain.updated import changed
from domain.values import (
    Amount,
    BookingId,
    CancellationTerms,
    Currency,
    CustomerId,
    ExternalRef,
    LineNumber,
    LocationId,
    Moment,
    Money,
    PackageId,
    ParticipantId,
    PaymentMethod,
    Quantity,
    RedemptionId,
    ServiceId,
    StaffId,
    TextRef,
    Value,
    Wording,
)

OCCURRENCES_MAX = 52
Status = Literal["pending", "confirmed", "completed", "cancelled"]
Attendance = Literal["attended", "late", "no_show"]
By = Literal["customer", "business"]
SourcesWhy = Literal["used", "restored", "corrected", "package_cancelled"]

# Facts


class BookingSource(Value):
    """Units of one line of one package that pay for a booking."""

    package_id: PackageId
    line: LineNumber
    quantity: Quantity
    terms: CancellationTerms
    """In force when it was booked, whatever is agreed later."""
    policy_version: int | None = None
    """Of the business, where the terms are those of its policies; None: they are those of an offer."""
    measured_from: Moment
    """The start that notice is measured from: an earlier one stays the measure when a booking is moved inside
    the notice period."""

    @property
    def free_until(self) -> datetime:
        """The last moment at which a cancellation is in time."""
        return self.measured_from - timedelta(hours=self.terms.notice_hours)


class BookingOutcome(Value):
    """What became of the units of one source, and why."""

    package_id: PackageId
    line: LineNumber
    quantity: Quantity
    terms: CancellationTerms
    policy_version: int | None = None
    free_until: Moment
    in_time: bool
    """Whether notice was given in time; False for a no-show."""
    outcome: Literal["restored", "forfeited", "none"]
    """none: nothing was left of them, for the package ended or they were given back by hand."""
    unusable: Literal["package-expired", "package-cancelled"] | None = None
    """Why what went back cannot be used again."""
    overridden: bool = False
    """Whether staff decided otherwise than the terms say."""


class BookingPayment(Value):
    """What is paid for a booking otherwise than with units."""

    amount: Amount
    currency: Currency
    method: PaymentMethod


class Occurrence(Value):
    """The place of a booking in its series."""

    series_id: BookingId
    """The first booking of the series."""
    number: int
    count: int


class BookingMade(Fact):
    stored_name: ClassVar = "booking.made"
    customer_id: CustomerId
    service_id: ServiceId
    participant_id: ParticipantId
    staff_id: StaffId | None = None
    location_id: LocationId | None = None
    starts_at: Moment
    time_zone: str
    quantity: Quantity
    deduct: Deduct
    redemption_id: RedemptionId | None = None
    """The redemption that took its units, or will take them when it is attended."""
    sources: tuple[BookingSource, ...] = ()
    """Empty: it is not paid with units."""
    payment: BookingPayment | None = None
    terms: CancellationTerms
    """Of the business, for what is not paid with units."""
    policy_version: int
    occurrence: Occurrence | None = None
    by: By
    entered_by: StaffId | None = None
    external_ref: ExternalRef | None = None


class BookingConfirmed(Fact):
    stored_name: ClassVar = "booking.confirmed"
    entered_by: StaffId | None = None


class BookingRescheduled(Fact):
    stored_name: ClassVar = "booking.rescheduled"
    starts_at: Moment
    previous: Moment
    sources: tuple[BookingSource, ...] = ()
    measured_from: Moment
    entered_by: StaffId | None = None


class BookingSourcesChanged(Fact):
    """Other units pay for it than before: some were used for it later, or went back by hand."""

    stored_name: ClassVar = "booking.sources_changed"
    sources: tuple[BookingSource, ...]
    """All of them, from now on."""
    redemption_id: RedemptionId | None = None
    terms: CancellationTerms
    """Of the business, for what is not paid with units, as in `booking.made`."""
    policy_version: int
    measured_from: Moment
    why: SourcesWhy
    entered_by: StaffId | None = None


class AttendanceMarked(Fact):
    stored_name: ClassVar = "booking.attendance_marked"
    attendance: Attendance
    outcomes: tuple[BookingOutcome, ...] = ()
    """Of a no-show."""
    entered_by: StaffId | None = None


class BookingCompleted(Fact):
    stored_name: ClassVar = "booking.completed"
    entered_by: StaffId | None = None


class BookingCancelled(Fact):
    stored_name: ClassVar = "booking.cancelled"
    by: By
    in_time: bool
    free_until: Moment
    notice_minutes: int
    """From the cancellation to the start that notice is measured from; below zero after it."""
    policy_version: int
    """Of the business, when it was booked."""
    outcomes: tuple[BookingOutcome, ...] = ()
    reason: TextRef | None = None
    entered_by: StaffId | None = None


BookingFact = (
    BookingMade
    | BookingConfirmed
    | BookingRescheduled
    | BookingSourcesChanged
    | AttendanceMarked
    | BookingCompleted
    | BookingCancelled
)
FACTS: tuple[type[Fact], ...] = (
    BookingMade,
    BookingConfirmed,
    BookingRescheduled,
    BookingSourcesChanged,
    AttendanceMarked,
    BookingCompleted,
    BookingCancelled,
)

# State


@dataclass(frozen=True)
class Booking:
    customer_id: str
    service_id: str
    participant_id: str
    staff_id: str | None
    location_id: str | None
    starts_at: datetime
    time_zone: str
    quantity: int
    deduct: Deduct
    redemption_id: str | None
    sources: tuple[BookingSource, ...]
    terms: CancellationTerms
    policy_version: int
    measured_from: datetime
    paid: int = 0
    """Otherwise than with units; minor units."""
    status: Status = "pending"
    attendance: Attendance | None = None

    @property
    def free_until(self) -> datetime:
        """The last moment at which a cancellation is in time for every source, else by the business's terms."""
        if self.sources:
            return min(source.free_until for source in self.sources)
        return self.measured_from - timedelta(hours=self.terms.notice_hours)

    @property
    def is_over(self) -> bool:
        """Whether it did not take place, and what became of its units is settled."""
        return self.status == "cancelled" or self.attendance == "no_show"

    @property
    def packages(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(source.package_id for source in self.sources))

    def session(self, booking_id: str) -> Session:
        return Session(
            booking_id, self.service_id, self.participant_id, self.starts_at, self.staff_id, self.location_id
        )


def evolve(state: Booking | None, fact: BookingFact) -> Booking:
    if isinstance(fact, BookingMade):
        return _made(fact)
    assert state is not None, "a booking begins with booking.made"
    match fact:
        case BookingConfirmed():
            return changed(state, status="confirmed")
        case BookingRescheduled():
            moved = {"starts_at": fact.starts_at, "measured_from": fact.measured_from}
            return changed(state, sources=fact.sources, **moved)
        case BookingSourcesChanged():
            return changed(state, sources=fact.sources, redemption_id=fact.redemption_id)
        case AttendanceMarked():
            status = "completed" if fact.attendance == "no_show" else "confirmed"
            return changed(state, attendance=fact.attendance, status=status)
        case BookingCompleted():
            return changed(state, status="completed")
        case BookingCancelled():
            return changed(state, status="cancelled")
        case _:
            assert_never(fact)


def _made(fact: BookingMade) -> Booking:
    return Booking(
        customer_id=fact.customer_id,
        service_id=fact.service_id,
        participant_id=fact.participant_id,
        staff_id=fact.staff_id,
        location_id=fact.location_id,
        starts_at=fact.starts_at,
        time_zone=fact.time_zone,
        quantity=fact.quantity,
        deduct=fact.deduct,
        redemption_id=fact.redemption_id,
        sources=fact.sources,
        terms=fact.terms,
        policy_version=fact.policy_version,
        measured_from=fact.starts_at,
        paid=fact.payment.amount if fact.payment else 0,
    )


# Commands


class NewBooking(Value):
    """The ids made for one booking: its own, and that of the redemption which may take its units."""

    booking_id: BookingId
    redemption_id: RedemptionId


class MakeBooking(Value):
    """One booking, or a series of them a week apart: `bookings` has the ids of each, in order."""

    bookings: Annotated[tuple[NewBooking, ...], Field(min_length=1, max_length=OCCURRENCES_MAX)]
    customer_id: CustomerId
    service_id: ServiceId
    starts_at: Moment
    participant_id: ParticipantId | None = None
    staff_id: StaffId | None = None
    location_id: LocationId | None = None
    package_id: PackageId | None = None
    quantity: Quantity = 1
    payment: Money | None = None
    payment_method: PaymentMethod | None = None
    external_ref: ExternalRef | None = None


class ConfirmBooking(Value):
    booking_id: BookingId


class RescheduleBooking(Value):
    booking_id: BookingId
    starts_at: Moment


class MarkAttendance(Value):
    booking_id: BookingId
    attendance: Attendance


class CompleteBooking(Value):
    booking_id: BookingId


class CancelBooking(Value):
    booking_id: BookingId
    by: By = "customer"
    override: Literal["restore", "forfeit"] | None = None
    reason: Wording | None = None


BookingCommand = ConfirmBooking | RescheduleBooking | MarkAttendance | CompleteBooking | CancelBooking
"""The commands that concern one booking."""
