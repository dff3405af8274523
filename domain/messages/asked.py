"""Which facts ask for an e-mail, and who gets it."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from domain.fact import Fact
from domain.package.facts import PackageCancelled, PackageVoided, ReminderDue
from domain.package.opening_facts import PackagePurchased
from domain.package.state import Package

MessageKind: TypeAlias = Literal[
    "package_purchased", "package_cancelled", "package_voided", "expiry_reminder"
]
KINDS: dict[str, MessageKind] = {
    PackagePurchased.stored_name: "package_purchased",
    PackageCancelled.stored_name: "package_cancelled",
    PackageVoided.stored_name: "package_voided",
    ReminderDue.stored_name: "expiry_reminder",
}
"""Stored name of a fact → the message it asks for."""


@dataclass(frozen=True, slots=True)
class Parties:
    """Who may get a message about a package: the account that has it, and the one that paid for it."""

    holder: str
    buyer: str


def asks(kind: MessageKind, opened: Fact) -> bool:
    """Whether a fact on a package with this first fact asks for the message. Only a sale is undone for its buyer: what
    an import brought in, and takes away again, nobody was told of."""
    return kind != "package_voided" or isinstance(opened, PackagePurchased)


def parties(opened: Fact, package: Package) -> Parties:
    """Of a package, from its first fact and its state. Without another buyer, the holder bought it."""
    bought_by = opened.purchased_by if isinstance(opened, PackagePurchased) else None
    return Parties(package.customer_id, bought_by or package.customer_id)


def recipient(kind: MessageKind, of: Parties) -> str:
    """A purchase, also one made by mistake, concerns who paid for it. Who has the units hears of their end."""
    return of.holder if kind in ("package_cancelled", "expiry_reminder") else of.buyer
