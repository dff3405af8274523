"""Commands on a business: its policies, locations and segments."""

from domain.business.customer_filters import CustomerFilters
from domain.business.facts import AttendanceOpens, Categories, Deduct, EarnRule, MessageLanguage, ReminderLead
from domain.business.message_terms import MessageChannels, MessageDays, SessionReminderHours
from domain.business.reasons import ReasonCode, ReasonGroup
from domain.moments import TimeZone
from domain.values import (
    BusinessId,
    CancellationTerms,
    CurrencyInUse,
    LocaleName,
    LocationId,
    LongText,
    Name,
    Quantity,
    SegmentId,
    Value,
)


class OpenBusiness(Value):
    business_id: BusinessId
    name: Name
    currency: CurrencyInUse
    time_zone: TimeZone


class ChangePolicies(Value):
    """Only the fields that are given change; null removes `correction_max`, `reminder_lead_days` and
    `session_reminder_hours`."""

    cancellation: CancellationTerms | None = None
    deduct: Deduct | None = None
    attendance_opens_minutes: AttendanceOpens | None = None
    payment_required: bool | None = None
    correction_max: Quantity | None = None
    earn: tuple[EarnRule, ...] | None = None
    categories: Categories | None = None
    locale: LocaleName | None = None
    reminder_lead_days: ReminderLead | None = None
    message_language: MessageLanguage | None = None
    message_channels: MessageChannels | None = None
    session_reminder_hours: SessionReminderHours | None = None
    message_days: MessageDays | None = None
    reason_codes: tuple[ReasonCode, ...] | None = None
    """All that can be given from now on."""
    reason_code_required: tuple[ReasonGroup, ...] | None = None


class OpenLocation(Value):
    location_id: LocationId
    name: Name
    time_zone: TimeZone | None = None
    """None: the business's own."""
    address: LongText | None = None


class CloseLocation(Value):
    location_id: LocationId


class ReopenLocation(Value):
    location_id: LocationId


class SaveSegment(Value):
    segment_id: SegmentId
    name: Name
    filters: CustomerFilters


class RemoveSegment(Value):
    segment_id: SegmentId
