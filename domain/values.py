"""The constrained types that requests, facts and read models share: one definition of each value.

Whatever passes here can be stored by every read model: text without NUL, integers below 2⁵³,
dates between 1970 and 2200, moments in UTC at whole milliseconds (invariant 14 of domain.md).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import Annotated, Any, Literal, cast
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    StringConstraints,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

FIRST_DAY = date(1970, 1, 1)
LAST_DAY = date(2200, 12, 31)
FIRST_BIRTHDAY = date(1880, 1, 1)
AMOUNT_MAX = 10**12
"""The largest amount of money in one value, in minor units."""
RECORDED_AT = "{recorded_at}"
"""The mark in an answer that the append replaces by the moment it recorded (RFC 3339, UTC, ms)."""
UNITS_PER_LINE_MAX = 1_000
LINES_MAX = 50
UNITS_PER_PACKAGE_MAX = 5_000


class Value(BaseModel):
    """A part of a fact or of a request: compared by what it holds, never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


# Ids: a readable prefix and up to 40 letters, digits, hyphens or underscores.


def _id(prefix: str) -> StringConstraints:
    return StringConstraints(pattern=rf"^{prefix}_[0-9A-Za-z_-]{{1,40}}$")


BusinessId = Annotated[str, _id("biz")]
LocationId = Annotated[str, _id("loc")]
SegmentId = Annotated[str, _id("seg")]
StaffId = Annotated[str, _id("stf")]
ServiceId = Annotated[str, _id("svc")]
OfferId = Annotated[str, _id("off")]
CustomerId = Annotated[str, _id("cus")]
ParticipantId = Annotated[str, _id("par")]
PackageId = Annotated[str, _id("pkg")]
RedemptionId = Annotated[str, _id("red")]
PaymentId = Annotated[str, _id("pay")]
BookingId = Annotated[str, _id("bkg")]
PointsId = Annotated[str, _id("pts")]
TextId = Annotated[str, _id("txt")]
PhotoId = Annotated[str, _id("pho")]


# Text


def _printable(text: str) -> str:
    """Refuse what no desk types and some store cannot hold: control characters and lone surrogates."""
    for character in text:
        code = ord(character)
        if (code < 32 and character not in "\n\t") or code == 127 or 0xD800 <= code <= 0xDFFF:
            raise ValueError(f"holds the character U+{code:04X}")
    if not text.strip():
        raise ValueError("is blank")
    if RECORDED_AT in text:
        raise ValueError(f"holds {RECORDED_AT}, which stands for a moment in answers")
    return text


Name = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_printable)]
LongText = Annotated[str, StringConstraints(min_length=1, max_length=2_000), AfterValidator(_printable)]
Category = Annotated[str, StringConstraints(min_length=1, max_length=50), AfterValidator(_printable)]
"""What a business sorts its customers into: VIP, Regular, New …"""


class TextRef(Value):
    """A fact's hold on a free text in the directory: its id and SHA-256(salt ‖ text), hex."""

    id: TextId
    commitment: str


class Wording(Value):
    """Free text on its way into the directory: a reason or a note, with its id and its salt."""

    id: TextId
    salt: bytes
    text: LongText

    @property
    def ref(self) -> TextRef:
        return TextRef(id=self.id, commitment=sha256(self.salt + self.text.encode()).hexdigest())


class ExternalRef(Value):
    """The name of a thing in another system: unique per source among things of its kind."""

    source: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z._-]{1,50}$")]
    ref: Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(_printable)]

    def __str__(self) -> str:
        return f"{self.source}:{self.ref}"


# Numbers and money

