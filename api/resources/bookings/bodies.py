"""Bodies that make a booking or change one."""

from typing import Annotated, Literal

from pydantic import Field

from api.resources.payments.bodies import BookingPaymentBody
from domain.booking.facts import OCCURRENCES_MAX
from domain.moments import Moment
from domain.values import (
    BookingId,
    CustomerId,
    GivenRef,
    LocationId,
    PackageId,
    ParticipantId,
    Quantity,
    ServiceId,
    StaffId,
    Value,
)


class RepeatBody(Value):
    """A series: the same local time every week, each booking with units of its own."""

    every: Literal["week"]
    count: Annotated[int, Field(ge=2, le=OCCURRENCES_MAX)]


class BookingBody(Value):
    id: BookingId | None = None
    """The id of the first booking, if it repeats."""
    customer_id: CustomerId
    service_id: ServiceId
    starts_at: Moment
    participant_id: ParticipantId | None = None
    """If absent, the customer in person, or the only beneficiary of the chosen package."""
    staff_id: StaffId | None = None
    location_id: LocationId | None = None
    package_id: PackageId | None = None
    """If absent, chosen by the rule; a booking for which there are no units is then made without."""
    quantity: Quantity = 1
    payment: BookingPaymentBody | None = None
    """Other than with units: without a package_id the booking then takes none. Of a series, for all of it."""
    repeat: RepeatBody | None = None
    external_ref: GivenRef | None = None
