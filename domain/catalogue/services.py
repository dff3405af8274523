"""Changing a service while it is performed, retiring it, and performing it again."""

from domain.catalogue.facts import (
    ServiceChanged,
    ServiceFact,
    ServiceReinstated,
    ServiceRetired,
    ServiceTerms,
)
from domain.catalogue.state import Service
from domain.refusals import OfferIsRetired


def change_service(service: Service, service_id: str, terms: ServiceTerms) -> list[ServiceFact]:
    """Raises OfferIsRetired for a retired service."""
    if service.retired:
        raise OfferIsRetired(service_id)
    return [] if terms == service.terms else [ServiceChanged(service=terms)]


def retire_service(service: Service) -> list[ServiceFact]:
    """No fact where it is retired already."""
    return [] if service.retired else [ServiceRetired()]


def reinstate_service(service: Service) -> list[ServiceFact]:
    """No fact where it is performed."""
    return [ServiceReinstated()] if service.retired else []
