"""Services, offers and plans as their facts make them."""

from dataclasses import dataclass
from typing import assert_never

from domain.catalogue.facts import (
    OfferFact,
    OfferPublished,
    OfferReinstated,
    OfferRetired,
    OfferRevised,
    OfferTerms,
    PlanFact,
    PlanPublished,
    PlanReinstated,
    PlanRetired,
    PlanRevised,
    PlanTerms,
    ServiceChanged,
    ServiceDefined,
    ServiceFact,
    ServiceReinstated,
    ServiceRetired,
    ServiceTerms,
)


@dataclass(frozen=True, slots=True)
class Service:
    terms: ServiceTerms
    retired: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    terms: OfferTerms
    version: int = 1
    retired: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    terms: PlanTerms
    version: int = 1
    retired: bool = False


def evolve_service(state: Service | None, fact: ServiceFact) -> Service:
    match fact:
        case ServiceDefined() | ServiceChanged():
            return Service(fact.service)
        case ServiceRetired() | ServiceReinstated():
            assert state is not None, "a service begins with catalogue.service_defined"
            return Service(state.terms, retired=isinstance(fact, ServiceRetired))
        case _:
            assert_never(fact)


def evolve_offer(state: Offer | None, fact: OfferFact) -> Offer:
    match fact:
        case OfferPublished():
            return Offer(fact.offer)
        case OfferRevised():
            return Offer(fact.offer, fact.offer_version)
        case OfferRetired() | OfferReinstated():
            assert state is not None, "an offer begins with catalogue.offer_published"
            return Offer(state.terms, state.version, retired=isinstance(fact, OfferRetired))
        case _:
            assert_never(fact)


def evolve_plan(state: Plan | None, fact: PlanFact) -> Plan:
    match fact:
        case PlanPublished():
            return Plan(fact.plan)
        case PlanRevised():
            return Plan(fact.plan, fact.plan_version)
        case PlanRetired() | PlanReinstated():
            assert state is not None, "a plan begins with catalogue.plan_published"
            return Plan(state.terms, state.version, retired=isinstance(fact, PlanRetired))
        case _:
            assert_never(fact)
