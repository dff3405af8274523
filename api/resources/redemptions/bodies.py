"""What is sent to use units and to give them back."""

from domain.moments import DayOrMoment, Moment
from domain.values import (
    BookingId,
    LineNumber,
    LocationId,
    LongText,
    PackageId,
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
    participant_id: ParticipantId | None = None
    booking_id: BookingId | None = None
    session_at: Moment | None = None
    """When the session starts, where that is not when it is entered."""
    staff_id: StaffId | None = None
    location_id: LocationId | None = None
    effective_at: DayOrMoment | None = None
    line: LineNumber | None = None


class RestorationBody(Value):
    quantity: Quantity | None = None
    """All that is left of the redemption when it is left out."""
    package_id: PackageId | None = None
    """Only what came from this package."""
    reason: LongText | None = None
