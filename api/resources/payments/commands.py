"""Payments of packages and bookings, and their refunds; the payment status follows (S28–S30, S35, S54, S81)."""

from typing import Any

from pydantic import RootModel

from api.http.command_route import Command, CommandRequest, command
from api.http.ledger_types import Books
from api.http.new_values import NewId
from api.http.parsing import MoneyBody
from api.http.permissions import DESK, MANAGERS
from api.http.problems import Flaw, invalid
from api.resources.bookings.answer import Booking, in_answer
from api.resources.bookings.answer import in_books as booking_in_books
from api.resources.packages.card import PackageCard, in_books, owners
from api.resources.payments.bodies import (
    BookingPaymentBody,
    LaterBookingPaymentBody,
    PackagePaymentBody,
    PaymentBody,
    RefundBody,
)
from api.resources.texts import wording
from domain.booking.commands import RecordBookingPayment
from domain.decision import Decision
from domain.package.commands import NewPayment, RecordPayment, RefundPayment
from domain.use_cases.record_booking_payment import RECORD_BOOKING_PAYMENT
from domain.use_cases.record_payment import RECORD_PAYMENT
from domain.use_cases.refund_payment import REFUND_PAYMENT
from domain.values import Money
from projections.engine.definition import Row


class PaidPackage(PackageCard):
    payment_id: NewId


class RefundedPayment(RootModel[PaidPackage | Booking]):
    """The package or the booking that was paid for."""


def money(call: Command[Any], price: MoneyBody, where: str) -> Money:
    """Money in the business's currency. Raises validation-failed for another one."""
    amount = call.amount(price, where)
    assert amount is not None, "a price that was sent has an amount"
    return Money(amount=amount, currency=call.currency)


def moving(call: Command[Any], price: MoneyBody, where: str) -> Money:
    """Money above 0. Raises validation-failed for 0, and for another currency."""
    if price.amount == 0:
        raise invalid([Flaw(f"{where}/amount", "zero", "must be at least 1")])
    return money(call, price, where)


def price_of(call: Command[Any], body: BookingPaymentBody, where: str = "") -> Money | None:
    return None if body.price is None else money(call, body.price, f"{where}/price")


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
    """The payment status follows. More than what is owing is refused."""
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
    answer=RefundedPayment,
    codes=("refund-exceeds-paid",),
)
def refund_payment(call: Command[RefundBody]) -> CommandRequest:
    """More than what is left of the payment is refused. Cancel the package to take units away."""
    payment_id = call.id("payment_id")

    def answer(books: Books, decision: Decision) -> Row | Booking:
        for booking_id in decision.facts_of("booking"):
            return booking_in_books(books, booking_id, call)
        (package_id,) = decision.packages
        return in_books(books, package_id, call) | {"payment_id": payment_id}

    def shows(books: Books, decision: Decision) -> tuple[str, ...]:
        return owners(books, decision) + in_answer(books, decision)

    amount = moving(call, call.body.amount, "/amount")
    asked = RefundPayment(
        payment_id=payment_id,
        amount=amount,
        reason=wording(call, call.body.reason),
        reason_code=call.body.reason_code,
    )
    return CommandRequest(REFUND_PAYMENT, asked, answer, shows=shows)


@command(
    "/v1/bookings/{booking_id}/payments",
    "bookings.record_payment",
    "Record a payment for a booking, in full or in part",
    roles=DESK,
    body=LaterBookingPaymentBody,
    answer=Booking,
    codes=("booking-state", "overpayment", "effective-at-out-of-range", "back-dating-not-allowed"),
)
def record_booking_payment(call: Command[LaterBookingPaymentBody]) -> CommandRequest:
    """More than is owing is refused. `price` says what it costs where that is not the list price."""
    booking_id, body = call.id("booking_id"), call.body
    asked = RecordBookingPayment(
        booking_id=booking_id,
        payment=new_payment(call, body),
        price=price_of(call, body),
        effective_at=body.effective_at,
    )
    return CommandRequest(
        RECORD_BOOKING_PAYMENT,
        asked,
        lambda books, _: booking_in_books(books, booking_id, call),
        shows=in_answer,
    )


HANDLERS = (record_payment, refund_payment, record_booking_payment)
