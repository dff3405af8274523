"""Moments that are typed as a day and a time on the clock of a place."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo


def moment_of(day: str, clock: str, zone: str) -> str:
    """2026-03-02 and 09:30 at Europe/Budapest as 2026-03-02T08:30:00Z.

    A time that the clock shows twice is the earlier one, a time that it leaps over is as late after the leap. What is
    no day or no time is put together as it is, for the API to refuse.
    """
    try:
        there = datetime.combine(date.fromisoformat(day), time.fromisoformat(clock), ZoneInfo(zone))
        return there.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):
        return f"{day}T{clock}"


def is_skipped(moment: str, day: str, clock: str, zone: str) -> bool:
    """Whether the clocks of the zone went forward over this day and time, of which `moment_of` made the moment."""
    there = datetime.fromisoformat(moment).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return there != datetime.combine(date.fromisoformat(day), time.fromisoformat(clock))
