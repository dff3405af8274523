"""The business itself: its policies and its locations."""

from typing import Annotated, Any, Literal

from pydantic import Field

from api.http.command_route import Command, CommandRequest, command
from api.http.ledger_types import Books
from api.http.locales import KnownLocale
from api.http.new_values import NewId
from api.http.parsing import EmptyBody, MayBeAbsent, Price
from api.http.permissions import MANAGERS, OWNER, READERS, READERS_AND_CUSTOMERS
from api.http.query import Found, ListParameters, NoParameters, Page, Query
from api.http.query_route import query
from api.resources.payments.commands import moving
from domain.business.commands import ChangePolicies, CloseLocation, OpenLocation, ReopenLocation
from domain.business.facts import (
    CATEGORIES_MAX,
    AttendanceOpens,
    Deduct,
    EarnedPoints,
    EarnRule,
    MessageLanguage,
    PaymentRule,
    Policies,
    PurchaseRule,
    ReminderLead,
    VisitRule,
)
from domain.business.message_terms import MessageChannels, MessageDays, SessionReminderHours
from domain.business.reasons import REASON_CODES_MAX, ReasonCode, ReasonCodeName, ReasonGroups
from domain.business.state import Business as BusinessState
from domain.decision import Reads, UseCase
from domain.moments import TimeZone
from domain.use_cases.change_policies import CHANGE_POLICIES
from domain.use_cases.close_location import CLOSE_LOCATION
from domain.use_cases.open_location import OPEN_LOCATION
from domain.use_cases.reopen_location import REOPEN_LOCATION
from domain.values import CancellationTerms, CategoryName, LocationId, LongText, Quantity, ThingName, Value

# The business


class Location(Value):
    id: NewId
    name: str
    address: str | None
    time_zone: str
    open: bool


class Business(Value):
    id: str
    name: str
    currency: str
    time_zone: str
    policies: Policies
    policy_version: int
    locations: tuple[Location, ...]
    version: int


def _shown(books: Books) -> Business:
    found = books.business
    return Business(
        id=books.business_id,
        name=found.name,
        currency=found.currency,
        time_zone=found.time_zone,
        policies=found.policies,
        policy_version=found.policy_version,
        locations=_locations(found),
        version=books.version(books.business_id),
    )


def _locations(found: BusinessState) -> tuple[Location, ...]:
    return tuple(
        Location(id=id, name=each.name, address=each.address, time_zone=each.time_zone, open=each.open)
        for id, each in found.locations.items()
    )


@query("/v1/business", "business.show", "The business", roles=READERS, answer=Business)
def show(call: Query[NoParameters]) -> Found:
    """Name, currency, zone, terms and locations."""
    books = call.look(Reads({call.business_id: 0}))
    return call.thing(_shown(books), books, call.business_id)


class PaymentRuleBody(Value):
    """points × amount paid / `per_amount`, rounded down, for each payment."""

    on: Literal["payment"]
    points: EarnedPoints
    per_amount: Price


EarnRuleBody = Annotated[PaymentRuleBody | PurchaseRule | VisitRule, Field(discriminator="on")]


class ReasonCodeBody(Value):
    code: ReasonCodeName
    text: ThingName
    groups: ReasonGroups
    """What the code may be given for."""


class PolicyChanges(Value):
    """Only what is given changes; null takes away `correction_max`, and the reminders of `reminder_lead_days` and
    `session_reminder_hours`."""

    cancellation: MayBeAbsent[CancellationTerms] = None
    deduct: MayBeAbsent[Deduct] = None
    """When bookings use their units: when they are made, or when they are attended."""
    attendance_opens_minutes: MayBeAbsent[AttendanceOpens] = None
    """Minutes before its start from which a booking may be marked as attended; 60 unless it is changed."""
    payment_required: MayBeAbsent[bool] = None
    correction_max: Quantity | None = None
    earn: MayBeAbsent[Annotated[tuple[EarnRuleBody, ...], Field(max_length=3)]] = None
    """All earn rules from now on, at most one for each cause; with none nothing is earned."""
    categories: MayBeAbsent[Annotated[tuple[CategoryName, ...], Field(max_length=CATEGORIES_MAX)]] = None
    """All categories from now on. Customers keep a category that is gone."""
    locale: MayBeAbsent[KnownLocale] = None
    """BCP 47, such as hu-HU: the language of receipts, and how they write money and days; en unless it is changed."""
    reminder_lead_days: ReminderLead | None = None
    """Days before its last valid day on which a reminder of a package is due; 14 unless it is changed."""
    reason_codes: MayBeAbsent[Annotated[tuple[ReasonCodeBody, ...], Field(max_length=REASON_CODES_MAX)]] = (
        None
    )
    """All codes that can be given from now on. One that is left out is retired: it stays with what was recorded."""
    reason_code_required: MayBeAbsent[ReasonGroups] = None
    """What is refused without a code, except to customers; each group needs a code then."""
    message_language: MayBeAbsent[MessageLanguage] = None
    """The language of messages to customers, from now on; `off`: none are sent."""
    message_channels: MayBeAbsent[MessageChannels] = None
    """The channels of every kind of message from now on; a kind that is left out goes by e-mail."""
    session_reminder_hours: SessionReminderHours | None = None
    """Hours before the start of a booking at which a customer who agreed to it is reminded; 24 unless it is changed."""
    message_days: MayBeAbsent[MessageDays] = None
    """Days for which the list of messages keeps what was sent, skipped or given up; 90 unless it is changed."""


