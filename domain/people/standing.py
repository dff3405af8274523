"""The standing of a customer: active, blocked, category, consents (S108, S114, S134–S137)."""

from collections.abc import Mapping

from domain.people.facts import (
    ConsentChanged,
    ConsentName,
    Consents,
    CustomerActivated,
    CustomerBlocked,
    CustomerCategorised,
    CustomerDeactivated,
    CustomerFact,
    CustomerUnblocked,
)
from domain.people.state import Customer
from domain.values import Wording, ref_of


def activated(customer: Customer) -> list[CustomerFact]:
    return [] if customer.active else [CustomerActivated()]


def deactivated(customer: Customer) -> list[CustomerFact]:
    return [CustomerDeactivated()] if customer.active else []


def blocked(customer: Customer, reason: Wording | None) -> list[CustomerFact]:
    return [] if customer.blocked else [CustomerBlocked(reason=ref_of(reason))]


def unblocked(customer: Customer) -> list[CustomerFact]:
    return [CustomerUnblocked()] if customer.blocked else []


def categorised(before: str | None, category: str | None) -> list[CustomerFact]:
    """`category` is one of the business's (the caller has checked it); None: no category."""
    return [] if category == before else [CustomerCategorised(category=category)]


def consented(before: Consents, given: Mapping[ConsentName, bool]) -> list[CustomerFact]:
    """Only the consents in `given` change (domain.md, Consents)."""
    changed = tuple(name for name, value in given.items() if value != getattr(before, name))
    if not changed:
        return []
    consents = before.model_copy(update={name: given[name] for name in changed})
    return [ConsentChanged(changed=changed, consents=consents)]
