"""A business: its currency, time zone, locations, staff and policies.

Facts · state and evolve · commands · decide.
"""

from dataclasses import dataclass, field, replace
from typing import ClassVar, assert_never

from domain.events import Fact
from domain.refusals import IdTaken, Invalid, NotFound
from domain.values import BusinessId, Currency, LocationId, LongText, Name, Quantity, Terms, TimeZone, Value

# Facts


class BusinessOpened(Fact):
    stored_name: ClassVar = "business.opened"
    name: Name
    currency: Currency
    time_zone: TimeZone


class Policies(Value):
    """The terms of a business, in force for what is decided after they were recorded."""

    cancellation: Terms = Terms(notice_hours=24, late="restore")
    payment_required: bool = False
    """Whether a package must be fully paid before a unit of it is used."""
    correction_max: Quantity | None = None
    """The most units that one correction may add or take; None: only the limits of the line."""


class PolicyChanged(Fact):
    stored_name: ClassVar = "business.policy_changed"
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


BusinessFact = BusinessOpened | PolicyChanged | LocationOpened | LocationClosed
FACTS: tuple[type[Fact], ...] = (BusinessOpened, PolicyChanged, LocationOpened, LocationClosed)

# State


@dataclass(frozen=True, slots=True)
class Location:
    name: str
    time_zone: str
    address: str | None = None
    open: bool = True


@dataclass(frozen=True, slots=True)
class Business:
    name: str
    currency: str
    time_zone: str
    policies: Policies = field(default_factory=Policies)
    policy_version: int = 0
    locations: dict[str, Location] = field(default_factory=dict)

    def check_location(self, location_id: str | None) -> None:
        """Raises Invalid for a place that is not an open location of this business; None is no place."""
        location = None if location_id is None else self.locations.get(location_id)
        if location_id is not None and (location is None or not location.open):
            problem, message = "unknown-location", "is not an open location of this business"
            raise Invalid("/location_id", problem, message)


def evolve(state: Business | None, fact: BusinessFact) -> Business:
    if isinstance(fact, BusinessOpened):
        return Business(fact.name, fact.currency, fact.time_zone)
    assert state is not None, "a business begins with business.opened"
    match fact:
        case PolicyChanged():
            return replace(state, policies=fact.policies, policy_version=fact.policy_version)
        case LocationOpened():
            opened = Location(fact.name, fact.time_zone, fact.address)
            return replace(state, locations={**state.locations, fact.location_id: opened})
        case LocationClosed():
            closed = replace(state.locations[fact.location_id], open=False)
            return replace(state, locations={**state.locations, fact.location_id: closed})
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

    cancellation: Terms | None = None
    payment_required: bool | None = None
    correction_max: Quantity | None = None


class OpenLocation(Value):
    location_id: LocationId
    name: Name
    time_zone: TimeZone | None = None
    """The business's own when absent."""
    address: LongText | None = None


class CloseLocation(Value):
    location_id: LocationId


BusinessCommand = OpenBusiness | ChangePolicies | OpenLocation | CloseLocation

# Decide


def decide(state: Business | None, command: BusinessCommand) -> list[BusinessFact]:
    """Raises IdTaken for a business or location that exists, NotFound for one that does not."""
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
        case _:
            assert_never(command)


def _change_policies(state: Business, command: ChangePolicies) -> list[BusinessFact]:
    given = {name: getattr(command, name) for name in command.model_fields_set}
    unset = {name for name, value in given.items() if value is None and name != "correction_max"}
    policies = state.policies.model_copy(update={n: v for n, v in given.items() if n not in unset})
    if policies == state.policies:
        return []
    return [PolicyChanged(policies=policies, policy_version=state.policy_version + 1)]


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
