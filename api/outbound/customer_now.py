"""The customer whom a message is for, as they are now, and the language they are spoken to in."""

from collections.abc import Sequence
from typing import cast

from api.http.ledger_types import Carnet, RecordedFact
from api.outbound.wording import WORDING
from domain.fact import fold
from domain.people.facts import CustomerFact
from domain.people.profile import profile_in
from domain.people.state import Customer, evolve


def customer_now(
    carnet: Carnet, business_id: str, customer_id: str
) -> tuple[str, Sequence[RecordedFact], Customer | None]:
    """The customer with their facts; a merged one is the survivor. Raises UnreadableFact, LedgerUnavailable."""
    while True:
        stream = list(carnet.ledger(business_id).stream(customer_id))
        facts = [cast(CustomerFact, each.fact) for each in stream]
        customer = fold(evolve, None, facts) if facts else None
        if customer is None or customer.merged_into is None:
            return customer_id, stream, customer
        customer_id = customer.merged_into


def language_for(carnet: Carnet, business_id: str, customer_id: str, otherwise: str) -> str:
    """That of the customer's locale, where there are words in it. `otherwise`: the language of the business."""
    id, _, _ = customer_now(carnet, business_id, customer_id)
    people = carnet.ledger(business_id).recorder.people([id])
    locale = profile_in(people[0]).locale if people else None
    language = "" if locale is None else locale.partition("-")[0]
    return language if language in WORDING else otherwise
