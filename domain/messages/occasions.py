"""Occasions: the start of a booking comes near, or a day of life returns. No fact asks for these messages."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Literal, TypeAlias

from domain.booking.state import Booking
from domain.moments import local_day
from domain.people.birthdays import returns_on
from domain.zone_rules import zone as rules_of

GREETED_FROM = time(9)
"""The time of day, in the zone of the business, from which customers are greeted."""
WhyNoSession: TypeAlias = Literal["cancelled", "rescheduled", "begun"]


def reminded_at(starts_at: datetime, lead_hours: int) -> datetime:
    """When the customer is to be reminded of a session."""
    return starts_at - timedelta(hours=lead_hours)


def why_no_session(booking: Booking, starts_at: datetime, now: datetime) -> WhyNoSession | None:
    """None: the customer may be reminded that this booking starts at that moment."""
    if booking.status == "cancelled":
        return "cancelled"
    if booking.starts_at != starts_at:
        return "rescheduled"
    over = booking.status == "completed" or booking.attendance is not None
    return "begun" if over or now >= starts_at else None


def greeted_at(day: date, zone: str) -> datetime:
    """From when on customers are greeted on a day."""
    return datetime.combine(day, GREETED_FROM, rules_of(zone)).astimezone(UTC)


def is_today(day_of_life: date | None, year: int, now: datetime, zone: str) -> bool:
    """Whether a day of life returns now, in this year of the zone. A greeting a day late is none."""
    return day_of_life is not None and returns_on(day_of_life, year) == local_day(now, zone)
