"""Days, moments and time zones: their written form, their bounds, and conversion between them.

Days lie between 1970 and 2200. Moments are in UTC at whole milliseconds, and lie on such a day somewhere on Earth.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any, cast

from pydantic import (
    AfterValidator,
    AwareDatetime,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from domain.zone_rules import place
from domain.zone_rules import zone as rules_of

FIRST_DAY = date(1970, 1, 1)
LAST_DAY = date(2200, 12, 31)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_MOMENT = EPOCH - timedelta(hours=14)
"""The first day begins here in the zone furthest east."""
END_OF_MOMENTS = datetime(2201, 1, 1, tzinfo=UTC) + timedelta(hours=12)
"""The last day ends here in the zone furthest west."""
MILLISECOND = timedelta(milliseconds=1)
"""The resolution of facts."""

FIRST_BIRTHDAY = date(1880, 1, 1)

CALCULATED = 4096
"""Cache size of the calendar functions: one command asks for the same days repeatedly, and so does the next
command on its package. Moments are in UTC, where two are equal only if they are the same."""


@dataclass(frozen=True)
class _Written:
    """The form of a day or a moment in JSON. Without it pydantic also reads a number in quotes, as seconds."""

    pattern: str
    format: str
    """The name of the form in JSON Schema."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        value = handler(source)
        text = core_schema.str_schema(pattern=self.pattern)
        lax = cast(CoreSchema, {**value, "strict": False})
        return core_schema.json_or_python_schema(core_schema.chain_schema([text, lax]), value)

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "format": self.format}


def _bounded_day(day: date) -> date:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"must lie between {FIRST_DAY} and {LAST_DAY}")
    return day


def _bounded_day_of_life(day: date) -> date:
    if not FIRST_BIRTHDAY <= day <= LAST_DAY:
        raise ValueError(f"must lie between {FIRST_BIRTHDAY} and {LAST_DAY}")
    return day


def _utc_milliseconds(moment: datetime) -> datetime:
    # The years first: a moment at the edge of what datetime can hold has no counterpart in UTC.
    if moment.tzinfo is not UTC and FIRST_DAY.year - 1 <= moment.year <= LAST_DAY.year + 1:
        moment = moment.astimezone(UTC)
    if not FIRST_MOMENT <= moment < END_OF_MOMENTS:
        raise ValueError(f"must lie between {FIRST_DAY} and {LAST_DAY}")
    return moment if moment.microsecond % 1000 == 0 else whole_milliseconds(moment)


def whole_milliseconds(moment: datetime) -> datetime:
    """The moment as facts keep it, so that a decision rests on what is stored."""
    whole = moment.microsecond // 1000 * 1000
    return moment if moment.microsecond == whole else moment.replace(microsecond=whole)


@lru_cache(maxsize=CALCULATED)
def rfc3339(moment: datetime) -> str:
    """`2026-10-03T08:00:00.000Z`: the form of every moment, in facts and in answers."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds")[: -len("+00:00")] + "Z"


@lru_cache(maxsize=CALCULATED)
def from_milliseconds(milliseconds: int) -> datetime:
    """A stored `recorded_at` as a moment; exact, without floats."""
    seconds, rest = divmod(milliseconds, 1000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1000)


def to_milliseconds(moment: datetime) -> int:
    """Whole milliseconds since 1970, as stores and cursors keep a moment; exact, without floats."""
    return (moment - EPOCH) // MILLISECOND


TimeZone = Annotated[str, AfterValidator(place)]
Day = Annotated[date, _Written(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "date"), AfterValidator(_bounded_day)]
DayOfLife = Annotated[
    date, _Written(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "date"), AfterValidator(_bounded_day_of_life)
]
"""A birthday or a wedding day, which may lie long before the first day of any books."""
Moment = Annotated[
    AwareDatetime,
    _Written(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T", "date-time"),
    AfterValidator(_utc_milliseconds),
    PlainSerializer(rfc3339, return_type=str, when_used="json"),
]
DayOrMoment = Day | Moment
"""A day stands for its first moment in the business's time zone."""


@lru_cache(maxsize=CALCULATED)
def start_of(day: date, zone: str) -> datetime:
    """The first moment of a local day, in UTC; where midnight is skipped, the moment the clock jumps to.

    Raises UnknownZone.
    """
    return datetime(day.year, day.month, day.day, tzinfo=rules_of(zone)).astimezone(UTC)


@lru_cache(maxsize=CALCULATED)
def local_day(moment: datetime, zone: str) -> date:
    return moment.astimezone(rules_of(zone)).date()


def beyond(given: date | datetime, zone: str) -> datetime:
    """The first moment after a day in that zone, or after a moment: an exclusive upper bound."""
    return given + MILLISECOND if isinstance(given, datetime) else start_of(given + timedelta(days=1), zone)


def end_of(given: date | datetime, zone: str) -> datetime:
    """The last moment of a day in that zone; a moment stands for itself. The only definition of a day's end."""
    return given if isinstance(given, datetime) else beyond(given, zone) - MILLISECOND


AHEAD_OF_UTC, BEHIND_UTC = timedelta(hours=14), timedelta(hours=12)
"""How far the clocks of any place differ from UTC."""


def begins_anywhere(day: date) -> datetime:
    """The first moment at which it is this day, or a later one, at any place of the world."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) - AHEAD_OF_UTC


def over_everywhere(day: date) -> datetime:
    """The first moment at which this day is over at every place of the world."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1) + BEHIND_UTC


def as_moment(given: date | datetime, zone: str) -> datetime:
    """The first moment of a day in that zone; a moment stands for itself."""
    return given if isinstance(given, datetime) else start_of(given, zone)
