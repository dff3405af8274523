"""What decided facts earn: from the facts of packages and bookings to facts of their customers' points.

    earned_by(decision.facts, books, at)  →  {customer id: [PointsAdded(…), PointsAdjusted(…)]}

One place for every command that may give or take back points by rule; `commands.py` puts it behind their
decisions, so that the points are in the same append as what caused them. A booking's visit is told by its own
facts (`booking.attendance_marked`), a use without a booking by `package.redeemed`.
"""

from collections.abc import Iterator, Mapping
from functools import reduce
from typing import Any

from domain.actor import Circumstances
from domain.booking.state import evolve as evolve_booking
from domain.claims import redemption_claims
from domain.ledger.books import Books
from domain.package.state import Package
from domain.package.state import evolve as evolve_package
from domain.points.earning import Cause, TakesBack, earned, of_booking, of_package
from domain.points.facts import AnyRewardsFact

Decided = Mapping[str, tuple[str, list[Any]]]
"""Stream id → (kind, its new facts)."""


def earned_by(decided: Decided, books: Books, at: Circumstances) -> dict[str, list[AnyRewardsFact]]:
    """New facts of points by customer. Nothing is read for a business that never had an earn rule.

    Raises NotLoaded.
    """
    of = books.business
    if not of.earns:
        return {}
    after = {
        id: _after(books.package(id), facts) for id, (kind, facts) in decided.items() if kind == "package"
    }
    caused: dict[str, list[Cause]] = {}
    for customer_id, cause in _causes(decided, after, books, at):
        caused.setdefault(customer_id, []).append(cause)
    found: dict[str, list[AnyRewardsFact]] = {}
    for customer_id, each in caused.items():
        account = books.rewards_of(customer_id)
        told = [
            cause for cause in each if account is None or _is_over(cause, account.additions, after, books)
        ]
        if facts := earned(account, told, of.policies.earn, of.policy_version):
            found[customer_id] = facts
    return found


def _after(before: Package | None, facts: list[Any]) -> Package:
    state = reduce(evolve_package, facts, before)
    assert state is not None, "its facts begin with package.purchased"
    return state


def _causes(
    decided: Decided, after: Mapping[str, Package], books: Books, at: Circumstances
) -> Iterator[tuple[str, Cause]]:
    def is_ours(booking_id: str) -> bool:
        return booking_id in decided or books.booking(booking_id) is not None

    for id, (kind, facts) in decided.items():
        if kind == "package":
            owner = after[id].customer_id
            yield from ((owner, cause) for cause in of_package(facts, id, after[id], is_ours))
        elif kind == "booking":
            booked = reduce(evolve_booking, facts, books.booking(id))
            assert booked is not None, "its facts begin with booking.made"
            yield from ((booked.customer_id, cause) for cause in of_booking(facts, id, booked, at.now))


def _is_over(cause: Cause, additions: Mapping[str, Any], after: Mapping[str, Package], books: Books) -> bool:
    """Whether nothing is left of what a cause undoes: a redemption may still use units of other packages."""
    if not isinstance(cause, TakesBack) or cause.kind != "visit" or not cause.id.startswith("red_"):
        return True
    if cause.entry_id not in additions:
        return False
    used = books.claimants(redemption_claims(cause.id), lambda state: cause.id in state.uses)
    return not any(
        state.uses[cause.id].restorable for state in {**used, **after}.values() if cause.id in state.uses
    )
