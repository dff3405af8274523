"""The facts of a business: its terms, its locations, its segments of customers."""

from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import Field

from domain.business.customer_filters import CustomerFilters
from domain.business.message_terms import MessageChannels, MessageDays, SessionReminderHours
from domain.business.reasons import ReasonCode, ReasonGroup
from domain.fact import Fact
from domain.values import (
    CancellationTerms,
    Category,
    Currency,
    LocaleName,
    LocationId,
    LongText,
    Name,
    PositiveAmount,
    Quantity,
    SegmentId,
    Value,
)

Deduct = Literal["at_booking", "at_attendance"]
"""When the units of a booking are used: at once, or when it is attended (held until then)."""
EarnedPoints = Annotated[int, Field(ge=1, le=1_000_000)]


class PaymentRule(Value):
    """points × amount paid / `per_amount` (both in minor units), rounded down, for each payment."""

    on: Literal["payment"]
    points: EarnedPoints
    per_amount: PositiveAmount


class PurchaseRule(Value):
    """So many points for each package that is sold."""

    on: Literal["purchase"]
    points: EarnedPoints


class VisitRule(Value):
    """So many points for each booking that was attended, and each redemption without a booking."""

    on: Literal["visit"]
    points: EarnedPoints


EarnRule = Annotated[PaymentRule | PurchaseRule | VisitRule, Field(discriminator="on")]
ReminderLead = Annotated[int, Field(ge=0, le=365)]
"""Days before the last valid day on which a customer is to be reminded; 0: on that day."""
AttendanceOpens = Annotated[int, Field(ge=0, le=24 * 60)]
MessageLanguage = Literal["off", "en", "hu"]
"""The language of the e-mails to customers; off: none are sent."""
CATEGORIES_MAX = 50
Categories = Annotated[tuple[Category, ...], Field(max_length=CATEGORIES_MAX)]


class BusinessOpened(Fact):
    stored_name: ClassVar = "business.opened"
    name: Name
    currency: Currency
    time_zone: str


class Policies(Value):
    """The terms of a business, in force for what is decided after they were recorded."""

    cancellation: CancellationTerms = CancellationTerms(notice_hours=24, late="restore")
    deduct: Deduct = "at_booking"
    attendance_opens_minutes: AttendanceOpens = 60
    """Minutes before its start from which a booking may be marked as attended."""
    payment_required: bool = False
    """Whether a package must be fully paid before a unit of it is used."""
    correction_max: Quantity | None = None
    """Units that one correction may add or take at most; None: only the limits of the line."""
    earn: tuple[EarnRule, ...] = ()
    """Rules that earn reward points; at most one for each cause."""
    categories: Categories = ("VIP", "Regular", "New")
    """The categories of customers. A removed one stays with the customers who are in it."""
    locale: LocaleName = "en"
    """The language of receipts, and how they write money and days."""
    reminder_lead_days: ReminderLead | None = None
    """Days before its last valid day on which a reminder of a package is due; None: never."""
    message_language: MessageLanguage = "off"
    message_channels: MessageChannels = MessageChannels()
    session_reminder_hours: SessionReminderHours | None = None
    """Hours before the start of a booking at which a customer who agreed to it is reminded; None: never."""
    message_days: MessageDays = 90
    """Days for which the list of messages keeps what is settled."""
    reason_codes: tuple[ReasonCode, ...] = ()
    """Every code that was ever listed; those that are retired come last."""
    reason_code_required: tuple[ReasonGroup, ...] = ()
    """What is refused without a code."""


FIRST_POLICIES = Policies(reminder_lead_days=14, session_reminder_hours=24)
"""Those of a business that has not changed any."""


def _with_reminders(fields: dict[str, Any]) -> dict[str, Any]:
    """Before version 3 there were no reminders to decide on."""
    leads = FIRST_POLICIES.model_dump(include={"reminder_lead_days", "session_reminder_hours"})
    return {**fields, "policies": {**fields["policies"], **leads}}


class PolicyChanged(Fact):
    stored_name: ClassVar = "business.policy_changed"
    stored_version: ClassVar = 4
    upcasters: ClassVar = {
        1: lambda fields: fields,  # a field that an older version lacks has its default
        2: _with_reminders,
        3: lambda fields: fields,
    }
    policies: Policies
    policy_version: int


class LocationOpened(Fact):
    stored_name: ClassVar = "business.location_opened"
    location_id: LocationId
    name: Name
    time_zone: str
    address: LongText | None = None


class LocationClosed(Fact):
    stored_name: ClassVar = "business.location_closed"
    location_id: LocationId


class LocationReopened(Fact):
    """A closed location is open again, under the name, address and zone it had."""

    stored_name: ClassVar = "business.location_reopened"
    location_id: LocationId


class SegmentSaved(Fact):
    stored_name: ClassVar = "business.segment_saved"
    segment_id: SegmentId
    name: Name
    filters: CustomerFilters


class SegmentRemoved(Fact):
    stored_name: ClassVar = "business.segment_removed"
    segment_id: SegmentId


BusinessFact = (
    BusinessOpened
    | PolicyChanged
    | LocationOpened
    | LocationClosed
    | LocationReopened
    | SegmentSaved
    | SegmentRemoved
)
FACTS: tuple[type[Fact], ...] = get_args(BusinessFact)
