"""A business: its currency, time zone, locations, policies and segments of customers.

Facts · state and evolve · commands · decide.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar, Literal, assert_never

from pydantic import Field

from domain.fact import Fact
from domain.refusals import IdTaken, Invalid, LimitReached, NotFound
from domain.segments import SEGMENTS_MAX, CustomerFilters
from domain.values import (
    BusinessId,
    CancellationTerms,
    Category,
    Currency,
    LocationId,
    LongText,
    Name,
    PositiveAmount,
    Quantity,
    SegmentId,
    TimeZone,
    Value,
)

# Facts


Deduct = Literal["at_booking", "at_attendance"]
"""When the units of a booking are used: at once, or when it is attended (they are held until then)."""


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
Categories = Annotated[tuple[Category, ...], Field(max_length=50)]


class BusinessOpened(Fact):
    stored_name: ClassVar = "business.opened"
    name: Name
    currency: Currency
    time_zone: TimeZone


class Policies(Value):
    """The terms of a business, in force for what is decided after they were recorded."""

    cancellation: CancellationTerms = CancellationTerms(notice_hours=24, late="restore")
    deduct: Deduct = "at_booking"
    payment_required: bool = False
    """Whether a package must be fully paid before a unit of it is used."""
    correction_max: Quantity | None = None
    """The most units that one correction may add or take; None: only the limits of the line."""
    earn: tuple[EarnRule, ...] = ()
    """What earns reward points by itself; at most one rule for each cause."""
    categories: Categories = ("VIP", "Regular", "New")
    """What customers may be sorted into. One that is taken away stays with those who are in it."""


class PolicyChanged(Fact):
    stored_name: ClassVar = "business.policy_changed"
    stored_version: ClassVar = 2
    upcasters: ClassVar = {1: lambda fields: fields}  # what was not known of then has its default
    policies: Policies
    policy_version: int


class LocationOpened(Fact):
    stored_name: ClassVar = "business.location_opened"
    location_id: LocationId
    name: Name
    time_zone: TimeZone
    address: LongText | None = None


class LocationClosed(Fact):
    stored_name: ClassVar = "business.location_closed"
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
    BusinessOpened | PolicyChanged | LocationOpened | LocationClosed | SegmentSaved | SegmentRemoved
)
FACTS: tuple[type[Fact], ...] = (
    BusinessOpened,
    PolicyChanged,
    LocationOpened,
    LocationClosed,
    SegmentSaved,
    SegmentRemoved,
)

# State


@dataclass(frozen=True, slots=True)
class Location:
    name: str
    time_zone: str
    address: str | None = None
    open: bool = True


@dataclass(frozen=True, slots=True)
class Segment:
    name: str
    filters: CustomerFilters
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Business:
    name: str
    currency: str
    time_zone: str
    policies: Policies = field(default_factory=Policies)
    policy_version: int = 0
    locations: dict[str, Location] = field(default_factory=dict)
    segments: dict[str, Segment] = field(default_factory=dict)
    """Of customers, those that were removed included: an id is never given again."""
    earns: bool = False
    """Whether points are earned by rule, or were under earlier policies: those can still be taken back."""

    def check_location(self, location_id: str | None) -> None:
        """Raises Invalid for a place that is not an open location of this business; None is no place."""
        location = None if location_id is None else self.locations.get(location_id)
        if location_id is not None and (location is None or not location.open):
            problem, message = "unknown-location", "is not an open location of this business"
            raise Invalid("/location_id", problem, message)

    def check_category(self, category: str | None) -> None:
        """Raises Invalid for a category that is not one of the business's; None is no category."""
        if category is not None and category not in self.policies.categories:
            message = f"is not one of {', '.join(self.policies.categories) or 'them: there are none'}"
            raise Invalid("/category", "unknown-category", message)


def evolve(state: Business | None, fact: BusinessFact) -> Business:
    if isinstance(fact, BusinessOpened):
        return Business(fact.name, fact.currency, fact.time_zone)
    assert state is not None, "a business begins with business.opened"
    match fact:
        case PolicyChanged():
            earns = state.earns or bool(fact.policies.earn)
            version = fact.policy_version
            return replace(state, policies=fact.policies, policy_version=version, earns=earns)
        case LocationOpened():
            opened = Location(fact.name, fact.time_zone, fact.address)
            return replace(state, locations={**state.locations, fact.location_id: opened})
        case LocationClosed():
            closed = replace(state.locations[fact.location_id], open=False)
            return replace(state, locations={**state.locations, fact.location_id: closed})
        case SegmentSaved():
            saved = Segment(fact.name, fact.filters)
            return replace(state, segments={**state.segments, fact.segment_id: saved})
        case SegmentRemoved():
            removed = replace(state.segments[fact.segment_id], removed=True)
            return replace(state, segments={**state.segments, fact.segment_id: removed})
        case _:
            assert_never(fact)


