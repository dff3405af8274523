"""The facts of a booking, and of the units that pay for it."""

from datetime import datetime, timedelta
from typing import ClassVar, Literal, get_args

from domain.business.facts import Deduct
from domain.business.reasons import ReasonedFact
from domain.fact import Fact
from domain.moments import Moment
from domain.values import (
    Amount,
    BookingId,
    CancellationTerms,
    Currency,
    CustomerId,
    ExternalRef,
    LineNumber,
    LocationId,
    PackageId,
    ParticipantId,
    PaymentId,
    PaymentMethod,
    PositiveAmount,
    Quantity,
    RedemptionId,
    ServiceId,
    StaffId,
    TextRef,
    Value,
)

OCCURRENCES_MAX = 52
"""Bookings of one series: a year of weeks."""

Status = Literal["pending", "confirmed", "completed", "cancelled"]
Attendance = Literal["attended", "late", "no_show"]
By = Literal["customer", "business"]
Unusable = Literal["package-expired", "package-cancelled"]
"""Why units that went back cannot be used again."""
SourcesWhy = Literal["used", "restored", "corrected", "package_cancelled"]


class BookingSource(Value):
    """Units of one line of one package that pay for a booking."""

    package_id: PackageId
    line: LineNumber
    quantity: Quantity
    terms: CancellationTerms
    """The terms in force when it was booked."""
    policy_version: int | None = None
    """The version of the business's policies that set the terms; None: an offer set them."""
    measured_from: Moment
    """The start that notice is measured from; moving a booking inside the notice period keeps an earlier one."""

    @property
    def free_until(self) -> datetime:
        """The last moment at which a cancellation is in time."""
        return self.measured_from - timedelta(hours=self.terms.notice_hours)


class BookingOutcome(Value):
    """The outcome for the units of one source, and its reasons."""

    package_id: PackageId
    line: LineNumber
    quantity: Quantity
    terms: CancellationTerms
    policy_version: int | None = None
    free_until: Moment
    in_time: bool
    """Whether notice was given in time; False for a no-show."""
    outcome: Literal["restored", "forfeited", "none"]
    """none: no units were left, because the package ended or they were given back by hand."""
    unusable: Unusable | None = None
    overridden: bool = False
    """Whether staff decided against the terms, at once or later."""


class SharedPayment(Value):
    """A payment for a whole series, of which each booking has its share."""

    payment_id: PaymentId
    """That of the first share. Points are earned under it, once for the whole amount."""
    amount: PositiveAmount
    """Of the whole series."""
    before: Amount
    """The shares of the bookings before this one together."""


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
    """The redemption that took its units, or takes them at attendance."""
    sources: tuple[BookingSource, ...] = ()
    """Empty: it is not paid with units."""
    price: Amount | None = None
    """The service's list price × quantity, in minor units; None: it had no list price."""
    terms: CancellationTerms
    """The business's terms, for what is not paid with units."""
    policy_version: int
    occurrence: Occurrence | None = None
    made_at: Moment
    by: By
    external_ref: ExternalRef | None = None


class BookingPaymentRecorded(Fact):
    """A payment for a booking in money, instead of units or beside them. Amounts in minor units."""

    stored_name: ClassVar = "booking.payment_recorded"
    effective_at: Moment
    payment_id: PaymentId
    amount: PositiveAmount
    currency: Currency
    method: PaymentMethod
    price: Amount | None = None
    """The price of the booking from now on; None: nobody named one."""
    paid: Amount
    """All payments less refunds, this one included."""
    shared: SharedPayment | None = None
    """The payment for the series that this is a share of."""
    external_ref: ExternalRef | None = None


class BookingPaymentRefunded(Fact, ReasonedFact):
    stored_name: ClassVar = "booking.payment_refunded"
    effective_at: Moment
    payment_id: PaymentId
    amount: PositiveAmount
    currency: Currency
    method: PaymentMethod
    paid: Amount
    reason: TextRef


class BookingConfirmed(Fact):
    stored_name: ClassVar = "booking.confirmed"


class BookingRescheduled(Fact):
    stored_name: ClassVar = "booking.rescheduled"
    starts_at: Moment
    previous: Moment
    sources: tuple[BookingSource, ...] = ()
    measured_from: Moment


class BookingSourcesChanged(Fact):
    """The units that pay for the booking changed: some were used for it later, or some went back."""

    stored_name: ClassVar = "booking.sources_changed"
    sources: tuple[BookingSource, ...]
    """All sources from now on."""
    redemption_id: RedemptionId | None = None
    terms: CancellationTerms
    """The business's terms, as in `booking.made`."""
    policy_version: int
    measured_from: Moment
    why: SourcesWhy


class OutcomesChanged(Fact):
    """Forfeited units of a booking that did not take place went back, by hand or by a correction."""

    stored_name: ClassVar = "booking.outcomes_changed"
    outcomes: tuple[BookingOutcome, ...]
    """All outcomes from now on."""
    why: SourcesWhy


class AttendanceMarked(Fact):
    stored_name: ClassVar = "booking.attendance_marked"
    attendance: Attendance
    previous: Attendance | None = None
    """The mark that this one corrects."""
    marked_at: Moment
    outcomes: tuple[BookingOutcome, ...] = ()
    """Only of a no-show."""
    refund_due: bool = False
    """Whether what was paid in money is to be refunded; only of a no-show."""
    reason: TextRef | None = None


class BookingCompleted(Fact):
    stored_name: ClassVar = "booking.completed"


class BookingCancelled(Fact, ReasonedFact):
    stored_name: ClassVar = "booking.cancelled"
    by: By
    in_time: bool
    free_until: Moment
    notice_minutes: int
    """Minutes from the cancellation to the start that notice is measured from; below zero after it."""
    policy_version: int
    """The business's, when it was booked."""
    outcomes: tuple[BookingOutcome, ...] = ()
    refund_due: bool
    """Whether what was paid in money is to be refunded."""
    reason: TextRef | None = None


MoneyFact = BookingPaymentRecorded | BookingPaymentRefunded
BookingFact = (
    BookingMade
    | MoneyFact
    | BookingConfirmed
    | BookingRescheduled
    | BookingSourcesChanged
    | OutcomesChanged
    | AttendanceMarked
    | BookingCompleted
    | BookingCancelled
)
FACTS: tuple[type[Fact], ...] = get_args(BookingFact)
