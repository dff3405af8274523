"""Used and restored units, as answers."""

from typing import Literal

from api.http.new_values import NewId
from api.resources.authors import EnteredBy
from api.resources.packages.card import PackageCard
from api.resources.parts import BookingRef, HouseholdMember, LocalTime, NamedThing, SignedMoney
from domain.package.facts import UnitsRedeemed, UnitsRestored
from domain.values import Value
from projections.engine.definition import Row


class RedemptionAllocation(Value):
    """Units of one line of one package, by their numbers, and what they are worth together."""

    package_id: str
    line: int
    units: tuple[int, ...]
    value: SignedMoney


class RedeemedPackage(PackageCard):
    redemption_id: NewId
    allocations: tuple[RedemptionAllocation, ...]


class RedeemedUnits(Value):
    """One redemption, the units it took in order, and the packages it took them of."""

    redemption_id: NewId
    allocations: tuple[RedemptionAllocation, ...]
    packages: tuple[PackageCard, ...]


def allocation_shown(package_id: str, fact: UnitsRedeemed | UnitsRestored, currency: str) -> Row:
    """The members of a `RedemptionAllocation`."""
    value = {"amount": fact.value, "currency": currency}
    return {"package_id": package_id, "line": fact.line, "units": fact.units, "value": value}


class RestoredUnits(Value):
    """What went back, last unit first, and how much of it can be used again."""

    redemption_id: str
    restored: int
    usable: int
    reason: Literal["package-expired", "package-cancelled"] | None
    """The reason why not everything that went back can be used."""
    restorable: int
    """Units of the redemption that can still be restored."""
    allocations: tuple[RedemptionAllocation, ...]
    packages: tuple[PackageCard, ...]


class UsedAllocation(RedemptionAllocation):
    restorable: int
    """Units of these that can still go back."""
    forfeited: bool
    """Whether its booking forfeited them, or those still left of them; they go back with a reason only."""


class Redemption(LocalTime):
    """The local time is that of `effective_at`, in the zone of its first package."""

    id: str
    customer_id: str
    service: NamedThing
    participant: HouseholdMember
    quantity: int
    effective_at: str
    recorded_at: str
    staff: NamedThing | None
    """Who performed the session."""
    entered_by: EnteredBy
    location_id: str | None
    booking: BookingRef | None
    allocations: tuple[UsedAllocation, ...]
    restored: int
    """Units that restorations or corrections gave back for good."""
    restorable: int
