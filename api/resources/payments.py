"""Payments of packages and their refunds; the payment status follows from them (S28–S30, S35, S81)."""

from typing import Any

from api.http.command_route import Command, CommandRequest, command
from api.http.ledger_types import Books
from api.http.parsing import Price, SentMoney
from api.http.permissions import DESK, MANAGERS
from api.http.problems import Flaw, invalid
from api.resources.packages.card import PackageCard, in_books, owners
from api.resources.texts import wording
from domain.decision import Decision
from domain.moments import DayOrMoment
from domain.package.commands import NewPayment, RecordPayment, RefundPayment
from domain.use_cases.record_payment import RECORD_PAYMENT
from domain.use_cases.refund_payment import REFUND_PAYMENT
from domain.values import ExternalRef, LongText, Money, PaymentId, PaymentMethod, Value
from projections.engine.definition import Row


class PaymentBody(Value):
    id: PaymentId | None = None
    amount: Price
    method: PaymentMethod
    external_ref: ExternalRef | None = None


class PackagePaymentBody(PaymentBody):
    effective_at: DayOrMoment | None = None


class RefundBody(Value):
    amount: Price
    reason: LongText


class PaidPackage(PackageCard):
    payment_id: str


def money(call: Command[Any], price: SentMoney, where: str) -> Money:
    """Money in the business's currency. Raises validation-failed for another one."""
    amount = call.amount(price, where)
    assert amount is not None, "a price that was sent has an amount"
    return Money(amount=amount, currency=call.currency)


def moving(call: Command[Any], price: SentMoney, where: str) -> Money:
    """Money above 0. Raises validation-failed for 0, and for another currency."""
    if price.amount == 0:
        raise invalid([Flaw(f"{where}/amount", "zero", "must be at least 1")])
    return money(call, price, where)


def new_payment(call: Command[Any], body: PaymentBody, where: str = "") -> NewPayment:
    return NewPayment(
        payment_id=call.new("pay", body.id),
        amount=moving(call, body.amount, f"{where}/amount"),
        method=body.method,
        external_ref=body.external_ref,
    )


@command(
    "/v1/packages/{package_id}/payments",
    "payments.record",
    "Record a payment, in full or in part",
    roles=DESK,
    body=PackagePaymentBody,
    answer=PaidPackage,
    codes=("package-cancelled", "overpayment", "effective-at-out-of-range", "back-dating-not-allowed"),
)
def record_payment(call: Command[PackagePaymentBody]) -> CommandRequest:
    package_id, payment = call.id("package_id"), new_payment(call, call.body)

    def answer(books: Books, _: Decision) -> Row:
        return in_books(books, package_id, call) | {"payment_id": payment.payment_id}

    asked = RecordPayment(package_id=package_id, payment=payment, effective_at=call.body.effective_at)
    return CommandRequest(RECORD_PAYMENT, asked, answer, shows=owners)


@command(
    "/v1/payments/{payment_id}/refunds",
    "payments.refund",
    "Refund a payment, in full or in part; no unit moves",
    roles=MANAGERS,
    body=RefundBody,
    answer=PaidPackage,
    codes=("refund-exceeds-paid",),
)
def refund_payment(call: Command[RefundBody]) -> CommandRequest:
    payment_id = call.id("payment_id")

    def answer(books: Books, decision: Decision) -> Row:
        (package_id,) = decision.packages
        return in_books(books, package_id, call) | {"payment_id": payment_id}

    amount = moving(call, call.body.amount, "/amount")
    asked = RefundPayment(payment_id=payment_id, amount=amount, reason=wording(call, call.body.reason))
    return CommandRequest(REFUND_PAYMENT, asked, answer, shows=owners)


HANDLERS = (record_payment, refund_payment)
