"""What is said on an occasion: before a session, and on a birthday or a wedding day."""

from babel.dates import format_time

from api.outbound.letters import Letter, day, letter
from api.outbound.wording import WORDING
from domain.booking.state import Booking
from domain.business.state import Business
from domain.messages.asked import OccasionKind
from domain.moments import local_day
from domain.zone_rules import zone as rules_of


def session_letter(
    language: str, business: Business, booking: Booking, service: str, participant: str | None, name: str
) -> Letter:
    """The letter before a session. `participant`: who it is for, where that is not the customer."""
    words = WORDING[language]
    on = day(local_day(booking.starts_at, booking.time_zone), language)
    at = format_time(booking.starts_at.astimezone(rules_of(booking.time_zone)), "short", locale=language)
    rows = [(words.session, service), (words.starts_at, f"{on}, {at}")]
    if participant is not None:
        rows.append((words.participant, participant))
    location = business.locations.get(booking.location_id or "")
    if location is not None:
        place = location.name if location.address is None else f"{location.name}, {location.address}"
        rows.append((words.location, place))
    return letter("session_reminder", language, business, name, rows, note=words.by_consent)


def greeting(kind: OccasionKind, language: str, business: Business, name: str) -> Letter:
    """The wishes of a birthday or a wedding day."""
    return letter(kind, language, business, name, (), note=WORDING[language].by_consent)
