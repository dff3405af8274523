"""Points that facts earn or take back by the business's rules, in the same append as those facts.

The visit of a booking comes from `booking.attendance_marked`, a use without a booking from
`package.redeemed`. The rules stand in `domain/points/earning.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from domain.actor import Circumstances
from domain.booking.facts import FACTS as BOOKING_FACTS
from domain.booking.state import Booking
from domain.booking.state import evolve as evolve_booking
from domain.business.state import Business
from domain.claims import redemption_claims
from domain.decision import NOTHING, Books, Decision, Peek, Reads
from domain.fact import Fact, fold
from domain.package.evolution import evolve as evolve_package
from domain.package.facts import FACTS as PACKAGE_FACTS
from domain.package.state import Package
from domain.points.earning import Cause, TakesBack, earned, of_booking, of_package
from domain.points.facts import PointsFact
from domain.points.state import account_id
from domain.use_cases.one_account import with_points
from domain.values import Value

CAUSES = frozenset[type[Fact]]((*PACKAGE_FACTS, *BOOKING_FACTS))
"""Facts that may earn points or take them back."""


def reads_accounts(
    known: Mapping[str, Any], commands: Sequence[Value], business_id: str, peek: Peek
) -> Reads:
    """The customers that may earn, with their accounts, where the business has or had rules."""
    business = known.get(business_id)
    if not (isinstance(business, Business) and business.earns):
        return NOTHING
    owners = [state.customer_id for state in known.values() if isinstance(state, Package | Booking)]
    named = [getattr(command, "customer_id", None) for command in commands]
    owners += [id for id in named if id]
    return Reads({id: 0 for owner in owners for id in (owner, account_id(owner))})


def earn_points(decision: Decision, books: Books, at: Circumstances) -> Decision:
    """The decision with the points that its facts earn or take back. Raises NotLoaded."""
    business = books.business
    if not business.earns:  # neither now nor earlier: nothing more is read
        return decision
    after = {
        id: fold(evolve_package, books.package(id), facts)
        for id, facts in decision.facts_of("package").items()
    }
    caused: dict[str, list[Cause]] = {}
    for customer_id, cause in _causes(decision, after, books, at):
        caused.setdefault(_holder(cause, customer_id, books), []).append(cause)
    points: dict[str, list[PointsFact]] = {}
    for customer_id, each in caused.items():
        account = books.own_points(customer_id)
        told = [
            cause for cause in each if account is None or _is_over(cause, account.additions, after, books)
        ]
        if facts := earned(account, told, business.policies.earn, business.policy_version):
            points[customer_id] = facts
    return with_points(decision, points, books) if points else decision


def _holder(cause: Cause, customer_id: str, books: Books) -> str:
    """The customer whose account has the entry of this cause already: an absorbed one's stays in its own account."""
    books.points_of(customer_id)
    customer = books.customer(customer_id)
    for id in customer.absorbed if customer is not None else ():
        account = books.own_points(id)
        if account is not None and account.holds(cause.entry_id):
            return id
    return customer_id


def _causes(
    decision: Decision, after: Mapping[str, Package], books: Books, at: Circumstances
) -> Iterator[tuple[str, Cause]]:
    """(customer, cause), in the order of the facts."""

    def is_ours(booking_id: str) -> bool:
        return booking_id in decision.facts or books.booking(booking_id) is not None

    packages, bookings = decision.facts_of("package"), decision.facts_of("booking")
    for id in decision.facts:
        if id in packages:
            owner_id = after[id].customer_id
            yield from ((owner_id, cause) for cause in of_package(packages[id], id, after[id], is_ours))
        elif id in bookings:
            booked = fold(evolve_booking, books.booking(id), bookings[id])
            yield from ((booked.customer_id, cause) for cause in of_booking(bookings[id], id, booked, at.now))


def _is_over(cause: Cause, additions: Mapping[str, Any], after: Mapping[str, Package], books: Books) -> bool:
    """Whether a cause undoes its source in full: a redemption may still use units of other packages."""
    if not isinstance(cause, TakesBack) or cause.kind != "visit" or not cause.id.startswith("red_"):
        return True
    if cause.entry_id not in additions:
        return False
    used = books.claimants(redemption_claims(cause.id), lambda state: cause.id in state.uses)
    return not any(
        state.uses[cause.id].in_use for state in {**used, **after}.values() if cause.id in state.uses
    )
