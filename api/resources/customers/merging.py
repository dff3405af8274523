"""Merge and un-merge of customers. The dry run of a merge is its preview (S109)."""

from collections.abc import Mapping
from typing import Any, Literal

from api.http.command_route import Command, CommandRequest, command
from api.http.ledger_types import Books
from api.http.permissions import MANAGERS
from api.resources.customers.answer import Customer, counted, counts_of, in_books
from domain.decision import Decision, Reads
from domain.people.commands import Choice, MergeCustomers, UnmergeCustomers
from domain.people.facts import CustomerMerged, CustomerUnmerged
from domain.people.merge import left_behind
from domain.people.profile import Profile, ProfileField, profile_in
from domain.use_cases.merge_customers import MERGE_CUSTOMERS
from domain.use_cases.unmerge_customers import UNMERGE_CUSTOMERS
from domain.values import CustomerId, Value


class MergeBody(Value):
    absorbed_customer_id: CustomerId
    choices: Mapping[Choice, Literal["survivor", "absorbed"]] = {}
    """Whose value stays, by field; the survivor's where a field is not named, also where it is empty."""


class MergedCustomer(Customer):
    """The survivor of a merge, and what the merge did."""

    absorbed_customer_id: str
    points_moved: int
    """Signed: a balance below zero moves as well."""
    packages_moved: int
    """Packages of the absorbed customer, whatever their status."""
    left_behind: tuple[ProfileField, ...]
    """Fields in which the absorbed customer had another value that was not chosen, and shows no longer."""


class UnmergedCustomer(Customer):
    """The customer who is one of its own again."""

    survivor_id: str
    points_returned: int
    """Signed. Less than was moved, where the survivor has less left."""


@command(
    "/v1/customers/{customer_id}/merge",
    "customers.merge",
    "Merge another customer into this one",
    roles=MANAGERS,
    body=MergeBody,
    answer=MergedCustomer,
    codes=("customer-merged", "limit-reached", "id-taken"),
    looks=True,
)
def merge(call: Command[MergeBody]) -> CommandRequest:
    """The absorbed customer's id, reference and keys then mean this customer, who has its packages, bookings,
    memberships, points and household. Nothing is rewritten: `unmerge` takes it back. A consent stays given only if
    both gave it, and the block of either stays. A dry run is the preview; `left_behind` names what would no
    longer show.
    """
    id, body = call.id("customer_id"), call.body
    absorbed_id, now = body.absorbed_customer_id, call.frame.carnet.clock()
    chosen = tuple(name for name, whose in body.choices.items() if whose == "absorbed")
    before = call.frame.look(call.business_id, counted(absorbed_id) | counted(id))
    behind = left_behind(_profile(before, before.survivor_of(id)), _profile(before, absorbed_id), chosen)

    def answer(books: Books, decision: Decision) -> MergedCustomer:
        (fact,) = (each for each in decision.facts[absorbed_id][1] if isinstance(each, CustomerMerged))
        names = (absorbed_id, *fact.absorbed_before)
        return MergedCustomer(
            **dict(in_books(books, id, books.person, counts_of(books, id, now))),
            absorbed_customer_id=absorbed_id,
            points_moved=fact.points,
            packages_moved=sum(books.own_owner_of(each) in names for each, _, _ in books.packages_of(id)),
            left_behind=behind,
        )

    return CommandRequest(
        MERGE_CUSTOMERS,
        MergeCustomers(customer_id=id, absorbed_customer_id=absorbed_id, chosen=chosen),
        answer,
        shows=(id, absorbed_id),
        reads=counted(id) | counted(absorbed_id) | Reads(packages_of=(id, absorbed_id)),
    )


class UnmergeBody(Value):
    absorbed_customer_id: CustomerId | None = None
    """Needed where the address names the survivor and several customers were merged into it."""


@command(
    "/v1/customers/{customer_id}/unmerge",
    "customers.unmerge",
    "Take a merge of customers back",
    roles=MANAGERS,
    body=UnmergeBody,
    answer=UnmergedCustomer,
    codes=("customer-merged", "not-merged"),
)
def unmerge(call: Command[UnmergeBody]) -> CommandRequest:
    """Name the absorbed customer in the address, or in the body beside the survivor. Each has again what was recorded
    for them: packages, bookings, memberships, points. What came after the merge stays with the survivor, and so do
    the fields that were chosen. Later merges are taken back first.
    """
    id, now = call.id("customer_id"), call.frame.carnet.clock()
    asked = UnmergeCustomers(customer_id=id, absorbed_customer_id=call.body.absorbed_customer_id)

    def answer(books: Books, decision: Decision) -> UnmergedCustomer:
        fact = _unmerged(decision)
        shown = in_books(books, fact.absorbed_id, books.person, counts_of(books, fact.absorbed_id, now))
        return UnmergedCustomer(**dict(shown), survivor_id=fact.survivor_id, points_returned=fact.points)

    def shows(books: Books, decision: Decision) -> tuple[str, ...]:
        fact = _unmerged(decision)
        return (fact.survivor_id, fact.absorbed_id)

    return CommandRequest(UNMERGE_CUSTOMERS, asked, answer, shows=shows)


def _unmerged(decision: Decision) -> CustomerUnmerged:
    facts: list[Any] = [fact for made in decision.facts_of("customer").values() for fact in made]
    return next(fact for fact in facts if isinstance(fact, CustomerUnmerged))


def _profile(books: Books, customer_id: str) -> Profile | None:
    person = books.person(customer_id)
    return None if person is None else profile_in(person)


HANDLERS = (merge, unmerge)
