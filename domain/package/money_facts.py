"""Payments of a package, and refunds of them."""

from typing import ClassVar

from domain.business.reasons import ReasonedFact
from domain.package.fact_parts import EffectiveFact
from domain.values import (
    Amount,
    ExternalRef,
    PaymentId,
    PaymentMethod,
    PositiveAmount,
    TextRef,
)


class PaymentRecorded(EffectiveFact):
    stored_name: ClassVar = "package.payment_recorded"
    payment_id: PaymentId
    amount: PositiveAmount
    method: PaymentMethod
    paid: Amount
    """All payments less refunds, this one included."""
    external_ref: ExternalRef | None = None


class PaymentRefunded(EffectiveFact, ReasonedFact):
    stored_name: ClassVar = "package.payment_refunded"
    payment_id: PaymentId
    amount: PositiveAmount
    method: PaymentMethod
    paid: Amount
    reason: TextRef | None = None
