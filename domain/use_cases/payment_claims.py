"""The claims of a new payment: its own id, and its external reference. A package or a booking holds them."""

from domain.claims import Claim, payment_claim
from domain.decision import Books
from domain.package.commands import NewPayment
from domain.use_cases.checks import (
    check_external_ref,
    check_unclaimed,
    claims_external_ref,
    counts_external_ref,
)


def counts_payment(payment: NewPayment) -> tuple[str, ...]:
    """The claims that `claims_payment` needs counted."""
    return (payment_claim(payment.payment_id), *counts_external_ref("payment", payment.external_ref))


def claims_payment(payment: NewPayment, stream_id: str, books: Books) -> tuple[Claim, ...]:
    """Raises IdTaken, DuplicateExternalRef."""
    check_unclaimed(books, payment_claim(payment.payment_id), payment.payment_id)
    check_external_ref(books, "payment", payment.external_ref)
    claim = Claim(payment_claim(payment.payment_id), stream_id)
    return (claim, *claims_external_ref("payment", payment.external_ref, stream_id))
