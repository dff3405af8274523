"""Payments across packages, found by the reference that another system knows them by."""

from typing import Annotated

from pydantic import StringConstraints

from api.http.permissions import READERS
from api.http.query_route import Found, ListParameters, Page, Query, query
from api.resources.packages.at_a_moment import package_in
from api.resources.packages.queries import Payment, actors_of, shown_payment
from domain.claims import external_claim
from domain.decision import Reads
from domain.values import ExternalRef
from replay.package import payments_of


class PaymentParameters(ListParameters):
    external_ref: Annotated[str, StringConstraints(max_length=200, pattern="^[^:]+:.+$")]
    """`source:ref`"""


class FoundPayment(Payment):
    package_id: str
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
    source, _, ref = call.parameters.external_ref.partition(":")
    given = ExternalRef(source=source, ref=ref)
    wanted = Reads({call.business_id: 0}, claimed=(external_claim("payment", given),), with_customers=True)
    books = call.look(wanted)
    found = []
    for id in books.packages_that(lambda package: True):
        asked = package_in(call, books, id)
        paid = [each for each in payments_of(asked.facts) if each.fact.external_ref == given]
        people = asked.people(actors_of(paid))
        found += [
            FoundPayment(
                **dict(shown_payment(asked, each, people)),
                package_id=id,
                customer_id=asked.card["customer_id"],
            )
            for each in paid
        ]
    return call.page(
        FoundPaymentPage,
        found,
        key=lambda payment: [payment.payment_id],
        shown=lambda payment: payment,
        position=books.head.position,
    )


HANDLERS = (find_payments,)