@command(
    "/v1/policies",
    "policies.change",
    "Change the terms of the business, for what is decided from now on",
    roles=OWNER,
    body=PolicyChanges,
    answer=Business,
)
def change_policies(call: Command[PolicyChanges]) -> CommandRequest:
    """Only what is sent changes. Packages and bookings that exist keep the terms they were made under."""
    given = {name: getattr(call.body, name) for name in call.body.model_fields_set}
    if call.body.earn is not None:
        given["earn"] = tuple(_rule(call, rule, f"/earn/{n}") for n, rule in enumerate(call.body.earn))
    if call.body.reason_codes is not None:
        codes = call.body.reason_codes
        given["reason_codes"] = tuple(ReasonCode(code=e.code, text=e.text, groups=e.groups) for e in codes)
    return CommandRequest(CHANGE_POLICIES, ChangePolicies(**given), lambda books, _: _shown(books))


def _rule(call: Command[PolicyChanges], rule: EarnRuleBody, where: str) -> EarnRule:
    if not isinstance(rule, PaymentRuleBody):
        return rule
    per_amount = moving(call, rule.per_amount, f"{where}/per_amount").amount
    return PaymentRule(on="payment", points=rule.points, per_amount=per_amount)


# Locations


class LocationBody(Value):
    id: LocationId | None = None
    name: ThingName
    address: LongText | None = None
    time_zone: TimeZone | None = None
    """The business's own when absent."""


class LocationPage(Page[Location]):
    pass


@command(
    "/v1/locations",
    "locations.open",
    "Open a location",
    roles=MANAGERS,
    body=LocationBody,
    answer=Location,
)
def open_location(call: Command[LocationBody]) -> CommandRequest:
    """A location may have a time zone of its own; bookings there show its local time."""
    body = call.body
    id = call.new("loc", body.id)
    asked = OpenLocation(location_id=id, name=body.name, time_zone=body.time_zone, address=body.address)
    return _ask(id, OPEN_LOCATION, asked)


def _ask(id: str, use_case: UseCase[Any], asked: Value) -> CommandRequest:
    return CommandRequest(
        use_case, asked, lambda books, _: next(each for each in _locations(books.business) if each.id == id)
    )


@command(
    "/v1/locations/{location_id}/closure",
    "locations.close",
    "Close a location: nothing new is sold, used or booked there",
    roles=MANAGERS,
    body=EmptyBody,
    answer=Location,
)
def close_location(call: Command[EmptyBody]) -> CommandRequest:
    """What was sold or booked there stays. Closing a closed location changes nothing."""
    id = call.id("location_id")
    return _ask(id, CLOSE_LOCATION, CloseLocation(location_id=id))


@command(
    "/v1/locations/{location_id}/reopening",
    "locations.reopen",
    "Open a closed location again",
    roles=MANAGERS,
    body=EmptyBody,
    answer=Location,
)
def reopen_location(call: Command[EmptyBody]) -> CommandRequest:
    """Packages that were restricted to it can be used there again. Nothing happens if it is open."""
    id = call.id("location_id")
    return _ask(id, REOPEN_LOCATION, ReopenLocation(location_id=id))


@query(
    "/v1/locations",
    "locations.list",
    "Locations, in the order they were opened",
    roles=READERS_AND_CUSTOMERS,
    nobodys=True,
    answer=LocationPage,
    parameters=ListParameters,
)
def list_locations(call: Query[ListParameters]) -> Found:
    """Open and closed locations."""
    books = call.look(Reads({call.business_id: 0}))
    first = (call.after() or [0])[0]
    numbered = list(enumerate(_locations(books.business), 1))
    rows = [each for each in numbered if each[0] > first][: call.parameters.limit + 1]
    return call.page(
        LocationPage,
        rows,
        key=lambda row: [row[0]],
        shown=lambda row: row[1],
        position=books.head.position,
    )


HANDLERS = (
    show,
    change_policies,
    open_location,
    close_location,
    reopen_location,
    list_locations,
)
