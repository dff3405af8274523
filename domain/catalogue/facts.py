"""The facts of services, offers and plans: what a business performs, and what it sells as a package, once or in
every period of a membership.

Offers and plans are versioned. A sale embeds a snapshot of the version it sold, so that later revisions never touch
sold packages. A membership likewise keeps the terms it started with.
"""

from typing import Annotated, ClassVar, Literal, Self, get_args

from pydantic import Field, model_validator

from domain.calendar_rules import CalendarUnit, Count, NoExpiry, Validity
from domain.fact import Fact
from domain.values import (
    LINES_MAX,
    UNITS_PER_PACKAGE_MAX,
    Amount,
    BasisPoints,
    CancellationTerms,
    LocationId,
    Name,
    Quantity,
    ServiceId,
    Value,
)

Sharing = Literal["purchaser", "household"]


class ServiceTerms(Value):
    """The terms of a service: name, type (category), duration and the price of one session alone."""

    name: Name
    service_type: Name
    duration_minutes: Annotated[int, Field(ge=1, le=24 * 60)] | None = None
    list_price: Amount | None = None
    """Minor units of the business's currency; the weight of a line's units when a price is spread."""
    tax_rate: BasisPoints | None = None
    """Basis points; included in prices."""


class ServiceDefined(Fact):
    stored_name: ClassVar = "catalogue.service_defined"
    service: ServiceTerms


class ServiceChanged(Fact):
    stored_name: ClassVar = "catalogue.service_changed"
    service: ServiceTerms


class ServiceRetired(Fact):
    stored_name: ClassVar = "catalogue.service_retired"


class ServiceReinstated(Fact):
    """A retired service is performed again, by the terms it had."""

    stored_name: ClassVar = "catalogue.service_reinstated"


ServiceFact = ServiceDefined | ServiceChanged | ServiceRetired | ServiceReinstated


class OfferLine(Value):
    """A quantity of units, each good for one session of any of `services`."""

    quantity: Quantity
    services: Annotated[tuple[ServiceId, ...], Field(min_length=1, max_length=50)]
    label: Name | None = None
    tax_rate: BasisPoints | None = None
    """Basis points, included in the price; it wins over those of the services. None: theirs."""


Lines = Annotated[tuple[OfferLine, ...], Field(min_length=1, max_length=LINES_MAX)]


class OfferTerms(Value):
    """A package as the catalogue sells it."""

    name: Name
    price: Amount
    lines: Lines
    validity: Validity = NoExpiry()
    sharing: Sharing = "purchaser"
    cap_per_participant: Quantity | None = None
    """Units of one package that one participant of a household may use at most."""
    cancellation: CancellationTerms | None = None
    max_per_customer: Annotated[int, Field(ge=1, le=10_000)] | None = None
    locations: tuple[LocationId, ...] = ()
    """Where it can be used; empty: everywhere."""

    @model_validator(mode="after")
    def _fits_a_package(self) -> Self:
        if sum(line.quantity for line in self.lines) > UNITS_PER_PACKAGE_MAX:
            raise ValueError(f"lines hold more than {UNITS_PER_PACKAGE_MAX} units in all")
        return self


class OfferPublished(Fact):
    stored_name: ClassVar = "catalogue.offer_published"
    offer: OfferTerms


class OfferRevised(Fact):
    stored_name: ClassVar = "catalogue.offer_revised"
    offer: OfferTerms
    offer_version: int


class OfferRetired(Fact):
    stored_name: ClassVar = "catalogue.offer_retired"


class OfferReinstated(Fact):
    """A retired offer is sold again, in the version that was retired."""

    stored_name: ClassVar = "catalogue.offer_reinstated"


OfferFact = OfferPublished | OfferRevised | OfferRetired | OfferReinstated


class Period(Value):
    """A length of time by the calendar; a day that a month lacks is its last one."""

    count: Count
    unit: CalendarUnit


class PlanTerms(Value):
    """A membership as the catalogue sells it: what each period grants, and what it costs."""

    name: Name
    price: Amount
    """Of one period."""
    lines: Lines
    period: Period
    rollover_limit: Annotated[int, Field(ge=0, le=UNITS_PER_PACKAGE_MAX)] = 0
    """Unused units of a period that move into the next one, at most."""
    sharing: Sharing = "purchaser"
    cap_per_participant: Quantity | None = None
    """Units of one period that one participant of a household may use at most."""
    cancellation: CancellationTerms | None = None
    locations: tuple[LocationId, ...] = ()
    """Where it can be used; empty: everywhere."""

    @model_validator(mode="after")
    def _fits_a_package(self) -> Self:
        granted = sum(line.quantity for line in self.lines)
        if granted > UNITS_PER_PACKAGE_MAX:
            raise ValueError(f"lines hold more than {UNITS_PER_PACKAGE_MAX} units in all")
        return self


class PlanPublished(Fact):
    stored_name: ClassVar = "catalogue.plan_published"
    plan: PlanTerms


class PlanRevised(Fact):
    stored_name: ClassVar = "catalogue.plan_revised"
    plan: PlanTerms
    plan_version: int


class PlanRetired(Fact):
    stored_name: ClassVar = "catalogue.plan_retired"


class PlanReinstated(Fact):
    """A retired plan is sold again, in the version that was retired."""

    stored_name: ClassVar = "catalogue.plan_reinstated"


PlanFact = PlanPublished | PlanRevised | PlanRetired | PlanReinstated
FACTS: tuple[type[Fact], ...] = get_args(ServiceFact | OfferFact | PlanFact)
