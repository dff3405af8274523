"""Refund a payment of a package or of a booking, in part or in full; no unit moves (S81)."""

from domain.actor import Circumstances
from domain.booking.payment import refund as refund_of_booking
from domain.claims import payment_claim
from domain.decision import Books, Decision, Peek, Reads, UseCase
from domain.package.commands import RefundPayment
from domain.package.payment import refund as refund_of_package
from domain.refusals import NotFound
from domain.use_cases.one_booking import decided as decided_on_booking
from domain.use_cases.one_package import decided as decided_on_package


def reads(command: RefundPayment, business_id: str, peek: Peek) -> Reads:
    return Reads({business_id: 0}, claimed=(payment_claim(command.payment_id),), with_customers=True)


def decide(command: RefundPayment, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, and what the `refund` of packages and of bookings raises."""
    id, amount, reason = command.payment_id, command.amount, command.reason
    for package_id in books.packages_that(lambda package: id in package.payments):
        return decided_on_package(
            package_id,
            command,
            books,
            at,
            lambda package: [refund_of_package(package, id, amount, reason, at)],
            kept=False,
        )
    currency = books.business.currency
    for booking_id in books.bookings_that(lambda booking: id in booking.payments):
        return decided_on_booking(
            booking_id,
            command,
            books,
            at,
            lambda booking, _: ([refund_of_booking(booking, id, amount, reason, currency, at)], {}),
            kept=False,
        )
    raise NotFound("payment", id)


def paid(command: RefundPayment, books: Books) -> str | None:
    """The package or the booking that was paid for."""
    id = command.payment_id
    packages = books.packages_that(lambda package: id in package.payments)
    bookings = books.bookings_that(lambda booking: id in booking.payments)
    return next(iter((*packages, *bookings)), None)


REFUND_PAYMENT = UseCase(RefundPayment, reads, decide, paid)
