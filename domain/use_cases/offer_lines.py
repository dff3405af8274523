"""Reading what the terms of an offer or a plan name, for publishing, revising and selling: services and locations."""

from collections.abc import Sequence

from domain.catalogue.commands import PublishOffer, PublishPlan, ReviseOffer, RevisePlan
from domain.catalogue.facts import OfferLine, OfferTerms, PlanTerms
from domain.catalogue.state import Service
from domain.decision import Books, Peek, Reads
from domain.use_cases.checks import check_locations


def reads_offer(command: PublishOffer | ReviseOffer, business_id: str, peek: Peek) -> Reads:
    """The business, the offer, and every service that its lines name."""
    return Reads({business_id: 0, command.offer_id: 0} | dict.fromkeys(service_ids(command.offer.lines), 0))


def reads_plan(command: PublishPlan | RevisePlan, business_id: str, peek: Peek) -> Reads:
    """The business, the plan, and every service that its lines name."""
    return Reads({business_id: 0, command.plan_id: 0} | dict.fromkeys(service_ids(command.plan.lines), 0))


def check_places(books: Books, terms: OfferTerms | PlanTerms) -> None:
    """Raises Invalid for a location that the business never had: nobody could use the package anywhere."""
    check_locations(books, {f"/locations/{n}": place for n, place in enumerate(terms.locations)})


def service_ids(lines: Sequence[OfferLine]) -> list[str]:
    """The ids of all services, line by line."""
    return [id for line in lines for id in line.services]


def services_of(lines: Sequence[OfferLine], books: Books) -> dict[str, Service | None]:
    """The services of all lines by id; None for one that does not exist."""
    return {id: books.service(id) for id in service_ids(lines)}
