"""Which facts ask for a message, what it is about, and who gets it."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from domain.fact import Fact
from domain.package.facts import PackageCancelled, PackageVoided, ReminderDue
from domain.package.opening_facts import PackagePurchased
from domain.package.state import Package
from domain.top_up.facts import TopUpFailed, TopUpSettled

PackageKind: TypeAlias = Literal[
    "package_purchased", "package_cancelled", "package_voided", "expiry_reminder", "top_up_sold"
]
OccasionKind: TypeAlias = Literal["session_reminder", "birthday", "anniversary"]
MessageKind: TypeAlias = PackageKind | Literal["top_up_failed", "sign_in"] | OccasionKind
KINDS: dict[str, MessageKind] = {
    PackagePurchased.stored_name: "package_purchased",
    PackageCancelled.stored_name: "package_cancelled",
    PackageVoided.stored_name: "package_voided",
    ReminderDue.stored_name: "expiry_reminder",
    TopUpSettled.stored_name: "top_up_sold",
    TopUpFailed.stored_name: "top_up_failed",
}
"""Stored name of a fact → the message it asks for."""


@dataclass(frozen=True, slots=True)
class Parties:
    """Who may get a message about a package: the account that has it, and the one that paid for it."""

    holder: str
    buyer: str


@dataclass(frozen=True, slots=True)
class Addressed:
    """The thing that a message is about, and the customer who gets it."""

    thing_id: str
    customer_id: str


def addressed_by(fact: TopUpSettled | TopUpFailed, top_up_id: str) -> Addressed:
    """A sale is about its package, a failed charge about the rule."""
    about = fact.package_id if isinstance(fact, TopUpSettled) else top_up_id
    return Addressed(about, fact.customer_id)


def asks(kind: MessageKind, opened: Fact) -> bool:
    """Whether a fact on a package with this first fact asks for the message. Only a sale is undone for its buyer: what
    an import brought in, and takes away again, nobody was told of. A sale that topped up is told of by its rule."""
    match kind:
        case "package_voided":
            return isinstance(opened, PackagePurchased)
        case "package_purchased":
            return not (isinstance(opened, PackagePurchased) and opened.top_up_id is not None)
        case _:
            return True


def parties(opened: Fact, package: Package) -> Parties:
    """Of a package, from its first fact and its state. Without another buyer, the holder bought it."""
    bought_by = opened.purchased_by if isinstance(opened, PackagePurchased) else None
    return Parties(package.customer_id, bought_by or package.customer_id)


def recipient(kind: MessageKind, of: Parties) -> str:
    """A purchase, also one made by mistake, concerns who paid for it. Who has the units hears of their end."""
    return of.holder if kind in ("package_cancelled", "expiry_reminder") else of.buyer
