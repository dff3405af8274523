"""Commands on services, offers and plans."""

from domain.catalogue.facts import OfferTerms, PlanTerms, ServiceTerms
from domain.values import OfferId, PlanId, ServiceId, Value


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


class PublishPlan(Value):
    plan_id: PlanId
    plan: PlanTerms


class RevisePlan(Value):
    plan_id: PlanId
    plan: PlanTerms


class RetirePlan(Value):
    plan_id: PlanId


class ReinstatePlan(Value):
    plan_id: PlanId
