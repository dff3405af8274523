"""A rule that tops up, as its facts make it: the pinned offer, the saved card, and every attempt."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from hashlib import sha256
from typing import Literal, assert_never

from domain.catalogue.facts import OfferTerms
from domain.top_up.facts import (
    TopUpFact,
    TopUpFailed,
    TopUpLapsed,
    TopUpPaused,
    TopUpRemoved,
    TopUpResumed,
    TopUpSet,
    TopUpSettled,
    TopUpTriggered,
    WhyLapsed,
    WhyRemoved,
)

RuleStatus = Literal["active", "paused", "removed"]
AttemptStatus = Literal["open", "paid", "failed", "expired", "withdrawn"]
"""expired: nobody answered in time; withdrawn: the rule was paused or removed, the customer blocked or deactivated."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sale that waits for its payment, or did."""

    id: str
    number: int
    month: date
    opened_at: datetime
    due_at: datetime
    """When the next charge is to be tried."""
    expires_at: datetime
    ended: Literal["paid", "failed", "expired", "withdrawn"] | None = None
    failures: int = 0
    package_id: str | None = None
    payment_id: str | None = None

    def status(self, moment: datetime) -> AttemptStatus:
        """The clock ends an attempt that nobody answers, whether or not a fact has told it."""
        if self.ended is not None:
            return self.ended
        return "open" if moment < self.expires_at else "expired"


@dataclass(frozen=True, slots=True)
class TopUp:
    """A rule of one customer and one offer."""

    customer_id: str
    offer_id: str
    offer_version: int
    terms: OfferTerms
    currency: str
    threshold: int
    monthly_cap: int
    payment_method_ref: str
    status: RuleStatus = "active"
    removed_because: WhyRemoved | None = None
    attempts: dict[str, Attempt] = field(default_factory=dict)
    """By id, oldest first."""
    month: date | None = None
    """The first day of the month of the latest attempt."""
    counted: int = 0
    """Attempts of that month that are open or were paid."""
    version: int = 1

    @property
    def latest(self) -> Attempt | None:
        return next(reversed(self.attempts.values()), None)

    def open_at(self, moment: datetime) -> Attempt | None:
        """The attempt that waits for an answer at a moment; there is at most one."""
        latest = self.latest
        return latest if latest is not None and latest.status(moment) == "open" else None

    def counted_in(self, month: date) -> int:
        """Attempts that count for a month: open or paid ones."""
        return self.counted if self.month == month else 0


def evolve(state: TopUp | None, fact: TopUpFact) -> TopUp:
    """The rule after one more fact."""
    if isinstance(fact, TopUpSet):
        return TopUp(
            customer_id=fact.customer_id,
            offer_id=fact.offer_id,
            offer_version=fact.offer_version,
            terms=fact.offer,
            currency=fact.currency,
            threshold=fact.threshold,
            monthly_cap=fact.monthly_cap,
            payment_method_ref=fact.payment_method_ref,
        )
    assert state is not None, "a rule begins with top_up.set"
    after = replace(state, version=state.version + 1)
    match fact:
        case TopUpTriggered():
            return _opened(after, fact)
        case TopUpFailed():
            return _failed(after, fact)
        case TopUpSettled():
            paid = after.attempts[fact.attempt_id]
            paid = replace(paid, ended="paid", package_id=fact.package_id, payment_id=fact.payment_id)
            return _with(after, paid)
        case TopUpLapsed():
            return _ended(after, fact.attempt_id, _end(fact.why))
        case TopUpPaused():
            return replace(after, status="paused")
        case TopUpResumed():
            return replace(after, status="active")
        case TopUpRemoved():
            return replace(after, status="removed", removed_because=fact.why)
        case _:
            assert_never(fact)


def _opened(state: TopUp, fact: TopUpTriggered) -> TopUp:
    attempt = Attempt(fact.attempt_id, fact.number, fact.month, fact.due_at, fact.due_at, fact.expires_at)
    return replace(_with(state, attempt), month=fact.month, counted=fact.of_month)


def _failed(state: TopUp, fact: TopUpFailed) -> TopUp:
    attempt = replace(state.attempts[fact.attempt_id], failures=fact.failures)
    if fact.retry_at is None or fact.expires_at is None:
        return _ended(_with(state, attempt), fact.attempt_id, "failed")
    return _with(state, replace(attempt, due_at=fact.retry_at, expires_at=fact.expires_at))


def _ended(state: TopUp, attempt_id: str, how: Literal["failed", "expired", "withdrawn"]) -> TopUp:
    """It sold nothing, and no longer counts for its month."""
    attempt = replace(state.attempts[attempt_id], ended=how)
    less = 1 if attempt.month == state.month else 0
    return replace(_with(state, attempt), counted=state.counted - less)


def _end(why: WhyLapsed) -> Literal["expired", "withdrawn"]:
    return "expired" if why == "expired" else "withdrawn"


def _with(state: TopUp, attempt: Attempt) -> TopUp:
    return replace(state, attempts={**state.attempts, attempt.id: attempt})


def attempt_of(top_up_id: str, number: int) -> str:
    """The id of an attempt, derived from its rule and its number, so that no fall can open it twice."""
    return "tua_" + sha256(f"{top_up_id}/{number}".encode()).hexdigest()[:40]
