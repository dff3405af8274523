"""Payments with their refunds, as answers: one shape for packages and bookings (S28, S54, S81)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from api.http.query import Page
from api.resources.authors import EnteredBy, entered_by
from api.resources.parts import ERASED, LocalTime, NamedThing, People, SignedMoney, local, named
from domain.business.reasons import CodedReason
from domain.moments import rfc3339
from domain.values import ExternalRef, TextRef
from replay.payments import Paid


class Refund(LocalTime):
    version: int
    amount: SignedMoney
    recorded_at: str
    staff: NamedThing | None
    entered_by: EnteredBy
    reason: str | None
    """Null to those who may not see people's data, and in the past."""
    reason_code: CodedReason | None


class Payment(LocalTime):
    """The local time is that of `effective_at`, in the zone of the package or booking."""

    payment_id: str
    version: int
    amount: SignedMoney
    method: str
    effective_at: str
    recorded_at: str
    staff: NamedThing | None
    entered_by: EnteredBy
    external_ref: ExternalRef | None
    refunded: SignedMoney
    refundable: SignedMoney
    """The part of it that can still be refunded."""
    refunds: tuple[Refund, ...]


class PaymentPage(Page[Payment]):
    pass


def payments_after(payments: Sequence[Paid], after: list[Any] | None) -> Sequence[Paid]:
    """Those behind the payment that a cursor names."""
    if after is None:
        return payments
    ids = [paid.fact.payment_id for paid in payments]
    return payments[ids.index(after[0]) + 1 :] if after[0] in ids else []


def actors_of(payments: Iterable[Paid]) -> list[str]:
    """Who took these payments and gave the refunds."""
    facts = [(paid.recorded, *(recorded for recorded, _ in paid.refunds)) for paid in payments]
    return [recorded.author.id for each in facts for recorded in each]


def reasons_in(payments: Iterable[Paid]) -> set[str]:
    """The ids of the reasons of their refunds."""
    reasons = (refund.reason for paid in payments for _, refund in paid.refunds)
    return {reason.id for reason in reasons if reason is not None}


def shown_payment(
    paid: Paid, currency: str, zone: str, people: People, texts: Mapping[str, str] | None
) -> Payment:
    """`texts`: the reasons by id; None: the reader may not see them."""
    fact = paid.fact

    def in_words(reason: TextRef | None) -> str | None:
        return None if reason is None or texts is None else texts.get(reason.id, ERASED)

    def in_currency(amount: int) -> SignedMoney:
        return SignedMoney(amount=amount, currency=currency)

    return Payment(
        payment_id=fact.payment_id,
        version=paid.recorded.version,
        amount=in_currency(fact.amount),
        method=fact.method.value,
        effective_at=rfc3339(fact.effective_at),
        recorded_at=rfc3339(paid.recorded.recorded_at),
        **local(fact.effective_at, zone),
        staff=named(paid.recorded.staff_id, people),
        entered_by=entered_by(paid.recorded, people),
        external_ref=fact.external_ref,
        refunded=in_currency(paid.refunded),
        refundable=in_currency(fact.amount - paid.refunded),
        refunds=tuple(
            Refund(
                version=recorded.version,
                amount=in_currency(refund.amount),
                recorded_at=rfc3339(recorded.recorded_at),
                **local(recorded.recorded_at, zone),
                staff=named(recorded.staff_id, people),
                entered_by=entered_by(recorded, people),
                reason=in_words(refund.reason),
                reason_code=refund.reason_code,
            )
            for recorded, refund in paid.refunds
        ),
    )
