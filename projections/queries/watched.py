"""Packages that need watching now: those that expire soon, and those that are not paid.

    places = expiring(snapshot, business_id, first, last, now)      # narrow, of all of them
    cards = cards_at(snapshot, business_id, places[:50])

The same packages as `replay/reports/watchlist.py` folds from the ledger for any moment.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, or_, select

from domain.ledger.numbers import number_of
from projections.engine.definition import Row
from projections.engine.index_walk import unindexed, use_indexes
from projections.engine.snapshot import Snapshot
from projections.models.card_columns import still_owed
from projections.models.customers import CUSTOMERS
from projections.models.packages import CARDS
from projections.queries.merged import cards_as_owned, survivors_of
from projections.queries.packages import has_status

READS = (CARDS.name, CUSTOMERS.name)
NARROW = ("customer_id", "package_id", "remaining", "unused_value", "price", "covered", "paid")


class Watched(NamedTuple):
    """A package on the list, in the order in which the ledger tells customers."""

    customer: int
    """The number of the customer who has it."""
    customer_id: str
    package_id: str
    remaining: int
    unused_value: int
    price: int
    covered: int
    paid: int

    @property
    def owing(self) -> int:
        return still_owed(self.price, self.covered, self.paid)

    @property
    def place(self) -> tuple[int, str, str]:
        return self.customer, self.customer_id, self.package_id


def expiring(snapshot: Snapshot, business_id: str, first: date, last: date, now: datetime) -> list[Watched]:
    """Active packages whose last valid day lies between two days, both included. Raises the errors of the database."""
    cards = snapshot.tables[CARDS.name].c
    active = has_status(unindexed(cards.state), cards.valid_until, "active", now)
    # A freeze that ends by the clock moves the last day without a fact.
    as_written = [
        or_(cards.thaws_at.is_(None), cards.thaws_at > now),
        *_within(cards.expires_on, first, last),
    ]
    thawed = [cards.thaws_at <= now, *_within(cards.thawed_expires_on, first, last)]
    return _found(snapshot, business_id, [*as_written, *active], [*thawed, *active])


def _within(day: ColumnElement[str], first: date, last: date) -> list[ColumnElement[bool]]:
    # BETWEEN cannot take the collation that texts are compared by.
    return [day >= first.isoformat(), day <= last.isoformat()]


def outstanding(snapshot: Snapshot, business_id: str) -> list[Watched]:
    """Packages that are not cancelled and not paid in full. Raises the errors of the database."""
    return _found(snapshot, business_id, [snapshot.tables[CARDS.name].c.owing.is_(True)])


def _found(snapshot: Snapshot, business_id: str, *either: Sequence[ColumnElement[bool]]) -> list[Watched]:
    """The packages that meet all conditions of one of these sets, of which no package meets two."""
    cards = snapshot.tables[CARDS.name].c
    columns = [cards[name] for name in NARROW]
    use_indexes(snapshot.connection)
    rows: list[Any] = []
    for conditions in either:
        wanted = select(*columns).where(cards.business_id == business_id, *conditions)
        rows += snapshot.connection.execute(wanted)
    survivors = survivors_of(snapshot, business_id, {row.customer_id for row in rows})
    return sorted(_watched(survivors.get(row.customer_id, row.customer_id), row) for row in rows)


def _watched(customer_id: str, row: Any) -> Watched:
    return Watched(number_of(customer_id), customer_id, *row[1:])


def cards_at(snapshot: Snapshot, business_id: str, places: Collection[Watched]) -> Iterator[Row]:
    """The cards of these packages, in their order."""
    cards = snapshot.tables[CARDS.name]
    ids = [each.package_id for each in places]
    wanted = select(cards).where(cards.c.business_id == business_id, cards.c.package_id.in_(ids))
    rows = [dict(row) for row in snapshot.connection.execute(wanted).mappings()]
    by_id = {row["package_id"]: row for row in cards_as_owned(snapshot, business_id, rows)}
    return (by_id[id] for id in ids)
