"""Entries of an account of points, as answers."""

from typing import Literal

from api.http.ledger_types import Books
from api.http.new_values import NewId
from api.resources.parts import LocalTime, People, local
from domain.moments import local_day, rfc3339
from domain.points.facts import PointsSource
from domain.values import Value
from projections.engine.definition import Row

Action = Literal["added", "redeemed", "adjusted"]


class RewardedBy(Value):
    """Who gave or took the points: a person at the desk, or a rule or another program (S149)."""

    id: str | None
    """The member of staff or the key; a rule has none."""
    name: str | None
    """Of the person, or of the key."""
    kind: Literal["staff", "system"]


class PointsRow(LocalTime):
    """One entry of the account. `total` is the balance after it, in the order of recording (S147, S148)."""

    id: NewId
    date: str
    """The same as `local_date`, in the business's zone."""
    effective_at: str
    points: int
    """Signed."""
    action: Action
    total: int
    rewarded_by: RewardedBy
    reason: str | None
    """`(erased)` once it is; null to those who may not see people's data."""
    source: PointsSource | None
    """The payment, package, redemption or booking they were for; for points by hand the name given."""


class PointsMoved(PointsRow):
    """The new entry, and what the account came to."""

    customer_id: str
    balance: int
    version: int


def points_of(books: Books, customer_id: str) -> int:
    """The balance of a customer, as the books stand. Raises NotLoaded where the account was not read."""
    account = books.points_of(customer_id)
    return 0 if account is None else account.balance


def shown_row(told: Row, zone: str, people: People, reason: str | None) -> PointsRow:
    actor_id = told["actor_id"]
    return PointsRow(
        **{name: told[name] for name in ("id", "points", "action", "total")},
        date=local_day(told["effective_at"], zone).isoformat(),
        effective_at=rfc3339(told["effective_at"]),
        **local(told["effective_at"], zone),
        rewarded_by=RewardedBy(id=actor_id, name=people.get(actor_id or "", {}).get("name"), kind=told["by"]),
        reason=reason,
        source=None if told["source"] is None else PointsSource(**told["source"]),
    )