# Commands


class OpenBusiness(Value):
    business_id: BusinessId
    name: Name
    currency: Currency
    time_zone: TimeZone


class ChangePolicies(Value):
    """Only the fields that are given change; `correction_max: null` takes that limit away."""

    cancellation: CancellationTerms | None = None
    deduct: Deduct | None = None
    payment_required: bool | None = None
    correction_max: Quantity | None = None
    earn: tuple[EarnRule, ...] | None = None
    categories: Categories | None = None


class OpenLocation(Value):
    location_id: LocationId
    name: Name
    time_zone: TimeZone | None = None
    """The business's own when absent."""
    address: LongText | None = None


class CloseLocation(Value):
    location_id: LocationId


class SaveSegment(Value):
    segment_id: SegmentId
    name: Name
    filters: CustomerFilters


class RemoveSegment(Value):
    segment_id: SegmentId


BusinessCommand = OpenBusiness | ChangePolicies | OpenLocation | CloseLocation | SaveSegment | RemoveSegment

# Decide


def decide(state: Business | None, command: BusinessCommand) -> list[BusinessFact]:
    """Raises IdTaken for a business or location that exists, NotFound for one that does not, Invalid."""
    if isinstance(command, OpenBusiness):
        if state is not None:
            raise IdTaken(command.business_id)
        return [BusinessOpened(name=command.name, currency=command.currency, time_zone=command.time_zone)]
    if state is None:
        raise NotFound("business", "")
    match command:
        case ChangePolicies():
            return _change_policies(state, command)
        case OpenLocation():
            return _open_location(state, command)
        case CloseLocation():
            return _close_location(state, command)
        case SaveSegment():
            return _save_segment(state, command)
        case RemoveSegment():
            return _remove_segment(state, command)
        case _:
            assert_never(command)


def _change_policies(state: Business, command: ChangePolicies) -> list[BusinessFact]:
    _check_earn(command.earn or ())
    _check_categories(command.categories or ())
    given = {name: getattr(command, name) for name in command.model_fields_set}
    unset = {name for name, value in given.items() if value is None and name != "correction_max"}
    policies = state.policies.model_copy(update={n: v for n, v in given.items() if n not in unset})
    if policies == state.policies:
        return []
    return [PolicyChanged(policies=policies, policy_version=state.policy_version + 1)]


def _check_earn(rules: Sequence[EarnRule]) -> None:
    """Raises Invalid for a second rule on the same cause."""
    for n, rule in enumerate(rules):
        if rule.on in [other.on for other in rules[:n]]:
            raise Invalid(f"/earn/{n}/on", "duplicate", "has a rule already")


def _check_categories(categories: Sequence[str]) -> None:
    """Raises Invalid for one that differs from another only by case, or not at all."""
    for n, category in enumerate(categories):
        if category.casefold() in [other.casefold() for other in categories[:n]]:
            raise Invalid(f"/categories/{n}", "duplicate", "is there already")


def _open_location(state: Business, command: OpenLocation) -> list[BusinessFact]:
    if command.location_id in state.locations:
        raise IdTaken(command.location_id)
    zone = command.time_zone or state.time_zone
    opened = LocationOpened(
        location_id=command.location_id, name=command.name, time_zone=zone, address=command.address
    )
    return [opened]


def _close_location(state: Business, command: CloseLocation) -> list[BusinessFact]:
    location = state.locations.get(command.location_id)
    if location is None:
        raise NotFound("location", command.location_id)
    return [LocationClosed(location_id=command.location_id)] if location.open else []


def _save_segment(state: Business, command: SaveSegment) -> list[BusinessFact]:
    if command.segment_id in state.segments:
        raise IdTaken(command.segment_id)
    live = [segment for segment in state.segments.values() if not segment.removed]
    if command.name.casefold() in [segment.name.casefold() for segment in live]:
        raise Invalid("/name", "duplicate", "is the name of another segment")
    if len(live) >= SEGMENTS_MAX:
        raise LimitReached("segments", SEGMENTS_MAX)
    if command.filters == CustomerFilters():
        raise Invalid("/filters", "empty", "must narrow the list by something")
    return [SegmentSaved(segment_id=command.segment_id, name=command.name, filters=command.filters)]


def _remove_segment(state: Business, command: RemoveSegment) -> list[BusinessFact]:
    segment = state.segments.get(command.segment_id)
    if segment is None:
        raise NotFound("segment", command.segment_id)
    return [] if segment.removed else [SegmentRemoved(segment_id=command.segment_id)]
