"""What a business performs and sells: services, and the offers whose sale makes a package.

An offer is versioned; a sale embeds a snapshot of the version it sold, so that later revisions
never touch sold packages. Facts · state and evolve · commands · decide.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, Self, assert_never

from pydantic import Field, model_validator

from domain.calendar_rules import NoExpiry, Validity
from domain.fact import Fact
from domain.refusals import IdTaken, Invalid, NotFound, OfferRetired
from domain.values import (
    LINES_MAX,
    UNITS_PER_PACKAGE_MAX,
    Amount,
    BasisPoints,
    CancellationTerms,
    LocationId,
    Name,
    OfferId,
    Quantity,
    ServiceId,
    Value,
)

Sharing = Literal["purchaser", "household"]

# Facts of a service


class ServiceTerms(Value):
    """What a service is: its name, its type (category), how long it takes and what it costs alone."""

    name: Name
    service_type: Name
    duration_minutes: Annotated[int, Field(ge=1, le=24 * 60)] | None = None
    list_price: Amount | None = None
    """Minor units of the business's currency; weighs the units of a line when a price is spread."""
    tax_rate: BasisPoints | None = None
    """Included in prices."""


class ServiceDefined(Fact):
    stored_name: ClassVar = "catalogue.service_defined"
    service: ServiceTerms


class ServiceChanged(Fact):
    stored_name: ClassVar = "catalogue.service_changed"
    service: ServiceTerms


class ServiceRetired(Fact):
    stored_name: ClassVar = "catalogue.service_retired"


ServiceFact = ServiceDefined | ServiceChanged | ServiceRetired

# Facts of an offer


class OfferLine(Value):
    """A quantity of units, each good for one session of any of `services`."""

    quantity: Quantity
    services: Annotated[tuple[ServiceId, ...], Field(min_length=1, max_length=50)]
    label: Name | None = None


Lines = Annotated[tuple[OfferLine, ...], Field(min_length=1, max_length=LINES_MAX)]


class OfferTerms(Value):
    """A package as the catalogue sells it."""

    name: Name
    price: Amount
    lines: Lines
    validity: Validity = NoExpiry()
    sharing: Sharing = "purchaser"
    cap_per_participant: Quantity | None = None
    """The most units of one package that one participant of a household may use."""
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


class OfferWithdrawn(Fact):
    stored_name: ClassVar = "catalogue.offer_retired"


OfferFact = OfferPublished | OfferRevised | OfferWithdrawn
FACTS: tuple[type[Fact], ...] = (
    ServiceDefined,
    ServiceChanged,
    ServiceRetired,
    OfferPublished,
    OfferRevised,
    OfferWithdrawn,
)

# State


@dataclass(frozen=True, slots=True)
class Service:
    terms: ServiceTerms
    retired: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    terms: OfferTerms
    version: int = 1
    retired: bool = False


def evolve_service(state: Service | None, fact: ServiceFact) -> Service:
    match fact:
        case ServiceDefined() | ServiceChanged():
            return Service(fact.service)
        case ServiceRetired():
            assert state is not None, "a service begins with catalogue.service_defined"
            return Service(state.terms, retired=True)
        case _:
            assert_never(fact)


def evolve_offer(state: Offer | None, fact: OfferFact) -> Offer:
    match fact:
        case OfferPublished():
            return Offer(fact.offer)
        case OfferRevised():
            return Offer(fact.offer, fact.offer_version)
        case OfferWithdrawn():
            assert state is not None, "an offer begins with catalogue.offer_published"
            return Offer(state.terms, state.version, retired=True)
        case _:
            assert_never(fact)


# Commands


class DefineService(Value):
    service_id: ServiceId
    service: ServiceTerms


class ChangeService(Value):
    service_id: ServiceId
    service: ServiceTerms


class RetireService(Value):
    service_id: ServiceId


class PublishOffer(Value):
    offer_id: OfferId
    offer: OfferTerms


class ReviseOffer(Value):
    offer_id: OfferId
    offer: OfferTerms


class RetireOffer(Value):
    offer_id: OfferId


ServiceCommand = DefineService | ChangeService | RetireService
OfferCommand = PublishOffer | ReviseOffer | RetireOffer

# Decide


def decide_service(state: Service | None, command: ServiceCommand) -> list[ServiceFact]:
    """Raises IdTaken, NotFound, OfferRetired (a retired service is not changed)."""
    if isinstance(command, DefineService):
        if state is not None:
            raise IdTaken(command.service_id)
        return [ServiceDefined(service=command.service)]
    if state is None:
        raise NotFound("service", command.service_id)
    match command:
        case ChangeService():
            if state.retired:
                raise OfferRetired(command.service_id)
            return [] if command.service == state.terms else [ServiceChanged(service=command.service)]
        case RetireService():
            return [] if state.retired else [ServiceRetired()]
        case _:
            assert_never(command)


def decide_offer(
    state: Offer | None, command: OfferCommand, services: Mapping[str, Service | None]
) -> list[OfferFact]:
    """Raises IdTaken, NotFound, OfferRetired, and Invalid for a line whose service is unknown or retired."""
    if isinstance(command, PublishOffer):
        if state is not None:
            raise IdTaken(command.offer_id)
        check_lines(command.offer.lines, services)
        return [OfferPublished(offer=command.offer)]
    if state is None:
        raise NotFound("offer", command.offer_id)
    match command:
        case ReviseOffer():
            if state.retired:
                raise OfferRetired(command.offer_id)
            check_lines(command.offer.lines, services)
            if command.offer == state.terms:
                return []
            return [OfferRevised(offer=command.offer, offer_version=state.version + 1)]
        case RetireOffer():
            return [] if state.retired else [OfferWithdrawn()]
        case _:
            assert_never(command)


def check_lines(lines: tuple[OfferLine, ...], services: Mapping[str, Service | None]) -> None:
    """Every service of every line must be known and still performed. Raises Invalid."""
    for n, line in enumerate(lines):
        for m, service_id in enumerate(line.services):
            service = services.get(service_id)
            if service is None or service.retired:
                problem = "unknown-service" if service is None else "retired-service"
                message = "is not a service of this business" if service is None else "is no longer performed"
                raise Invalid(f"/lines/{n}/services/{m}", problem, message)
        if len(set(line.services)) < len(line.services):
            raise Invalid(f"/lines/{n}/services", "duplicate", "names a service twice")
