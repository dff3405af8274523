"""Commands on rules that top up."""

from domain.top_up.facts import MonthlyCap, Threshold
from domain.top_up.payment_reference import PaymentMethodRef
from domain.values import (
    AttemptId,
    CustomerId,
    ExternalRef,
    OfferId,
    PackageId,
    PaymentId,
    PaymentMethod,
    TopUpId,
    Value,
    Wording,
)

MONTHLY_CAP = 3
"""The cap where none is named."""


class SetTopUp(Value):
    top_up_id: TopUpId
    customer_id: CustomerId
    offer_id: OfferId
    threshold: Threshold
    payment_method_ref: PaymentMethodRef
    monthly_cap: MonthlyCap = MONTHLY_CAP


class OnTopUp(Value):
    """A command on one rule, which it names."""

    top_up_id: TopUpId


class PauseTopUp(OnTopUp):
    """An open attempt is withdrawn."""


class ResumeTopUp(OnTopUp):
    """The rule waits for the next fall."""


class RemoveTopUp(OnTopUp):
    """An open attempt is withdrawn."""


class SettleTopUp(OnTopUp):
    """The payment system charged the card: the package is sold with this payment."""

    attempt_id: AttemptId
    package_id: PackageId
    payment_id: PaymentId
    method: PaymentMethod = PaymentMethod.CARD
    external_ref: ExternalRef | None = None


class FailTopUp(OnTopUp):
    """The payment system could not charge the card."""

    attempt_id: AttemptId
    reason: Wording