Quantity = Annotated[int, Field(ge=1, le=UNITS_PER_LINE_MAX)]
LineNumber = Annotated[int, Field(ge=1, le=LINES_MAX)]
UnitNumber = Annotated[int, Field(ge=1, le=UNITS_PER_LINE_MAX)]
Amount = Annotated[int, Field(ge=0, le=AMOUNT_MAX)]
PositiveAmount = Annotated[int, Field(ge=1, le=AMOUNT_MAX)]
BasisPoints = Annotated[int, Field(ge=0, le=10_000)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class Money(Value):
    """Minor units of an ISO 4217 currency; never a float."""

    amount: Amount
    currency: Currency


class PaymentMethod(StrEnum):
    CASH = "cash"
    CARD = "card"
    TRANSFER = "transfer"
    ONLINE = "online"
    GIFT = "gift"
    EXTERNAL = "external"
    OTHER = "other"


class CancellationTerms(Value):
    """What a customer may expect who cancels: in time means at least `notice_hours` before the start."""

    notice_hours: Annotated[int, Field(ge=0, le=24 * 60)]
    late: Literal["forfeit", "restore"]
    text: LongText | None = None


# Days and moments

CALCULATED = 4096
"""How many calculations with moments are remembered: a command asks for the same ones many times, and for those of its
package as the command before it did. Moments are in UTC, where two are equal only if they are the same."""

ZONES = frozenset(available_timezones())
"""Asked for once: it walks the whole time zone database."""


def _known_zone(name: str) -> str:
    if name not in ZONES:
        raise ValueError("is not an IANA time zone")
    return name


@dataclass(frozen=True)
class _Written:
    """How JSON must write a day or a moment: pydantic would also read a number in quotes, as seconds."""

    pattern: str
    format: str
    """The name of that form in JSON Schema."""

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
    if FIRST_DAY.year - 1 <= moment.year <= LAST_DAY.year + 1:
        moment = moment.astimezone(UTC)
    if not FIRST_DAY <= moment.date() <= LAST_DAY:
        raise ValueError(f"must lie between {FIRST_DAY} and {LAST_DAY}")
    return whole_milliseconds(moment)


def whole_milliseconds(moment: datetime) -> datetime:
    """The moment as facts keep it: what is decided on it can be read in them."""
    whole = moment.microsecond // 1000 * 1000
    return moment if moment.microsecond == whole else moment.replace(microsecond=whole)


@lru_cache(maxsize=CALCULATED)
def rfc3339(moment: datetime) -> str:
    """`2026-10-03T08:00:00.000Z`: how every moment is written, in facts and in answers."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds")[: -len("+00:00")] + "Z"


@lru_cache(maxsize=CALCULATED)
def from_milliseconds(milliseconds: int) -> datetime:
    """A stored `recorded_at` as a moment; exact, without floats."""
    seconds, rest = divmod(milliseconds, 1000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1000)


TimeZone = Annotated[str, AfterValidator(_known_zone)]
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
    """The first moment of a local day, in UTC; where midnight is skipped, the moment the clock jumps to."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


@lru_cache(maxsize=CALCULATED)
def local_day(moment: datetime, zone: str) -> date:
    return moment.astimezone(ZoneInfo(zone)).date()


def as_moment(given: date | datetime, zone: str) -> datetime:
    """What a request's day or moment means in the business's time zone."""
    return given if isinstance(given, datetime) else start_of(given, zone)


# Who acts


class Role(StrEnum):
    OWNER = "owner"
    MANAGER = "manager"
    STAFF = "staff"
    CUSTOMER = "customer"
    AUDITOR = "auditor"
    INTEGRATION = "integration"


class Actor(Value):
    """Who did it: id and role at that time, how they signed in, and where from."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=50)]
    role: Role
    via: Literal["key", "command line", "system"] = "key"
    device: str | None = None
    location_id: LocationId | None = None

    @property
    def staff_id(self) -> str | None:
        return self.id if self.id.startswith("stf_") else None


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a decision may know of the world: the moment, and who asks. It is always given, never read."""

    now: datetime
    actor: Actor


def ref_of(wording: Wording | None) -> TextRef | None:
    return None if wording is None else wording.ref
