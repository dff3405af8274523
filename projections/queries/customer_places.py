"""A page of customers, each by its id and by what tells whether its answer has changed.

An answer changes with the facts of the customer, the balance of points and the number of active packages. Whoever keeps
what was made of it compares these, and reads the rows that have changed (`customers_at`). Other filters than one value
of one column, and businesses that merged customers, need `find_customers`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Dialect, Integer, Table, Text, func, select

from projections.engine.definition import Moment, Row
from projections.engine.index_walk import unindexed
from projections.engine.questions import Asked, Question, composed, given
from projections.engine.snapshot import Snapshot
from projections.models.customers import CUSTOMERS
from projections.models.packages import CARDS
from projections.models.points import POINTS
from projections.queries.customers import CustomerFilter
from projections.queries.packages import has_status
from projections.queries.rows_by_id import rows_by_id, somebody_merged

COLUMNS = ("category", "active", "blocked", "external_ref", "import_id")
"""Filters that compare the column of their name."""


class Place(NamedTuple):
    """A customer in the list, and what its answer follows from, names of people aside."""

    customer_id: str
    row: tuple[Any, ...]
    points: int
    active_packages: int


@dataclass(frozen=True, slots=True)
class PlacesOf:
    """A question for the places of a page, in the order of their ids, behind the id `after`."""

    filters: Sequence[CustomerFilter]
    now: datetime
    after: str | None
    limit: int

    @property
    def is_short(self) -> bool:
        """Whether `first` asks it."""
        return _equal(self.filters) is not None

    def first(self, dialect: Dialect, business_id: str, tables: Mapping[str, Table]) -> list[Asked]:
        """The question for a new snapshot of customers, cards and points; none where only `find_customers` knows."""
        equal = _equal(self.filters)
        if equal is None:
            return []
        values = {"business_id": business_id, "now": self.now, "limit": self.limit, "after": self.after}
        (column, value), *others = (*equal.items(), (None, None))
        read = tuple(tables[each.name] for each in (CUSTOMERS, CARDS, POINTS))
        question = _question(read, dialect, column, self.after is not None)
        assert len(others) <= 1, "one filter"
        return [question.with_(**values, wanted=value)]


def _equal(filters: Sequence[CustomerFilter]) -> dict[str, Any] | None:
    """The column that is compared, and the value, at most one; None for other filters."""
    equal: dict[str, Any] = {}
    nothing = CustomerFilter()
    for wanted in filters:
        for name in (each.name for each in fields(wanted)):
            value = getattr(wanted, name)
            if value == getattr(nothing, name):
                continue
            several = isinstance(value, tuple)
            if equal or (several and len(value) > 1) or name not in (*COLUMNS, "consent"):
                return None
            (value,) = value if several else (value,)
            equal |= {value: True} if name == "consent" else {name: value}
    return equal


def places_in(snapshot: Snapshot) -> list[Place] | None:
    """The answer to `PlacesOf.first`; None where it was not asked, or has to be found by `find_customers`."""
    rows = snapshot.first[0] if snapshot.first else []
    if not rows or rows[0]["merged"]:
        return None
    table = snapshot.checkpoints[CUSTOMERS.name]
    return [
        Place(
            row["customer_id"],
            (table.physical, table.generation, row["version"]),
            row["points"] or 0,
            row["active_packages"],
        )
        for row in rows
    ]


@lru_cache(maxsize=256)
def _question(
    read: tuple[Table, Table, Table], dialect: Dialect, column: str | None, follows: bool
) -> Question:
    customers, cards, points = read
    c, business_id = customers.c, given("business_id", Text())
    conditions = [c.business_id == business_id]
    if column is not None:
        conditions.append(c[column] == given("wanted", c[column].type))
    if follows:
        conditions.append(c.customer_id > given("after", Text()))
    balance = select(points.c.balance).where(
        points.c.business_id == c.business_id, points.c.customer_id == c.customer_id
    )
    active = select(func.count()).where(
        cards.c.business_id == c.business_id,
        cards.c.customer_id == c.customer_id,
        *has_status(unindexed(cards.c.state), cards.c.valid_until, "active", given("now", Moment())),
    )
    asked = (
        select(
            c.customer_id,
            c.version,
            balance.scalar_subquery().label("points"),
            active.scalar_subquery().label("active_packages"),
            somebody_merged(customers).label("merged"),
        )
        .where(*conditions)
        .order_by(c.customer_id)
        .limit(given("limit", Integer()))
    )
    return composed(asked, dialect)


def customers_at(snapshot: Snapshot, business_id: str, ids: Sequence[str]) -> list[Row]:
    """The rows of these customers, in no order."""
    return rows_by_id(snapshot, CUSTOMERS.name, "customer_id", business_id, ids)
