"""Publishing, revising and retiring an offer."""

from collections.abc import Mapping
from typing import assert_never

from domain.catalogue.commands import OfferCommand, PublishOffer, RetireOffer, ReviseOffer
from domain.catalogue.facts import OfferFact, OfferLine, OfferPublished, OfferRevised, OfferWithdrawn
from domain.catalogue.state import Offer, Service
from domain.refusals import IdTaken, Invalid, NotFound, OfferRetired


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
