"""Commands on bookings."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from domain.booking.facts import OCCURRENCES_MAX, Attendance, By
from domain.business.reasons import ReasonedCommand, ReasonGroup
from domain.moments import DayOrMoment, Moment
from domain.package.commands import NewPayment
from domain.values import (
    BookingId,
    CustomerId,
    ExternalRef,
    LocationId,
    Money,
    PackageId,
    ParticipantId,
    PaymentId,
    Quantity,
    RedemptionId,
    ServiceId,
    StaffId,
    Value,
    Wording,
)


class NewBooking(Value):
    """The ids made for one booking: its own, and that of the redemption that may take its units."""

    booking_id: BookingId
    redemption_id: RedemptionId


class MakeBooking(Value):
    """One booking, or a weekly series; `bookings` has the ids of each, in order."""

    bookings: Annotated[tuple[NewBooking, ...], Field(min_length=1, max_length=OCCURRENCES_MAX)]
    customer_id: CustomerId
    service_id: ServiceId
    starts_at: Moment
    participant_id: ParticipantId | None = None
    staff_id: StaffId | None = None
    location_id: LocationId | None = None
    package_id: PackageId | None = None
    quantity: Quantity = 1
    payment: NewPayment | None = None
    """In money; of a series, for all its bookings together."""
    shares: tuple[PaymentId, ...] = ()
    """Ids for the shares of the payment that the second booking of a series and the later ones get."""
    price: Money | None = None
    """What all of it costs, where that is not the list price × quantity of each booking."""
    external_ref: ExternalRef | None = None


class OnBooking(Value):
    """A command on one booking, which it names."""

    booking_id: BookingId


class ConfirmBooking(OnBooking):
    """From the desk, on a pending booking."""


class RescheduleBooking(OnBooking):
    starts_at: Moment


class MarkAttendance(OnBooking):
    """A first mark, or one that corrects another."""

    attendance: Attendance
    reason: Wording | None = None


class CompleteBooking(OnBooking):
    """From the desk, once the session is over."""


class RecordBookingPayment(OnBooking):
    payment: NewPayment
    price: Money | None = None
    """What the booking costs from now on; None: as before."""
    effective_at: DayOrMoment | None = None


class CancelBooking(OnBooking, ReasonedCommand):
    reason_group: ClassVar[ReasonGroup] = "booking_cancellation"
    by: By = "customer"
    override: Literal["restore", "forfeit"] | None = None
    reason: Wording | None = None
