"""Money for a booking, instead of units or beside them: payments and refunds (domain.md, Bookings; S54, S55, S81).

A booking costs its service's list price × quantity, as it was when it was booked, or what a payment says. A
payment for a series is spread over its bookings by largest remainder.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from domain.actor import Circumstances
from domain.booking.commands import MakeBooking, RecordBookingPayment
from domain.booking.facts import BookingMade, BookingPaymentRecorded, BookingPaymentRefunded, SharedPayment
from domain.booking.state import Booking, owing
from domain.business.state import Business
from domain.business.zones import desk_zone
from domain.moments import as_moment
from domain.package.checks import amount_in, check_moment
from domain.package.commands import NewPayment
from domain.package.payment import positive_in, refundable
from domain.refusals import LimitReached, Overpayment, WrongBookingState
from domain.unit_values import spread
from domain.values import AMOUNT_MAX, Money, Wording


def record(
    booking: Booking, command: RecordBookingPayment, business: Business, at: Circumstances
) -> BookingPaymentRecorded:
    """Raises WrongBookingState where what was paid is to be refunded, Overpayment above what is owing,
    LimitReached, Invalid, and what `check_moment` raises."""
    if booking.refund_due:
        raise WrongBookingState(booking.attendance or booking.status, "paid")
    zone, currency = desk_zone(business, at, otherwise=booking.time_zone), business.currency
    moment = _moment(booking, command.effective_at, at, zone)
    amount = positive_in(command.payment.amount, currency, "/amount")
    price = booking.price if command.price is None else amount_in(command.price, currency, "/price")
    free = bool(booking.sources) and command.price is None
    _check_owing(amount, None if free else price, booking.paid)
    return _recorded(command.payment, amount, price, booking.paid, moment)


def check_payment(command: MakeBooking, currency: str) -> None:
    """Raises Invalid for an amount of 0 and for money of another currency."""
    if command.payment is not None:
        positive_in(command.payment.amount, currency, "/payment/amount")
    if command.price is not None:
        amount_in(command.price, currency, "/payment/price")


def record_with(
    command: MakeBooking, payment: NewPayment, made: Mapping[str, BookingMade], at: Circumstances
) -> dict[str, BookingPaymentRecorded]:
    """The payment for new bookings: its share of each, by booking; one without a share has no payment.

    Raises Overpayment.
    """
    amount = payment.amount.amount
    prices: Sequence[int | None] = [fact.price for fact in made.values()]
    if command.price is not None:
        prices = _spread(command.price.amount, len(made))
    free = any(fact.sources for fact in made.values()) and command.price is None
    _check_owing(amount, None if free else _sum(prices), 0)
    ids, before = (payment.payment_id, *command.shares), 0
    facts: dict[str, BookingPaymentRecorded] = {}
    for id, payment_id, price, share in zip(made, ids, prices, _spread(amount, len(made)), strict=False):
        shared = SharedPayment(payment_id=payment.payment_id, amount=amount, before=before)
        part = payment.model_copy(update={"payment_id": payment_id})
        if share:
            facts[id] = _recorded(part, share, price, 0, at.now, shared if len(made) > 1 else None)
        before += share
    return facts


def _spread(amount: int, bookings: int) -> list[int]:
    return spread(amount, [1] * bookings)


def _sum(prices: Sequence[int | None]) -> int | None:
    known = [price for price in prices if price is not None]
    return sum(known) if len(known) == len(prices) else None


def _check_owing(amount: int, price: int | None, before: int) -> None:
    """Raises Overpayment, and LimitReached where no price limits it."""
    left = owing(price, before, with_units=False, refund_due=False)
    if left is not None and amount > left:
        raise Overpayment(amount, left)
    if before + amount > AMOUNT_MAX:
        raise LimitReached("booking-payments", AMOUNT_MAX)


def _recorded(
    payment: NewPayment,
    amount: int,
    price: int | None,
    before: int,
    moment: datetime,
    shared: SharedPayment | None = None,
) -> BookingPaymentRecorded:
    return BookingPaymentRecorded(
        effective_at=moment,
        payment_id=payment.payment_id,
        amount=amount,
        currency=payment.amount.currency,
        method=payment.method,
        price=price,
        paid=before + amount,
        shared=shared,
        external_ref=payment.external_ref,
    )


def _moment(booking: Booking, given: date | datetime | None, at: Circumstances, zone: str) -> datetime:
    """The moment `given`, else now: not before the booking was made, or before its session if it was made later.

    `zone`: where it is done. Raises what `check_moment` raises.
    """
    earliest = min(booking.made_at, booking.starts_at)
    if given is None:
        return max(at.now, earliest)
    return check_moment(as_moment(given, zone), earliest, at, zone)


def refund(
    booking: Booking, payment_id: str, money: Money, reason: Wording, currency: str, at: Circumstances
) -> BookingPaymentRefunded:
    """Raises what `refundable` raises."""
    amount = refundable(booking.payments, payment_id, money, currency)
    return BookingPaymentRefunded(
        effective_at=max(at.now, booking.money_at),
        payment_id=payment_id,
        amount=amount,
        currency=currency,
        method=booking.payments[payment_id].method,
        paid=booking.paid - amount,
        reason=reason.ref,
    )
