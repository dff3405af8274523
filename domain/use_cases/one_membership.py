"""Shared by every verb on one membership: what it reads, and the decision."""

from domain.actor import Circumstances
from domain.claims import Claim, plan_claims
from domain.decision import Books, Decision, NewStream, Peek, Reads
from domain.fact import Fact, fold
from domain.membership.commands import OnMembership, RenewMembership
from domain.membership.pause import Facts
from domain.membership.renewal import Renewal, renew
from domain.membership.state import Membership, evolve, period_package
from domain.package.checks import check_room
from domain.package.state import Package
from domain.people.facts import MembershipsChanged
from domain.people.state import Customer
from domain.use_cases.checks import check_unused, known_customer, known_package
from domain.use_cases.offer_lines import service_ids, services_of
from domain.use_cases.texts import texts_of


def reads_membership(command: OnMembership, business_id: str, peek: Peek) -> Reads:
    """The business, the membership and, where it is cached, its customer and the package of its period."""
    streams = {business_id: 0, command.membership_id: 0}
    known = peek(command.membership_id)
    if isinstance(known, Membership):
        streams |= {known.customer_id: 0} | ({known.package_id: 0} if known.package_id else {})
    return Reads(streams, with_customers=True)


def package_of(state: Membership, books: Books) -> Package | None:
    """The package of its period; None before the first one."""
    return None if state.package_id is None else known_package(books, state.package_id)


def both(
    command: OnMembership, state: Membership, package: Package | None, facts: Facts, books: Books
) -> Decision:
    """The facts of a membership and of the package of its period, in one append. Raises LimitReached."""
    of_membership, of_package = facts
    made: dict[str, tuple[str, list[Fact]]] = {command.membership_id: ("membership", list(of_membership))}
    after = fold(evolve, state, of_membership)
    if after.renews != state.renews:
        customer = known_customer(books, state.customer_id)
        named = named_by(customer, command.membership_id, renews=after.renews)
        made[state.customer_id] = ("customer", [named])
    if package is not None and state.package_id is not None and of_package:
        check_room(package, len(of_package), kept=False)
        made[state.package_id] = ("package", list(of_package))
    texts = texts_of(command, state.customer_id) if of_membership else ()
    return Decision(made, texts=texts)


def named_by(customer: Customer, membership_id: str, *, renews: bool) -> MembershipsChanged:
    """What a customer is told where one of its memberships begins to renew, or renews no more."""
    others = tuple(id for id in customer.memberships if id != membership_id)
    return MembershipsChanged(memberships=(*others, membership_id) if renews else others)


def period_granted(state: Membership, command: RenewMembership, books: Books, at: Circumstances) -> Decision:
    """The next period, as `renew` decides it; nothing where the period asked for is granted.

    Raises IdTaken, and what `renew` raises.
    """
    if command.period is not None and command.period <= state.period:
        return Decision({command.membership_id: ("membership", [])})
    numbers = plan_claims(state.customer_id, state.plan_id)
    package_id = period_package(command.membership_id, state.period + 1)
    check_unused(books, package_id)
    seen = Renewal(
        business=books.business,
        customer=known_customer(books, state.customer_id),
        services=services_of(state.plan.lines, books),
        previous=package_of(state, books),
        purchase_number=books.count(numbers) + 1,
    )
    return Decision(
        renew(state, command, seen, at),
        claims=(Claim(f"{numbers}{seen.purchase_number}", package_id),),
        streams=(NewStream("package", package_id, state.customer_id),),
    )


def reads_period(state: Membership, membership_id: str, periods: int = 1) -> Reads:
    """What `period_granted` reads beside the membership, for so many periods in turn."""
    streams = [state.customer_id, *service_ids(state.plan.lines)]
    streams += [period_package(membership_id, state.period + n) for n in range(1, periods + 1)]
    return Reads(dict.fromkeys(streams, 0), counted=(plan_claims(state.customer_id, state.plan_id),))
