"""Payments, refunds, refund quotes and price adjustments (S28–S30, S35, S81)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.actor import Circumstances
from domain.package.checks import amount_in, check_not_cancelled, now_for
from domain.package.commands import AdjustPrice, NewPayment
from domain.package.facts import PackageFact, PriceAdjusted
from domain.package.money_facts import PaymentRecorded, PaymentRefunded
from domain.package.state import Package, Payment
from domain.package.units import AVAILABLE, CORRECTED, FORFEITED, TRANSFERRED, USED
from domain.refusals import Invalid, NotFound, Overpayment, RefundExceedsPaid
from domain.unit_values import runs, spread
from domain.values import Money, Wording


def record_payment(
    package: Package, payment: NewPayment, moment: datetime, at: Circumstances
) -> PaymentRecorded:
    """Raises PackageIsCancelled, Overpayment above what is owing, Invalid for 0 or another currency."""
    check_not_cancelled(package)
    amount = positive_in(payment.amount, package.currency, "/amount")
    if amount > package.owing:
        raise Overpayment(amount, package.owing)
    return PaymentRecorded(
        effective_at=moment,
        payment_id=payment.payment_id,
        amount=amount,
        method=payment.method,
        paid=package.paid + amount,
        external_ref=payment.external_ref,
    )


def positive_in(money: Money, currency: str, pointer: str) -> int:
    """The minor units of an amount above 0. Raises Invalid for 0 and for another currency."""
    amount = amount_in(money, currency, pointer)
    if amount == 0:
        raise Invalid(f"{pointer}/amount", "zero", "must be at least 1")
    return amount


def refundable(payments: Mapping[str, Payment], payment_id: str, money: Money, currency: str) -> int:
    """The minor units of a refund. Raises NotFound, RefundExceedsPaid above what is left of that payment, Invalid."""
    payment = payments.get(payment_id)
    if payment is None:
        raise NotFound("payment", payment_id)
    amount = positive_in(money, currency, "/amount")
    left = payment.amount - payment.refunded
    if amount > left:
        raise RefundExceedsPaid(amount, left)
    return amount


def refund(
    package: Package, payment_id: str, money: Money, reason: Wording, at: Circumstances
) -> PaymentRefunded:
    """Raises what `refundable` raises. Moves no unit."""
    amount = refundable(package.payments, payment_id, money, package.currency)
    return PaymentRefunded(
        effective_at=now_for(package, at),
        payment_id=payment_id,
        amount=amount,
        method=package.payments[payment_id].method,
        paid=package.paid - amount,
        reason=reason.ref,
    )


@dataclass(frozen=True, slots=True)
class RefundQuote:
    """`quote` = max(0, paid − `used_value`); minor units."""

    payments: int
    refunded: int
    used_value: int
    """The value of units used, forfeited, transferred or taken by corrections, beyond what was settled elsewhere."""
    quote: int


def refund_quote(package: Package) -> RefundQuote:
    payments = sum(payment.amount for payment in package.payments.values())
    refunded = sum(payment.refunded for payment in package.payments.values())
    gone = (USED, FORFEITED, CORRECTED, TRANSFERRED)
    used = sum(line.value_of(line.units(state)) for line in package.lines for state in gone)
    used = max(0, used - package.covered)
    return RefundQuote(payments, refunded, used, max(0, payments - refunded - used))


def adjust_price(package: Package, command: AdjustPrice, at: Circumstances) -> list[PackageFact]:
    """Spread the new price, less the value of units no longer available, over the available ones.

    Raises PackageIsCancelled, and Invalid below that value (or above it with no unit to carry it).
    """
    check_not_cancelled(package)
    price = amount_in(command.price, package.currency, "/price")
    if price == package.price:
        return []
    unused = sum(line.value_of(line.units(AVAILABLE)) for line in package.lines)
    gone = package.price - unused
    if price < gone:
        raise Invalid(
            "/price/amount", "too-low", f"must be at least {gone}, the value of units no longer available"
        )
    if package.remaining == 0:
        raise Invalid(
            "/price/amount", "no-units", "cannot change: no available unit can carry the difference"
        )
    weights = [line.weight for line in package.lines for _ in line.units(AVAILABLE)]
    shares = iter(spread(price - gone, weights))
    values = tuple(
        runs(
            next(shares) if line.states[n : n + 1] == AVAILABLE else value
            for n, value in enumerate(line.values)
        )
        for line in package.lines
    )
    return [
        PriceAdjusted(
            effective_at=now_for(package, at),
            price=price,
            previous=package.price,
            values=values,
            unused_value=price - gone,
            reason=command.reason.ref,
        )
    ]
