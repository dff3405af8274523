"""Bodies that use units and give them back."""

from domain.moments import DayOrMoment, Moment
from domain.values import (
    BookingId,
    LineNumber,
    LocationId,
    ParticipantId,
    Quantity,
    RedemptionId,
    ServiceId,
    StaffId,
    Value,
)


class RedemptionBody(Value):
    id: RedemptionId | None = None
    service_id: ServiceId
    quantity: Quantity = 1
    """If absent, that of the booking if one is named, else 1."""
    participant_id: ParticipantId | None = None
    booking_id: BookingId | None = None
    session_at: Moment | None = None
    """The start of the session, if it is not the moment of entry."""
    staff_id: StaffId | None = None
    location_id: LocationId | None = None
    effective_at: DayOrMoment | None = None
    line: LineNumber | None = None
