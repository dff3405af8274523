"""Take a merge back: each has again what is theirs by stream; what came later stays with the survivor."""

from msgspec import structs

from domain.actor import Circumstances
from domain.decision import Books, Decision, Peek, Reads, UseCase
from domain.people.commands import UnmergeCustomers
from domain.people.merge import Named, merge_of, points_to_return, unmerged
from domain.people.state import Customer
from domain.points.merge import moved
from domain.points.state import PointsAccount, account_id
from domain.refusals import CustomerIsMerged, CustomerIsNotMerged, Invalid, NotFound
from domain.use_cases.one_account import recorded
from domain.use_cases.own_stream import id_in


def reads(command: UnmergeCustomers, business_id: str, peek: Peek) -> Reads:
    known = peek(command.customer_id)
    ids = {command.customer_id, command.absorbed_customer_id or command.customer_id}
    if isinstance(known, Customer):
        ids |= {known.merged_into or command.customer_id, *(each.id for each in known.merges)}
    return Reads(dict.fromkeys((*sorted(ids), *map(account_id, sorted(ids))), 0))


def decide(command: UnmergeCustomers, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, Invalid, CustomerIsNotMerged, CustomerIsMerged."""
    survivor, absorbed = _both(command, books)
    accounts = {each.id: books.own_points(each.id) or PointsAccount() for each in (survivor, absorbed)}
    giver, taker = (survivor.id, accounts[survivor.id]), (absorbed.id, accounts[absorbed.id])
    points = points_to_return(_owed(survivor, absorbed, taker[1]), giver[1].balance)
    removed = [
        id
        for id in absorbed.state.top_ups
        if (rule := books.top_up(id)) is not None and rule.status == "removed"
    ]
    names = (absorbed.id, *absorbed.state.absorbed)
    theirs = [
        id for id in survivor.state.memberships if books.membership(id) and books.own_owner_of(id) in names
    ]
    fact = unmerged(survivor, absorbed, removed, memberships=theirs, points=points)
    rows = [books.person(each.participant_id) for each in fact.household]
    decision = Decision(
        {survivor.id: ("customer", [fact]), absorbed.id: ("customer", [fact])},
        people=tuple(structs.replace(person, owner_id=absorbed.id) for person in rows if person is not None),
    )
    entries = moved(points, giver, taker, at.now)
    return recorded(decision, {id: [entry] for id, entry in entries.items()}, books)


def _both(command: UnmergeCustomers, books: Books) -> tuple[Named, Named]:
    """The survivor and the absorbed customer that are meant."""
    named = _named(command.customer_id, books)
    absorbed_id = command.absorbed_customer_id
    if absorbed_id is None:
        absorbed_id = _only_name(named)
    if absorbed_id == named.id:
        absorbed = named
        if absorbed.state.merged_into is None:
            raise CustomerIsNotMerged(absorbed.id)
        survivor = _named(absorbed.state.merged_into, books)
    else:
        survivor, absorbed = named, _named(absorbed_id, books)
    if merge_of(survivor.state, absorbed.id) is None:
        raise CustomerIsNotMerged(absorbed.id)
    if survivor.state.merged_into is not None:
        # The later merge is taken back first: it moved everything on to another customer.
        raise CustomerIsMerged(survivor.id, survivor.state.merged_into)
    return survivor, absorbed


def _only_name(named: Named) -> str:
    """The customer itself where it is merged, or its only other name. Raises Invalid where there are several."""
    if named.state.merged_into is not None or not named.state.merges:
        return named.id
    if len(named.state.merges) > 1:
        message = "is needed: several customers were merged into this one"
        raise Invalid("/absorbed_customer_id", "missing", message)
    return named.state.merges[0].id


def _named(customer_id: str, books: Books) -> Named:
    found = books.own_customer(customer_id)
    if found is None:
        raise NotFound("customer", customer_id)
    return Named(customer_id, found)


def _owed(survivor: Named, absorbed: Named, account: PointsAccount) -> int:
    """The points that the absorbed account gave the survivor by this merge, and by what was undone in it since."""
    merge = merge_of(survivor.state, absorbed.id)
    return -account.moved.get(survivor.id, 0) - (0 if merge is None else merge.points_left)


UNMERGE_CUSTOMERS = UseCase(UnmergeCustomers, reads, decide, id_in("customer_id"))
