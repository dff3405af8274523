"""The constrained types that requests, facts and read models share, each defined once.

Every read model can store any value that passes here: text without NUL, integers below 2⁵³, days between
1970 and 2200, moments in UTC at whole milliseconds (invariant 14 of domain.md).
"""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from domain.currency import in_use
from domain.text import name_of_person, name_of_thing, reference, source_and_reference

AMOUNT_MAX = 10**12
"""The largest amount of money in one value, in minor units."""

RECORDED_AT = "{recorded_at}"
"""The value of a member `…_at` of an answer, in place of the moment that the append will record."""
_MEMBER = '_at":"'
"""The end of a member's name in JSON, and the beginning of its value. No text holds it: quotes inside a text stand
behind a backslash."""

UNITS_PER_LINE_MAX = 1_000
LINES_MAX = 50
UNITS_PER_PACKAGE_MAX = 5_000


def with_moment(answer: str, moment: str) -> str:
    """An answer as compact JSON, with the recorded moment (RFC 3339, UTC, ms) wherever RECORDED_AT stands for it."""
    return answer.replace(_MEMBER + RECORDED_AT, _MEMBER + moment)


class Value(BaseModel):
    """A part of a fact or of a request: immutable, compared by its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Without what a `cached_property` has worked out of the fields."""
        copied = super().model_copy(update=update, deep=deep)
        for name in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[name]
        return copied


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
TransferId = Annotated[str, _id("trf")]
ImportId = Annotated[str, _id("imp")]
PlanId = Annotated[str, _id("pln")]
MembershipId = Annotated[str, _id("mem")]
TopUpId = Annotated[str, _id("top")]
AttemptId = Annotated[str, _id("tua")]
PointsId = Annotated[str, _id("pts")]
TextId = Annotated[str, _id("txt")]
PhotoId = Annotated[str, _id("pho")]


_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def _printable(text: str) -> str:
    """Raises ValueError for control characters, lone surrogates and blank text."""
    if text.isprintable() and text.strip():  # as nearly all are
        return text
    if (found := _UNPRINTABLE.search(text)) is not None:
        raise ValueError(f"holds the character U+{ord(found[0]):04X}")
    if not text.strip():
        raise ValueError("is blank")
    return text


def in_form(form: Callable[[str], str]) -> BeforeValidator:
    """Brings a text into its one form before its length is judged."""

    def formed(given: Any) -> Any:
        return form(given) if isinstance(given, str) else given

    return BeforeValidator(formed)


def as_stored(kind: type[Value]) -> AfterValidator:
    """Makes what a body's form of a part says into the part as facts hold it."""
    return AfterValidator(
        lambda given: kind(**{name: getattr(given, name) for name in given.model_fields_set})
    )


# As requests and files give them

ThingName = Annotated[str, StringConstraints(min_length=1, max_length=200), in_form(name_of_thing)]
PersonName = Annotated[str, StringConstraints(min_length=1, max_length=200), in_form(name_of_person)]
CategoryName = Annotated[str, StringConstraints(min_length=1, max_length=50), in_form(name_of_thing)]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=100), in_form(reference)]
SourceAndReference = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9A-Za-z._-]{1,50}:.{1,100}$"),
    in_form(source_and_reference),
]
"""`source:ref`, as lists are filtered by it."""

# As facts hold them: what was entered before there was one form stays as it was sent

Name = Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_printable)]
LongText = Annotated[str, StringConstraints(min_length=1, max_length=2_000), AfterValidator(_printable)]
Category = Annotated[str, StringConstraints(min_length=1, max_length=50), AfterValidator(_printable)]
"""A group of customers: VIP, Regular, New …"""


class TextRef(Value):
    """A fact's reference to a free text in the directory: its id and SHA-256(salt ‖ text), hex."""

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


SourceName = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z._-]{1,50}$")]
"""The name of another system."""


class ExternalRef(Value):
    """The name of a thing in another system: unique per source among things of its kind."""

    source: SourceName
    ref: Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(_printable)]

    def __str__(self) -> str:
        return f"{self.source}:{self.ref}"


class ExternalRefBody(ExternalRef):
    """The reference of a request: in its one form."""

    ref: Reference


GivenRef = Annotated[ExternalRefBody, as_stored(ExternalRef)]


Quantity = Annotated[int, Field(ge=1, le=UNITS_PER_LINE_MAX)]
LineNumber = Annotated[int, Field(ge=1, le=LINES_MAX)]
UnitNumber = Annotated[int, Field(ge=1, le=UNITS_PER_LINE_MAX)]
Amount = Annotated[int, Field(ge=0, le=AMOUNT_MAX)]
PositiveAmount = Annotated[int, Field(ge=1, le=AMOUNT_MAX)]
BasisPoints = Annotated[int, Field(ge=0, le=10_000)]
LocaleName = Annotated[
    str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$", max_length=12)
]
"""BCP 47: a language, maybe a script and a region, such as hu-HU or zh-Hant-TW."""
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
CurrencyInUse = Annotated[Currency, AfterValidator(in_use)]
"""What books can be opened in."""


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


def ref_of(wording: Wording | None) -> TextRef | None:
    return None if wording is None else wording.ref
