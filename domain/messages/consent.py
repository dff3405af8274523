"""The consent that a message stands on."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from domain.messages.asked import MessageKind
from domain.people.facts import ConsentName
from domain.people.state import Customer

CONSENTS: Mapping[MessageKind, ConsentName] = {
    "session_reminder": "session_reminder",
    "birthday": "birthday",
    "anniversary": "birthday",
}
"""Kind of message → the consent it needs. All others stand on the contract and need none."""
WhyNotAgreed: TypeAlias = Literal["inactive", "no-consent"]


def why_not_agreed(kind: MessageKind, customer: Customer) -> WhyNotAgreed | None:
    """None: the message needs no consent, or the customer is active and has given it."""
    needed = CONSENTS.get(kind)
    if needed is None:
        return None
    if not customer.active:
        return "inactive"
    return None if getattr(customer.consents, needed) else "no-consent"
