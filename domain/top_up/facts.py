"""The facts of a rule that tops up. They name the saved card by the payment system's own reference, and never a card.

An attempt is a sale that waits for its payment. `top_up.triggered` tells the payment system all that it needs to
charge; `top_up.settled` is what the customer is told of (S90).
"""

from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field

from domain.catalogue.facts import OfferTerms
from domain.fact import Fact
from domain.moments import Day, Moment
from domain.top_up.payment_reference import PaymentMethodRef
from domain.values import (
    UNITS_PER_PACKAGE_MAX,
    Amount,
    AttemptId,
    Currency,
    CustomerId,
    Name,
    OfferId,
    PackageId,
    PaymentId,
    PositiveAmount,
    TextRef,
)

Threshold = Annotated[int, Field(ge=0, le=UNITS_PER_PACKAGE_MAX)]
"""Units: an attempt opens when so many are left, or fewer."""
MonthlyCap = Annotated[int, Field(ge=1, le=31)]
"""Attempts of one calendar month that are open or were paid."""
FAILURES_MAX = 3
"""Failed charges of one attempt; the last one removes the rule."""

WhyLapsed = Literal["expired", "blocked", "deactivated", "paused", "removed"]
WhyRemoved = Literal["asked", "failures"]


class TopUpSet(Fact):
    stored_name: ClassVar = "top_up.set"
    customer_id: CustomerId
    offer_id: OfferId
    offer_version: int
    offer: OfferTerms
    """The terms that are sold, whatever the offer becomes."""
    currency: Currency
    threshold: Threshold
    monthly_cap: MonthlyCap
    payment_method_ref: PaymentMethodRef


class TopUpTriggered(Fact):
    """An attempt opens: the payment system is to charge `price`."""

    stored_name: ClassVar = "top_up.triggered"
    attempt_id: AttemptId
    number: Annotated[int, Field(ge=1)]
    """1, 2, 3 … of the rule."""
    customer_id: CustomerId
    offer_id: OfferId
    offer_version: int
    name: Name
    price: PositiveAmount
    currency: Currency
    payment_method_ref: PaymentMethodRef
    threshold: Threshold
    available: Annotated[int, Field(ge=0)]
    """Units of the offer that were left."""
    month: Day
    """The first day of the calendar month that it counts for."""
    of_month: int
    """1, 2, 3 … of the attempts that count for the month."""
    due_at: Moment
    expires_at: Moment


class TopUpFailed(Fact):
    """A charge failed. `retry_at` is the next try; None: it was the last."""

    stored_name: ClassVar = "top_up.failed"
    attempt_id: AttemptId
    customer_id: CustomerId
    failures: Annotated[int, Field(ge=1, le=FAILURES_MAX)]
    retry_at: Moment | None = None
    expires_at: Moment | None = None
    reason: TextRef


class TopUpSettled(Fact):
    """The charge was paid, and the package was sold in the same append."""

    stored_name: ClassVar = "top_up.settled"
    attempt_id: AttemptId
    customer_id: CustomerId
    package_id: PackageId
    payment_id: PaymentId
    name: Name
    price: Amount
    currency: Currency


class TopUpLapsed(Fact):
    """An attempt ended without an answer: nothing was sold."""

    stored_name: ClassVar = "top_up.lapsed"
    attempt_id: AttemptId
    customer_id: CustomerId
    why: WhyLapsed


class TopUpPaused(Fact):
    stored_name: ClassVar = "top_up.paused"


class TopUpResumed(Fact):
    stored_name: ClassVar = "top_up.resumed"


class TopUpRemoved(Fact):
    stored_name: ClassVar = "top_up.removed"
    why: WhyRemoved


TopUpFact = (
    TopUpSet
    | TopUpTriggered
    | TopUpFailed
    | TopUpSettled
    | TopUpLapsed
    | TopUpPaused
    | TopUpResumed
    | TopUpRemoved
)
AttemptFact = TopUpTriggered | TopUpFailed | TopUpSettled | TopUpLapsed
"""The facts of one attempt."""
FACTS: tuple[type[Fact], ...] = get_args(TopUpFact)
