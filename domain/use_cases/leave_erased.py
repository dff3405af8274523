"""Refusing facts about what an erased customer had, whatever verb asks for them."""

from domain.actor import Circumstances
from domain.booking.state import Booking
from domain.decision import Books, Decision
from domain.membership.state import Membership
from domain.package.facts import PackageExpired
from domain.package.state import Package
from domain.points.state import customer_of
from domain.top_up.state import TopUp
from domain.use_cases.checks import check_not_erased


def leave_erased(decision: Decision, books: Books, _: Circumstances) -> Decision:
    """The same decision. Only the clock still records that a package has expired.

    Raises CustomerIsErased, NotLoaded.
    """
    new = {stream.id for stream in decision.streams if stream.kind != "points"}
    for id, (kind, facts) in decision.facts.items():
        if id in new or all(isinstance(fact, PackageExpired) for fact in facts):
            continue
        owner_id = owner_of(kind, id, books)
        if owner_id is not None:
            check_not_erased(books.customer(owner_id), owner_id)
    return decision


def owner_of(kind: str, id: str, books: Books) -> str | None:
    """The customer whose stream it is; None for what is nobody's own, and for a stream that is not there yet."""
    if kind == "customer":
        return id
    if kind == "points":
        return customer_of(id)
    state: Booking | Membership | Package | TopUp | None = None
    if kind == "package":
        state = books.package(id)
    elif kind == "booking":
        state = books.booking(id)
    elif kind == "membership":
        state = books.membership(id)
    elif kind == "top_up":
        state = books.top_up(id)
    return None if state is None else state.customer_id
