"""Revising an offer while it is sold, retiring it, and selling it again."""

from collections.abc import Mapping, Sequence

from domain.catalogue.facts import (
    OfferFact,
    OfferLine,
    OfferReinstated,
    OfferRetired,
    OfferRevised,
    OfferTerms,
)
from domain.catalogue.state import Offer, Service
from domain.refusals import Invalid, OfferIsRetired


def revise_offer(
    offer: Offer, offer_id: str, terms: OfferTerms, services: Mapping[str, Service | None]
) -> list[OfferFact]:
    """The next version. Raises OfferIsRetired, and Invalid for a line whose service is unknown or retired."""
    if offer.retired:
        raise OfferIsRetired(offer_id)
    check_lines(terms.lines, services)
    if terms == offer.terms:
        return []
    return [OfferRevised(offer=terms, offer_version=offer.version + 1)]


def retire_offer(offer: Offer) -> list[OfferFact]:
    """No fact where it is retired already."""
    return [] if offer.retired else [OfferRetired()]


def reinstate_offer(offer: Offer) -> list[OfferFact]:
    """No fact where it is on sale."""
    return [OfferReinstated()] if offer.retired else []


def check_lines(
    lines: Sequence[OfferLine], services: Mapping[str, Service | None], *, retired_too: bool = False
) -> None:
    """Raises Invalid for a service that is unknown, retired (unless `retired_too`), or named twice in a line."""
    for n, line in enumerate(lines):
        for m, service_id in enumerate(line.services):
            service = services.get(service_id)
            if service is None or (service.retired and not retired_too):
                problem = "unknown-service" if service is None else "retired-service"
                message = "is not a service of this business" if service is None else "is no longer performed"
                raise Invalid(f"/lines/{n}/services/{m}", problem, message)
        if len(set(line.services)) < len(line.services):
            raise Invalid(f"/lines/{n}/services", "duplicate", "names a service twice")
