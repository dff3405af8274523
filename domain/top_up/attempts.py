"""Attempts: when one opens, and what becomes of it when the payment system answers (domain.md, Auto top-up).

An attempt opens when a use, a hold, a forfeiture, a correction or a transfer takes what is left of the offer from
above the threshold to it or below it. A cancelled package, or one that expires, was not used up: it opens none.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from domain.calendar_rules import ExpiryOnDate, expires_at
from domain.catalogue.facts import OfferTerms
from domain.catalogue.state import Offer
from domain.fact import fold
from domain.moments import local_day
from domain.package.checks import FACTS_KEPT, FACTS_MAX
from domain.package.facts import (
    LineCorrected,
    UnitsForfeited,
    UnitsHeld,
    UnitsRedeemed,
    UnitsTransferredOut,
)
from domain.package.state import Package
from domain.people.state import Customer
from domain.refusals import NotFound, WrongTopUpState
from domain.top_up.commands import FailTopUp, SettleTopUp
from domain.top_up.facts import (
    FAILURES_MAX,
    TopUpFact,
    TopUpFailed,
    TopUpRemoved,
    TopUpSettled,
    TopUpTriggered,
)
from domain.top_up.standing import unanswered
from domain.top_up.state import Attempt, TopUp, attempt_of, evolve

LOWERS = (UnitsRedeemed, UnitsHeld, UnitsForfeited, LineCorrected, UnitsTransferredOut)
"""Facts by which what is left can fall to the threshold."""
RETRY_AFTER = timedelta(hours=24)
ANSWERED_WITHIN = timedelta(days=7)
"""An attempt expires when nobody has answered it for so long since it was due."""

Hindrance = Literal[
    "paused",
    "removed",
    "attempt-open",
    "customer-blocked",
    "customer-inactive",
    "offer-retired",
    "offer-ended",
    "monthly-cap",
    "limit-per-customer",
    "limit-reached",
]
"""Why a fall opens no attempt. offer-ended: what it sells would have expired already; limit-per-customer: of the
offer; limit-reached: the stream of the rule is full."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The states that an attempt depends on, beside its rule."""

    customer: Customer
    offer: Offer | None
    packages: tuple[Package, ...]
    """Those of the customer and of the offer."""
    now: datetime
    zone: str
    """The business's."""

    def month(self, rule: TopUp) -> date:
        """The first day of the business's month; never before the latest attempt's, as a clock may run behind."""
        month = local_day(self.now, self.zone).replace(day=1)
        return max(month, rule.month or month)

    def counted(self, rule: TopUp) -> int:
        """Attempts that count for the month, without one that nobody answered in time."""
        return fold(evolve, rule, unanswered(rule, self.now)).counted_in(self.month(rule))

    @property
    def available(self) -> int:
        """Units that are left of the offer: in packages that are neither cancelled nor expired, without held ones."""
        return sum(available_of(package, self.now) for package in self.packages)

    @property
    def bought(self) -> int:
        """Packages that count towards the offer's limit per customer."""
        return sum(package.was_bought for package in self.packages)


def available_of(package: Package, moment: datetime) -> int:
    """Units of a package that are left to use; a frozen one keeps its units."""
    if package.cancelled or package.expiry.has_passed(moment):
        return 0
    return package.remaining - package.held


def hindrance(rule: TopUp, standing: Standing) -> Hindrance | None:
    """Why a fall would open no attempt now; None: it would."""
    limit = rule.terms.max_per_customer
    hindrances: Iterable[tuple[bool, Hindrance]] = (
        (rule.status == "removed", "removed"),
        (rule.status == "paused", "paused"),
        (standing.customer.blocked, "customer-blocked"),
        (not standing.customer.active, "customer-inactive"),
        (standing.offer is None or standing.offer.retired, "offer-retired"),
        (_answered_by(rule.terms, standing.now, standing.zone) <= standing.now, "offer-ended"),
        (rule.open_at(standing.now) is not None, "attempt-open"),
        (limit is not None and standing.bought >= limit, "limit-per-customer"),
        (standing.counted(rule) >= rule.monthly_cap, "monthly-cap"),
        (rule.version + 2 > FACTS_MAX - FACTS_KEPT, "limit-reached"),
    )
    return next((why for holds, why in hindrances if holds), None)


def opened(rule: TopUp, top_up_id: str, before: int, standing: Standing) -> list[TopUpFact]:
    """An attempt, where what is left fell from above the threshold, `before`, to it or below it; else nothing."""
    available = standing.available
    if not available <= rule.threshold < before or hindrance(rule, standing) is not None:
        return []
    ended = unanswered(rule, standing.now)
    rule = fold(evolve, rule, ended)
    number, month = len(rule.attempts) + 1, standing.month(rule)
    triggered = TopUpTriggered(
        attempt_id=attempt_of(top_up_id, number),
        number=number,
        customer_id=rule.customer_id,
        offer_id=rule.offer_id,
        offer_version=rule.offer_version,
        name=rule.terms.name,
        price=rule.terms.price,
        currency=rule.currency,
        payment_method_ref=rule.payment_method_ref,
        threshold=rule.threshold,
        available=available,
        month=month,
        of_month=rule.counted_in(month) + 1,
        due_at=standing.now,
        expires_at=_answered_by(rule.terms, standing.now, standing.zone),
    )
    return [*ended, triggered]


def _answered_by(terms: OfferTerms, due_at: datetime, zone: str) -> datetime:
    """When an attempt expires; never after the last day of what it sells, as nobody could use it then."""
    latest = due_at + ANSWERED_WITHIN
    validity = terms.validity
    return min(latest, expires_at(validity.date, zone)) if isinstance(validity, ExpiryOnDate) else latest


def settled(rule: TopUp, command: SettleTopUp, now: datetime) -> TopUpSettled:
    """The charge was paid, however early. Raises NotFound, WrongTopUpState for an attempt that is not open."""
    attempt = _open(rule, command.attempt_id, now, "paid")
    return TopUpSettled(
        attempt_id=attempt.id,
        customer_id=rule.customer_id,
        package_id=command.package_id,
        payment_id=command.payment_id,
        name=rule.terms.name,
        price=rule.terms.price,
        currency=rule.currency,
    )


def failed(rule: TopUp, command: FailTopUp, now: datetime, zone: str) -> list[TopUpFact]:
    """A failed charge: the next try is a day later, and the third failure removes the rule. `zone`: the business's.

    Raises NotFound, WrongTopUpState for an attempt that is not open, or whose next charge is not due: the failure
    before it was answered already.
    """
    attempt = _open(rule, command.attempt_id, now, "failed")
    if now < attempt.due_at:
        raise WrongTopUpState("attempt", "open", "failed", due_at=attempt.due_at)
    failures = attempt.failures + 1
    last = failures == FAILURES_MAX
    failure = TopUpFailed(
        attempt_id=attempt.id,
        customer_id=rule.customer_id,
        failures=failures,
        retry_at=None if last else now + RETRY_AFTER,
        expires_at=None if last else _answered_by(rule.terms, now + RETRY_AFTER, zone),
        reason=command.reason.ref,
    )
    return [failure, TopUpRemoved(why="failures")] if last else [failure]


def _open(rule: TopUp, attempt_id: str, now: datetime, wanted: str) -> Attempt:
    attempt = rule.attempts.get(attempt_id)
    if attempt is None:
        raise NotFound("attempt to top up", attempt_id)
    status = attempt.status(now)
    if status != "open":
        raise WrongTopUpState("attempt", status, wanted, package_id=attempt.package_id)
    return attempt
