"""Commands on services and offers."""

from domain.catalogue.facts import OfferTerms, ServiceTerms
from domain.values import OfferId, ServiceId, Value


class DefineService(Value):
    service_id: ServiceId
    service: ServiceTerms


class ChangeService(Value):
    service_id: ServiceId
    service: ServiceTerms


class RetireService(Value):
    service_id: ServiceId


class ReinstateService(Value):
    service_id: ServiceId


class PublishOffer(Value):
    offer_id: OfferId
    offer: OfferTerms


class ReviseOffer(Value):
    offer_id: OfferId
    offer: OfferTerms


class RetireOffer(Value):
    offer_id: OfferId


class ReinstateOffer(Value):
    offer_id: OfferId
