"""Shared by every verb on one rule that tops up: what it reads, and how a customer is told of its rules."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from domain.actor import Circumstances
from domain.decision import Books, Decision, Peek, Reads
from domain.fact import Fact
from domain.package.state import Package
from domain.people.facts import TopUpsChanged
from domain.people.state import Customer
from domain.refusals import NotFound
from domain.top_up.attempts import Standing
from domain.top_up.commands import OnTopUp
from domain.top_up.facts import TopUpFact, TopUpRemoved
from domain.top_up.state import TopUp
from domain.use_cases.checks import check_own, known_customer


def reads_top_up(command: OnTopUp, business_id: str, peek: Peek) -> Reads:
    """The business, the rule, and its customer where the rule is cached."""
    known = peek(command.top_up_id)
    owner = {known.customer_id: 0} if isinstance(known, TopUp) else {}
    return Reads({business_id: 0, command.top_up_id: 0} | owner)


def known_top_up(books: Books, top_up_id: str, at: Circumstances) -> TopUp:
    """Raises NotFound, also for a customer's key where the rule is another customer's."""
    found = books.top_up(top_up_id)
    if found is None:
        raise NotFound("rule that tops up", top_up_id)
    check_own(found.customer_id, "rule that tops up", top_up_id, at)
    return found


def decided(
    command: OnTopUp, books: Books, at: Circumstances, rule: Callable[[TopUp], Sequence[TopUpFact]]
) -> Decision:
    """The facts of a verb on one rule; a customer whose rule is removed no longer names it.

    Raises NotFound, and what the verb raises.
    """
    found = known_top_up(books, command.top_up_id, at)
    facts = rule(found)
    return Decision({command.top_up_id: ("top_up", facts), **told(command.top_up_id, found, facts, books)})


def told(
    top_up_id: str, rule: TopUp, facts: Iterable[TopUpFact], books: Books
) -> dict[str, tuple[str, Sequence[Fact]]]:
    """What the customer's own stream is told of these facts of a rule."""
    if not any(isinstance(fact, TopUpRemoved) for fact in facts):
        return {}
    named = known_customer(books, rule.customer_id).top_ups
    left = tuple(id for id in named if id != top_up_id)
    return {rule.customer_id: ("customer", [TopUpsChanged(top_ups=left)])}


def standing_of(
    rule: TopUp, customer: Customer, packages: Mapping[str, Package], books: Books, now: datetime
) -> Standing:
    """What an attempt of this rule depends on. `packages`: those that it counts. Raises NotLoaded."""
    return Standing(
        customer=customer,
        offer=books.offer(rule.offer_id),
        packages=tuple(packages.values()),
        now=now,
        zone=books.business.time_zone,
    )


def counted_by(rule: TopUp, books: Books) -> dict[str, Package]:
    """The packages that a rule counts: of its customer and its offer. Raises NotLoaded.

    Of one that is spent no unit counts, but it counts towards the offer's limit per customer.
    """
    limited = rule.terms.max_per_customer is not None
    return of_offer(rule, (books.packages_of if limited else books.unspent_packages_of)(rule.customer_id))


def of_offer(rule: TopUp, held: Iterable[tuple[str, Package, int]]) -> dict[str, Package]:
    """Those among packages of a customer that were sold of the rule's offer."""
    return {id: package for id, package, _ in held if package.offer_id == rule.offer_id}
