"""What is sent to make a booking and to change one."""

from typing import Annotated, Literal

from pydantic import Field

from api.http.parsing import Price
from domain.booking.facts import OCCURRENCES_MAX, Attendance, By
from domain.moments import Moment
from domain.values import (
    BookingId,
    CustomerId,
    ExternalRef,
    LocationId,
    LongText,
    PackageId,
    ParticipantId,
    PaymentMethod,
    Quantity,
    ServiceId,
    StaffId,
    Value,
)


class BookingPaymentBody(Value):
    """What was paid otherwise than with units."""

    amount: Price
    method: PaymentMethod


class RepeatBody(Value):
    """A series: the same local time every week, each booking with units of its own."""

    every: Literal["week"]
    count: Annotated[int, Field(ge=2, le=OCCURRENCES_MAX)]


class BookingBody(Value):
    id: BookingId | None = None
    """Of the first one, where it repeats."""
    customer_id: CustomerId
    service_id: ServiceId
    starts_at: Moment
    participant_id: ParticipantId | None = None
    """Who it is for; the customer in person, or the only one that the chosen package is for."""
    staff_id: StaffId | None = None
    location_id: LocationId | None = None
    package_id: PackageId | None = None
    """Chosen by the rule when it is left out; then a booking for which there are no units is made without."""
    quantity: Quantity = 1
    payment: BookingPaymentBody | None = None
    """Paid otherwise: without a package_id it takes no units then."""
    repeat: RepeatBody | None = None
    external_ref: ExternalRef | None = None


class ReschedulingBody(Value):
    starts_at: Moment
    """Its units must be valid then."""


class AttendanceBody(Value):
    attendance: Attendance


class BookingCancellationBody(Value):
    by: By = "customer"
    """What the business cancels always goes back."""
    override: Literal["restore", "forfeit"] | None = None
    """What becomes of the units whatever the rules say; needs a reason."""
    reason: LongText | None = None
