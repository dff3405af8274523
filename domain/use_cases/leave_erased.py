"""Refusing facts about what an erased customer had, whatever verb asks for them."""

from domain.decision import Books, Decision
from domain.fact import Fact
from domain.package.facts import PackageExpired
from domain.points.state import customer_of
from domain.use_cases.checks import check_not_erased

STILL_RECORDED = frozenset[type[Fact]]({PackageExpired})
"""By the clock, whoever had the package."""


def check_left_erased(decision: Decision, books: Books) -> None:
    """Raises CustomerIsErased, NotLoaded."""
    new = {stream.id for stream in decision.streams if stream.kind != "points"}
    for id, (kind, facts) in decision.facts.items():
        if id in new or STILL_RECORDED.issuperset(map(type, facts)):
            continue
        owner_id = owner_of(kind, id, books)
        if owner_id is not None:
            check_not_erased(books.customer(owner_id), owner_id)


def owner_of(kind: str, id: str, books: Books) -> str | None:
    """The customer whose stream it is; None for what is nobody's own, and for a stream that is not there yet."""
    if kind == "customer":
        return id
    return customer_of(id) if kind == "points" else books.owner_of(id)
