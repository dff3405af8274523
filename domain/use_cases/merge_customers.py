"""Merge two customers: the absorbed one is another name of the survivor from then on (S109)."""

from collections.abc import Sequence

from msgspec import structs

from domain.actor import Circumstances
from domain.decision import Books, Decision, Peek, Reads, UseCase
from domain.moments import local_day
from domain.people.commands import MergeCustomers
from domain.people.directory import Person
from domain.people.facts import CustomerFact, CustomerMerged, ProfileChanged
from domain.people.merge import Named, merged, profile_after
from domain.people.profile import Profile, profile_in, row
from domain.people.standing import categorised
from domain.people.state import Customer
from domain.points.merge import moved
from domain.points.state import PointsAccount, account_id
from domain.refusals import NotFound
from domain.use_cases.checks import check_not_erased
from domain.use_cases.one_account import recorded
from domain.use_cases.own_stream import id_in


def reads(command: MergeCustomers, business_id: str, peek: Peek) -> Reads:
    both = (command.customer_id, command.absorbed_customer_id)
    rules = [id for each in map(peek, both) if isinstance(each, Customer) for id in each.top_ups]
    return Reads(dict.fromkeys((business_id, *both, *map(account_id, both), *rules), 0))


def decide(command: MergeCustomers, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, CustomerIsErased, and what `merged`, `profile_after` and `moved` raise."""
    survivor, absorbed = _named(command.customer_id, books), _named(command.absorbed_customer_id, books)
    accounts = {each.id: books.own_points(each.id) or PointsAccount() for each in (survivor, absorbed)}
    giver, taker = (absorbed.id, accounts[absorbed.id]), (survivor.id, accounts[survivor.id])
    fact = merged(
        survivor,
        absorbed,
        _rules_that_go_on(survivor.state, absorbed.state, books),
        points=giver[1].balance,
        points_left=-giver[1].moved.get(survivor.id, 0),
    )
    facts, people = _profile(command, survivor, absorbed, books, at)
    decision = Decision(
        {survivor.id: ("customer", [fact, *facts]), absorbed.id: ("customer", [fact])},
        people=(*people, *_rows(fact, survivor.id, books)),
    )
    entries = moved(giver[1].balance, giver, taker, at.now)
    return recorded(decision, {id: [entry] for id, entry in entries.items()}, books)


def _named(customer_id: str, books: Books) -> Named:
    found = books.own_customer(customer_id)
    if found is None:
        raise NotFound("customer", customer_id)
    check_not_erased(found, customer_id)
    return Named(customer_id, found)


def _rules_that_go_on(survivor: Customer, absorbed: Customer, books: Books) -> Sequence[str]:
    """The absorbed rules for offers that the survivor has no rule for: nothing is bought twice."""
    rules = {id: books.top_up(id) for id in (*survivor.top_ups, *absorbed.top_ups)}
    taken = {rule.offer_id for id in survivor.top_ups if (rule := rules[id]) is not None}
    return [id for id in absorbed.top_ups if (rule := rules[id]) is not None and rule.offer_id not in taken]


def _profile(
    command: MergeCustomers, survivor: Named, absorbed: Named, books: Books, at: Circumstances
) -> tuple[list[CustomerFact], list[Person]]:
    """The facts of what was chosen, and the survivor's changed row."""
    today = local_day(at.now, books.business.time_zone)
    ours, theirs = _known(survivor.id, books), _known(absorbed.id, books)
    fields, profile = profile_after(ours, theirs, command.chosen, today)
    facts: list[CustomerFact] = [ProfileChanged(fields=fields)] if fields else []
    if "category" in command.chosen:
        facts += categorised(survivor.state.category, absorbed.state.category)
    return facts, [row(survivor.id, survivor.id, profile)] if fields and profile is not None else []


def _known(customer_id: str, books: Books) -> Profile | None:
    person = books.person(customer_id)
    return None if person is None else profile_in(person)


def _rows(fact: CustomerMerged, owner_id: str, books: Books) -> list[Person]:
    """The rows of the household that goes over, with their new owner."""
    found = [books.person(each.participant_id) for each in fact.household]
    return [structs.replace(person, owner_id=owner_id) for person in found if person is not None]


MERGE_CUSTOMERS = UseCase(MergeCustomers, reads, decide, id_in("customer_id"))
