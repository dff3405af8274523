"""Attempts to top up that facts open or end, in the same append as those facts (S88).

A customer names its own rules, so that nothing more is read of customers without any.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import structs

from domain.actor import Circumstances
from domain.decision import NOTHING, Books, Decision, Peek, Reads
from domain.fact import Fact, fold
from domain.package.evolution import evolve as evolve_package
from domain.package.facts import PackageFact
from domain.package.state import Package
from domain.people.facts import CustomerBlocked, CustomerDeactivated, CustomerMerged, CustomerUnmerged
from domain.people.state import Customer
from domain.top_up.attempts import LOWERS, available_of, opened
from domain.top_up.facts import TopUpFact, WhyLapsed
from domain.top_up.standing import withdrawn
from domain.top_up.state import TopUp
from domain.use_cases.one_top_up import counted_by, of_offer, standing_of
from domain.values import Value

LOWERING = frozenset[type[Fact]](LOWERS)
MOVES = frozenset[type[Fact]](
    {*LOWERS, CustomerBlocked, CustomerDeactivated, CustomerMerged, CustomerUnmerged}
)
"""Facts that may open or end an attempt; a sale has none of them."""


def reads_rules(known: Mapping[str, Any], commands: Sequence[Value], business_id: str, peek: Peek) -> Reads:
    """The rules of these customers, their offers, and the packages that are not spent."""
    owners = {id: state for id, state in known.items() if isinstance(state, Customer) and state.top_ups}
    if not owners:
        return NOTHING
    rules = [id for customer in owners.values() for id in customer.top_ups]
    offers = [rule.offer_id for rule in map(peek, rules) if isinstance(rule, TopUp)]
    return Reads(dict.fromkeys((*rules, *offers), 0), unspent_of=tuple(owners))


def top_up(decision: Decision, books: Books, at: Circumstances) -> Decision:
    """The decision with the attempts that its facts open or end. Raises NotLoaded."""
    # The rules of a customer who is erased are removed with it. All customers concerned are read in any case: nothing
    # is recorded of what an erased one had.
    if decision.erases or not books.has_top_ups:
        return decision
    facts = {**_opened(decision, books, at), **_withdrawn(decision, books, at)}
    made: dict[str, tuple[str, Sequence[Fact]]] = {id: ("top_up", new) for id, new in facts.items()}
    return structs.replace(decision, facts={**decision.facts, **made}) if made else decision


def _opened(decision: Decision, books: Books, at: Circumstances) -> dict[str, list[TopUpFact]]:
    """The attempts that falls open, by rule."""
    found: dict[str, list[TopUpFact]] = {}
    moved = decision.facts_of("package")
    fallen = [id for id, facts in moved.items() if not LOWERING.isdisjoint(map(type, facts))]
    for customer_id in dict.fromkeys(map(books.owner_of, fallen)):
        customer = None if customer_id is None else books.customer(customer_id)
        if customer is None or not customer.top_ups:
            continue
        packages = [package for id in fallen if (package := books.package(id)) is not None]
        offers = {package.offer_id for package in packages if package.customer_id == customer_id}
        for id in customer.top_ups:
            rule = books.top_up(id)
            if rule is None or rule.offer_id not in offers:
                continue
            if facts := _fallen(id, customer, moved, books, at):
                found[id] = facts
    return found


def _fallen(
    top_up_id: str,
    customer: Customer,
    moved: dict[str, Sequence[PackageFact]],
    books: Books,
    at: Circumstances,
) -> list[TopUpFact]:
    """The attempt that the facts of packages open for one rule, if they take what is left to its threshold."""
    rule = books.top_up(top_up_id)
    assert rule is not None, "the caller has read it"
    held = of_offer(rule, books.unspent_packages_of(rule.customer_id)) | _moved_of(rule, moved, books)
    after = {id: fold(evolve_package, package, moved.get(id, ())) for id, package in held.items()}
    before, left = (sum(available_of(package, at.now) for package in each.values()) for each in (held, after))
    if not left <= rule.threshold < before:
        return []
    counted = counted_by(rule, books) | after
    return opened(rule, top_up_id, before, standing_of(rule, customer, counted, books, at.now))


def _moved_of(rule: TopUp, moved: Iterable[str], books: Books) -> dict[str, Package]:
    """The packages among these that the rule counts, also one of which something is left again."""
    owner = books.survivor_of(rule.customer_id)
    packages = {id: package for id in moved if (package := books.package(id)) is not None}
    return {
        id: package
        for id, package in packages.items()
        if (package.customer_id, package.offer_id) == (owner, rule.offer_id)
    }


def _withdrawn(decision: Decision, books: Books, at: Circumstances) -> dict[str, list[TopUpFact]]:
    """The ends of open attempts of customers who are blocked or deactivated, by rule."""
    found: dict[str, list[TopUpFact]] = {}
    for customer_id, facts in decision.facts_of("customer").items():
        ends = [fact for fact in facts if isinstance(fact, CustomerBlocked | CustomerDeactivated)]
        customer = books.customer(customer_id) if ends else None
        for id in customer.top_ups if customer is not None else ():
            rule = books.top_up(id)
            why: WhyLapsed = "blocked" if isinstance(ends[0], CustomerBlocked) else "deactivated"
            if rule is not None and (facts_of_rule := withdrawn(rule, at.now, why)):
                found[id] = facts_of_rule
        for fact in facts:
            if isinstance(fact, CustomerMerged | CustomerUnmerged) and customer_id == fact.absorbed_id:
                found |= _withdrawn_with(fact, books, at)
    return found


def _withdrawn_with(
    fact: CustomerMerged | CustomerUnmerged, books: Books, at: Circumstances
) -> dict[str, list[TopUpFact]]:
    """The ends of open attempts of rules that a merge or an un-merge brings to a halt."""
    survivor, absorbed = books.own_customer(fact.survivor_id), books.own_customer(fact.absorbed_id)
    assert survivor is not None, "it was merged"
    assert absorbed is not None, "it was merged"
    halted: dict[str, WhyLapsed] = {}
    if isinstance(fact, CustomerUnmerged):
        if absorbed.blocked or not absorbed.active:
            halted = dict.fromkeys(fact.absorbed_top_ups, "blocked" if absorbed.blocked else "deactivated")
    else:
        halted = {id: "paused" for id in absorbed.top_ups if id not in fact.top_ups}
        if fact.blocked or not survivor.active:
            halted |= dict.fromkeys(fact.top_ups, "blocked" if fact.blocked else "deactivated")
    rules = {id: books.top_up(id) for id in halted}
    ends = {id: withdrawn(rule, at.now, halted[id]) for id, rule in rules.items() if rule is not None}
    return {id: facts for id, facts in ends.items() if facts}
