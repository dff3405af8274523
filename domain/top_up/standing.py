"""Setting, pausing, resuming and removing a rule. What ends it withdraws its open attempt."""

from collections.abc import Iterable
from datetime import datetime

from domain.business.state import Business
from domain.catalogue.state import Offer
from domain.people.state import Customer
from domain.refusals import (
    CustomerIsBlocked,
    CustomerIsInactive,
    Invalid,
    LimitReached,
    NotEligible,
    NotFound,
    OfferIsRetired,
    WrongTopUpState,
)
from domain.top_up.commands import SetTopUp
from domain.top_up.facts import (
    TopUpFact,
    TopUpLapsed,
    TopUpPaused,
    TopUpRemoved,
    TopUpResumed,
    TopUpSet,
    WhyLapsed,
)
from domain.top_up.state import TopUp

RULES_MAX = 20
"""Rules of one customer that are not removed."""


def set_up(
    command: SetTopUp, customer: Customer, offer: Offer | None, others: Iterable[TopUp], business: Business
) -> TopUpSet:
    """The rule, with the offer as it is now. `others`: the rules of this customer that are not removed.

    Raises CustomerIsBlocked, CustomerIsInactive, NotFound and OfferIsRetired (offer), Invalid for a free offer,
    NotEligible for a second rule of the offer, LimitReached.
    """
    if customer.blocked:
        raise CustomerIsBlocked(command.customer_id)
    if not customer.active:
        raise CustomerIsInactive(command.customer_id)
    if offer is None:
        raise NotFound("offer", command.offer_id)
    if offer.retired:
        raise OfferIsRetired(command.offer_id)
    if offer.terms.price == 0:
        raise Invalid("/offer_id", "free", "costs nothing, so that no card can be charged for it")
    if any(other.offer_id == command.offer_id for other in others):
        raise NotEligible("top-up-twice")
    if len(customer.top_ups) >= RULES_MAX:
        raise LimitReached("top-ups", RULES_MAX)
    return TopUpSet(
        customer_id=command.customer_id,
        offer_id=command.offer_id,
        offer_version=offer.version,
        offer=offer.terms,
        currency=business.currency,
        threshold=command.threshold,
        monthly_cap=command.monthly_cap,
        payment_method_ref=command.payment_method_ref,
    )


def paused(rule: TopUp, now: datetime) -> list[TopUpFact]:
    """No fact where it is paused already. Raises WrongTopUpState for a removed rule."""
    _check_not_removed(rule, "paused")
    return [] if rule.status == "paused" else [*withdrawn(rule, now, "paused"), TopUpPaused()]


def resumed(rule: TopUp) -> list[TopUpFact]:
    """No fact where it is active. Raises WrongTopUpState for a removed rule."""
    _check_not_removed(rule, "resumed")
    return [TopUpResumed()] if rule.status == "paused" else []


def removed(rule: TopUp, now: datetime) -> list[TopUpFact]:
    """No fact where it is removed already."""
    if rule.status == "removed":
        return []
    return [*withdrawn(rule, now, "removed"), TopUpRemoved(why="asked")]


def withdrawn(rule: TopUp, now: datetime, why: WhyLapsed) -> list[TopUpFact]:
    """The end of its open attempt, if it has one; of one that nobody answered in time, that end."""
    latest = rule.latest
    if latest is None or latest.ended is not None:
        return []
    why = why if latest.status(now) == "open" else "expired"
    return [TopUpLapsed(attempt_id=latest.id, customer_id=rule.customer_id, why=why)]


def unanswered(rule: TopUp, now: datetime) -> list[TopUpFact]:
    """The end of an attempt that nobody answered in time, to be recorded with the next facts; else nothing."""
    return [] if rule.open_at(now) is not None else withdrawn(rule, now, "expired")


def _check_not_removed(rule: TopUp, wanted: str) -> None:
    if rule.status == "removed":
        raise WrongTopUpState("rule", "removed", wanted)
