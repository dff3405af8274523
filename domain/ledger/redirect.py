"""A command that names a merged customer acts on the survivor: the one place where that is so.

The ids in the command are replaced, and what the command then reads is read. A command that names no merged customer
passes through as it is.
"""

from typing import Any

from msgspec import structs

from domain.actor import Circumstances, Role
from domain.decision import NotLoaded, Reads
from domain.ledger.books import LoadedBooks
from domain.ledger.orders import Order
from domain.people.commands import RegisterCustomer, UnmergeCustomers
from domain.people.state import in_person

CUSTOMERS = ("customer_id", "to_customer_id", "purchased_by")
"""Members of commands that name the customer who acts or is acted on."""
A_CUSTOMER = Role.CUSTOMER
"""Looked up once: a member of an enumeration costs a call of a function each time."""
PARTICIPANTS = ("participant_id", "beneficiaries")
"""Members that name participants: an absorbed customer in person is the survivor in person."""
LITERAL = (RegisterCustomer, UnmergeCustomers)
"""Commands that mean the very id they name."""


def reads_actor(order: Order) -> Reads | None:
    """A customer's key may be that of a merged one."""
    return Reads({order.actor.id: 0}) if order.actor.role is A_CUSTOMER else None


def redirected(order: Order, books: LoadedBooks) -> Order:
    """Raises NotLoaded for what the order reads now and did not read before."""
    if not books.has_merged:
        return order
    if missing := books.unread_survivors().streams:
        raise NotLoaded(Reads(missing))
    if isinstance(order.command, LITERAL):
        return order
    command = order.command
    named = {name: id for name in CUSTOMERS if isinstance(id := getattr(command, name, None), str)}
    changed: dict[str, Any] = {
        name: survivor for name, id in named.items() if (survivor := books.survivor_of(id)) != id
    }
    for name, given in ((name, getattr(command, name, None)) for name in PARTICIPANTS):
        meant = _persons(given, books)
        if meant != given:
            changed[name] = meant
    if not changed:
        return order
    order = structs.replace(order, command=command.model_copy(update=changed))
    reads = order.use_case.reads(order.command, books.business_id, lambda _: None)
    if books.lacks(reads):
        raise NotLoaded(reads)
    return order


def _persons(given: Any, books: LoadedBooks) -> Any:
    if isinstance(given, tuple):
        meant = tuple(_persons(each, books) for each in given)
        return given if meant == given else tuple(dict.fromkeys(meant))
    if not isinstance(given, str):
        return given
    person = "cus_" + given.removeprefix("par_")
    survivor = books.survivor_of(person)
    return given if survivor == person else in_person(survivor)


def acting(at: Circumstances, books: LoadedBooks) -> Circumstances:
    """The circumstances with the customer who acts, as the survivor."""
    if at.actor.role is not A_CUSTOMER or (id := books.survivor_of(at.actor.id)) == at.actor.id:
        return at
    return structs.replace(at, actor=at.actor.model_copy(update={"id": id}))
