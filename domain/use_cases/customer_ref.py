"""The external reference of a customer: free again once the customer who had it was erased.

Its claims are taken in turn: by a customer, by the erasure of that customer, by the next customer … So it is held
while their number is odd. Two who want it at once want the same claim, and only one gets it.
"""

from domain.claims import Claim, external_claim
from domain.decision import Books
from domain.refusals import DuplicateExternalRef
from domain.values import ExternalRef


def counts_ref(external_ref: ExternalRef | None) -> tuple[str, ...]:
    """The claims that the functions below need counted."""
    return () if external_ref is None else (external_claim("customer", external_ref),)


def claims_ref(external_ref: ExternalRef | None, customer_id: str, books: Books) -> tuple[Claim, ...]:
    """The claim of a new customer. Raises DuplicateExternalRef."""
    if external_ref is not None and books.count(external_claim("customer", external_ref)) % 2:
        raise DuplicateExternalRef(str(external_ref))
    return _next(external_ref, customer_id, books)


def releases_ref(external_ref: ExternalRef | None, customer_id: str, books: Books) -> tuple[Claim, ...]:
    """The claim of an erasure, after which another customer may have the reference."""
    return _next(external_ref, customer_id, books)


def _next(external_ref: ExternalRef | None, customer_id: str, books: Books) -> tuple[Claim, ...]:
    if external_ref is None:
        return ()
    named = external_claim("customer", external_ref)
    turn = books.count(named)
    return (Claim(f"{named}{turn}/" if turn else named, customer_id),)
