"""What may become of a service: it changes while it is performed, and is retired for good."""

from domain.catalogue.facts import ServiceChanged, ServiceFact, ServiceRetired, ServiceTerms
from domain.catalogue.state import Service
from domain.refusals import OfferIsRetired


def change_service(service: Service, service_id: str, terms: ServiceTerms) -> list[ServiceFact]:
    """Raises OfferIsRetired: a retired service is not changed."""
    if service.retired:
        raise OfferIsRetired(service_id)
    return [] if terms == service.terms else [ServiceChanged(service=terms)]


def retire_service(service: Service) -> list[ServiceFact]:
    return [] if service.retired else [ServiceRetired()]
