"""Bodies that set a rule and answer an attempt."""

from typing import Literal

from domain.top_up.commands import MONTHLY_CAP
from domain.top_up.facts import MonthlyCap, Threshold
from domain.top_up.payment_reference import GivenPaymentMethodRef
from domain.values import (
    AttemptId,
    GivenRef,
    LongText,
    OfferId,
    PackageId,
    PaymentId,
    PaymentMethod,
    TopUpId,
    Value,
)


class TopUpBody(Value):
    id: TopUpId | None = None
    offer_id: OfferId
    threshold: Threshold
    """Units of the offer: when so many are left, or fewer, an attempt opens."""
    payment_method_ref: GivenPaymentMethodRef
    """The saved card, as the payment system names it. The number of a card is refused."""
    monthly_cap: MonthlyCap = MONTHLY_CAP
    """Attempts of a calendar month that are open or paid, at most."""


class OutcomeBody(Value):
    attempt_id: AttemptId
    outcome: Literal["paid", "failed"]
    method: PaymentMethod = PaymentMethod.CARD
    external_ref: GivenRef | None = None
    """The payment, as the payment system names it."""
    package_id: PackageId | None = None
    payment_id: PaymentId | None = None
    reason: LongText | None = None
    """Why the charge failed; needed where it did."""
