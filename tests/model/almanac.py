"""Days and moments by plain arithmetic: moments are whole milliseconds since 1970, days are dates.

Written apart from `domain/`: the first moment of a day is searched for instead of computed, and a month's
last day is found by trying until a day exists.
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

FIRST, LAST = date(1970, 1, 1), date(2200, 12, 31)
"""The days the books know."""
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def moment_of(milliseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)


def day_at(milliseconds: int, zone: str) -> date:
    """What the calendar on the wall shows."""
    return moment_of(milliseconds).astimezone(ZoneInfo(zone)).date()


@lru_cache(maxsize=10_000)
def first_moment(day: date, zone: str) -> int:
    """The first minute that the wall's calendar shows that day."""
    early = (day.toordinal() - date(1970, 1, 1).toordinal() - 1) * DAY // MINUTE
    late = early + 3 * DAY // MINUTE
    while early < late:
        middle = (early + late) // 2
        if day_at(middle * MINUTE, zone) >= day:
            late = middle
        else:
            early = middle + 1
    return early * MINUTE


def later(day: date, count: int, unit: str) -> date:
    """The day so many days, weeks, months or years later; a day that does not exist is the month's last."""
    if unit in ("days", "weeks"):
        ordinal = day.toordinal() + count * (7 if unit == "weeks" else 1)
        return date.fromordinal(min(ordinal, LAST.toordinal()))
    month = day.month - 1 + count * (12 if unit == "years" else 1)
    year, month = day.year + month // 12, month % 12 + 1
    if year > LAST.year:
        return LAST
    for number in (day.day, 30, 29, 28):
        try:
            return date(year, month, min(number, day.day))
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def moved(day: date, days: int) -> date:
    return date.fromordinal(min(day.toordinal() + days, LAST.toordinal()))


def text_of(milliseconds: int) -> str:
    """`2026-10-03T08:00:00.000Z`."""
    seconds, rest = divmod(milliseconds, 1000)
    whole = moment_of(seconds * 1000).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{whole}.{rest:03d}Z"
