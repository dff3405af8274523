"""Shared by every verb on a customer's points: what it reads, and the recording of entries."""

from collections.abc import Callable, Mapping, Sequence

from msgspec import structs

from domain.claims import Claim, entry_claim
from domain.decision import Books, Decision, NewStream, Peek, Reads
from domain.fact import fold
from domain.points.commands import AddPoints, AdjustPoints, RedeemPoints
from domain.points.facts import PointsFact
from domain.points.merge import moved
from domain.points.state import PointsAccount, account_id, change_of, evolve
from domain.use_cases.checks import check_unclaimed, known_customer
from domain.use_cases.texts import texts_of
from domain.values import Value

EntryByHand = AddPoints | RedeemPoints | AdjustPoints


def reads_account(command: EntryByHand, business_id: str, peek: Peek) -> Reads:
    """The customer, the account, and whether the entry's id is taken."""
    streams = {command.customer_id: 0, account_id(command.customer_id): 0}
    return Reads(streams, counted=(entry_claim(command.entry_id),))


def account_in(command: EntryByHand, books: Books) -> str:
    """The target of a command: the stream of the customer's points."""
    return account_id(command.customer_id)


def decided(command: EntryByHand, books: Books, rule: Callable[[PointsAccount], PointsFact]) -> Decision:
    """The entry that a rule makes of the customer's account. Raises IdTaken, NotFound, and what the rule raises."""
    check_unclaimed(books, entry_claim(command.entry_id), command.entry_id)
    known_customer(books, command.customer_id)
    fact = rule(books.points_of(command.customer_id) or PointsAccount())
    return entered(command, command.customer_id, fact, books)


def entered(command: Value, customer_id: str, fact: PointsFact, books: Books) -> Decision:
    """The decision that records one entry, with the texts of the command."""
    decision = Decision({}, texts=texts_of(command, customer_id))
    return with_points(decision, {customer_id: [fact]}, books)


def with_points(decision: Decision, points: Mapping[str, Sequence[PointsFact]], books: Books) -> Decision:
    """The decision with facts of points, by customer, in the same append.

    What the facts change in the account of a merged customer goes on to its survivor's.
    """
    return recorded(decision, _passed_on(points, books), books)


def _passed_on(points: Mapping[str, Sequence[PointsFact]], books: Books) -> dict[str, list[PointsFact]]:
    found = {customer_id: list(facts) for customer_id, facts in points.items()}
    for customer_id, facts in points.items():
        change = sum(change_of(fact) for fact in facts)
        here = customer_id
        while (known := books.own_customer(here)) is not None and known.merged_into is not None:
            there = known.merged_into
            giver, taker = (here, _after(here, found, books)), (there, _after(there, found, books))
            for id, entry in moved(change, giver, taker, facts[-1].effective_at).items():
                found.setdefault(id, []).append(entry)
            here = there
    return found


def _after(customer_id: str, points: Mapping[str, Sequence[PointsFact]], books: Books) -> PointsAccount:
    """The account after its new facts."""
    account = books.own_points(customer_id) or PointsAccount()
    return fold(evolve, account, points.get(customer_id, ()))


def recorded(decision: Decision, points: Mapping[str, Sequence[PointsFact]], books: Books) -> Decision:
    """The decision with facts of points, by customer, as they are; each entry claims its id."""
    facts = {account_id(customer_id): ("points", made) for customer_id, made in points.items()}
    new = [
        NewStream("points", account_id(customer_id), customer_id)
        for customer_id in points
        if books.own_points(customer_id) is None
    ]
    claims = [Claim(entry_claim(fact.entry_id), id) for id, (_, made) in facts.items() for fact in made]
    return structs.replace(
        decision,
        facts={**decision.facts, **facts},
        claims=(*decision.claims, *claims),
        streams=(*decision.streams, *new),
    )
