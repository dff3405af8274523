"""Refusals by the state of a booking."""

from dataclasses import dataclass
from datetime import datetime

from domain.moments import rfc3339
from domain.refusals.refused import Refused


@dataclass(eq=False)
class WrongBookingState(Refused):
    code = "booking-state"
    booking_status: str
    """Or its attendance, where that is the obstacle."""
    wanted: str
    redemption_id: str | None = None
    """The redemption that pays for it, where that is the obstacle."""

    def sentence(self) -> str:
        return f"a booking that is {self.booking_status} cannot be {self.wanted}"


@dataclass(eq=False)
class AttendanceNotOpen(Refused):
    """It is too early to say that somebody attended."""

    code = "booking-state"
    booking_status: str
    wanted: str
    opens_at: datetime

    def sentence(self) -> str:
        return (
            f"a booking that is {self.booking_status} can be {self.wanted} from {rfc3339(self.opens_at)} on"
        )
