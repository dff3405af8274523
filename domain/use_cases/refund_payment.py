"""Refund a payment, in part or in full; no unit moves (S81)."""

from domain.actor import Circumstances
from domain.claims import payment_claim
from domain.decision import Books, Decision, Peek, Reads, UseCase
from domain.package.commands import RefundPayment
from domain.package.payment import refund
from domain.refusals import NotFound
from domain.use_cases.one_package import decided


def reads(command: RefundPayment, business_id: str, peek: Peek) -> Reads:
    return Reads({business_id: 0}, claimed=(payment_claim(command.payment_id),), with_customers=True)


def decide(command: RefundPayment, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, and what `refund` raises."""
    for package_id in books.packages_that(lambda state: command.payment_id in state.payments):
        return decided(
            package_id,
            command,
            books,
            at,
            lambda package: [refund(package, command.payment_id, command.amount, command.reason, at)],
            kept=False,
        )
    raise NotFound("payment", command.payment_id)


REFUND_PAYMENT = UseCase(RefundPayment, reads, decide)
