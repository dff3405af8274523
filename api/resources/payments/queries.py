"""Payments across packages and bookings, found by the reference that another system knows them by."""

from collections.abc import Iterator

from api.http.ledger_types import Books, RecordedFact
from api.http.permissions import READERS
from api.http.query import Found, ListParameters, Page, Query
from api.http.query_route import query
from api.resources.authors import actors_known
from api.resources.payments.answer import Payment, actors_of, reasons_in, shown_payment
from domain.claims import external_claim
from domain.decision import Reads
from domain.values import ExternalRef, SourceAndReference
from replay.payments import payments_of


class PaymentParameters(ListParameters):
    external_ref: SourceAndReference
    """`source:ref`"""


class FoundPayment(Payment):
    package_id: str | None
    """The package that was paid; null for a booking."""
    booking_id: str | None
    customer_id: str


class FoundPaymentPage(Page[FoundPayment]):
    """At most one payment: a reference is unique among those of its source."""


@query(
    "/v1/payments",
    "payments.find",
    "The payment that another system knows by this reference",
    roles=READERS,
    answer=FoundPaymentPage,
    parameters=PaymentParameters,
)
def find_payments(call: Query[PaymentParameters]) -> Found:
    """`source:ref`, as it was sent with the payment of a package or a booking."""
    source, _, ref = call.parameters.external_ref.partition(":")
    given = ExternalRef(source=source, ref=ref)
    wanted = Reads({call.business_id: 0}, claimed=(external_claim("payment", given),), with_customers=True)
    books = call.look(wanted)
    owners = {booking.customer_id: 0 for booking in books.bookings_that(lambda _: True).values()}
    if books.lacks(Reads(owners)):
        books = call.look(wanted | Reads(owners))
    found = list(_found(call, books, given))
    return call.page(
        FoundPaymentPage,
        found,
        key=lambda payment: [payment.payment_id],
        shown=lambda payment: payment,
        position=books.head.position,
    )


def _found(call: Query[PaymentParameters], books: Books, given: ExternalRef) -> Iterator[FoundPayment]:
    for id, package in books.packages_that(lambda _: True).items():
        for payment in _shown(call, _facts(books, id), given, package.time_zone):
            yield FoundPayment(
                **dict(payment), package_id=id, booking_id=None, customer_id=package.customer_id
            )
    for id, booking in books.bookings_that(lambda _: True).items():
        for payment in _shown(call, _facts(books, id), given, booking.time_zone):
            yield FoundPayment(
                **dict(payment), package_id=None, booking_id=id, customer_id=booking.customer_id
            )


def _facts(books: Books, id: str) -> list[RecordedFact]:
    stream = books.stream(id)
    return [] if stream is None else list(stream.facts)


def _shown(
    call: Query[PaymentParameters], facts: list[RecordedFact], given: ExternalRef, zone: str
) -> Iterator[Payment]:
    for paid in payments_of(facts):
        if paid.fact.external_ref == given:
            people, texts = actors_known(call, actors_of([paid])), None
            if call.sees_people:
                texts = {
                    text.id: text.text for text in call.ledger.recorder.texts(sorted(reasons_in([paid])))
                }
            yield shown_payment(paid, call.currency, zone, people, texts)


HANDLERS = (find_payments,)
