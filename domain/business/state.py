"""A business as its facts make it."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import assert_never

from domain.business.customer_filters import CustomerFilters
from domain.business.facts import (
    FIRST_POLICIES,
    BusinessFact,
    BusinessOpened,
    LocationClosed,
    LocationOpened,
    LocationReopened,
    Policies,
    PolicyChanged,
    SegmentRemoved,
    SegmentSaved,
)
from domain.business.reasons import CodedReason, ReasonGroup, coded
from domain.refusals import Invalid


@dataclass(frozen=True, slots=True)
class Location:
    name: str
    time_zone: str
    address: str | None = None
    open: bool = True


@dataclass(frozen=True, slots=True)
class Segment:
    """Customer filters under a name."""

    name: str
    filters: CustomerFilters
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Business:
    name: str
    currency: str
    time_zone: str
    policies: Policies = FIRST_POLICIES
    policy_version: int = 0
    locations: dict[str, Location] = field(default_factory=dict)
    segments: dict[str, Segment] = field(default_factory=dict)
    """Removed ones too: an id is never given again."""
    earns: bool = False
    """Whether policies earn points, or once did: those points can still be taken back."""

    def check_location(self, location_id: str | None) -> None:
        """Raises Invalid for an id that is not an open location of this business; None passes."""
        location = None if location_id is None else self.locations.get(location_id)
        if location_id is not None and (location is None or not location.open):
            problem, message = "unknown-location", "is not an open location of this business"
            raise Invalid("/location_id", problem, message)

    def reason_given(self, group: ReasonGroup, code: str | None, *, asked: bool = True) -> CodedReason | None:
        """A code with its text. Raises Invalid for one that is unknown, retired or of another group, and for none
        where the group requires one and the actor is `asked`."""
        required = asked and group in self.policies.reason_code_required
        return coded(code, group, self.policies.reason_codes, required=required)

    def zone_of(self, location_id: str | None) -> str:
        """The zone of a location; the business's for None and for an unknown one."""
        location = None if location_id is None else self.locations.get(location_id)
        return self.time_zone if location is None else location.time_zone

    def any_open(self, location_ids: Iterable[str]) -> bool:
        """Whether one of these locations is open."""
        found = (self.locations.get(id) for id in location_ids)
        return any(location is not None and location.open for location in found)

    def check_category(self, category: str | None) -> None:
        """Raises Invalid for a category that is not one of the business's; None passes."""
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
        case LocationClosed() | LocationReopened():
            is_open = isinstance(fact, LocationReopened)
            changed = replace(state.locations[fact.location_id], open=is_open)
            return replace(state, locations={**state.locations, fact.location_id: changed})
        case SegmentSaved():
            saved = Segment(fact.name, fact.filters)
            return replace(state, segments={**state.segments, fact.segment_id: saved})
        case SegmentRemoved():
            removed = replace(state.segments[fact.segment_id], removed=True)
            return replace(state, segments={**state.segments, fact.segment_id: removed})
        case _:
            assert_never(fact)
