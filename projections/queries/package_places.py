"""A page of packages, each by its place in the list and by what tells whether its card has changed.

A card changes with the facts of its package, the rules of its zone, and its customer. Whoever keeps what was made of it
compares these, and reads the cards that have changed (`cards_at`). Lists that are filtered by more than one value, and
those of businesses that merged customers, are found by `find_packages` alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Dialect, Integer, Table, Text, select

from domain.package.state import Status
from projections.engine.definition import Moment
from projections.engine.questions import Asked, Question, composed, given
from projections.engine.snapshot import Snapshot
from projections.models.customers import CUSTOMERS
from projections.models.packages import CARDS
from projections.queries.packages import PackageFilter, PurchaseKey, equal_columns, has_status, is_behind
from projections.queries.ranges import Range, RangeShape
from projections.queries.rows_by_id import WithHouseholds, rows_with_households, somebody_merged


class Place(NamedTuple):
    """A package in the list, and the versions that its card follows from."""

    package_id: str
    purchased_at: datetime
    card: tuple[Any, ...]
    """Equal for two cards that are the same, names of people aside."""
    customer_version: int | None
    """What is known of the customer and the household has changed where this has; None for an erased one."""


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a question is composed of."""

    column: str | None
    status: Status | None
    purchases: RangeShape
    follows: bool


@dataclass(frozen=True, slots=True)
class PlacesOf:
    """A question for the places of a page, latest purchase first, behind the key `after`."""

    wanted: PackageFilter
    now: datetime
    after: PurchaseKey | None
    limit: int

    @property
    def is_short(self) -> bool:
        """Whether `first` asks it."""
        return self._shape() is not None

    def first(self, dialect: Dialect, business_id: str, tables: Mapping[str, Table]) -> list[Asked]:
        """The question for a new snapshot of cards and customers; none where only `find_packages` knows."""
        shape = self._shape()
        if shape is None:
            return []
        values: dict[str, Any] = {"business_id": business_id, "now": self.now, "limit": self.limit}
        values |= self._purchases().values()
        if shape.column is not None:
            ((_, (value,)),) = equal_columns(self.wanted).items()
            values["wanted"] = value
        if self.after is not None:
            values["after_moment"], values["after_id"] = self.after
        return [_question(tables[CARDS.name], tables[CUSTOMERS.name], dialect, shape).with_(**values)]

    def _shape(self) -> _Shape | None:
        wanted, equal = self.wanted, equal_columns(self.wanted)
        other = wanted.service_id or wanted.expires_from is not None or wanted.expires_to is not None
        filters = [*equal.values(), *([wanted.status] if wanted.status else [])]
        if other or len(filters) > 1 or any(len(values) > 1 for values in filters):
            return None
        return _Shape(
            next(iter(equal), None),
            wanted.status[0] if wanted.status else None,
            self._purchases().shape,
            self.after is not None,
        )

    def _purchases(self) -> Range:
        return Range(self.wanted.purchased_from, self.wanted.purchased_to)


def places_in(snapshot: Snapshot) -> list[Place] | None:
    """The answer to `PlacesOf.first`; None where it was not asked, or has to be found by `find_packages`."""
    rows = snapshot.first[0] if snapshot.first else []
    if not rows or rows[0]["merged"]:  # who no longer has a package may be another name of somebody
        return None
    table = snapshot.checkpoints[CARDS.name]
    return [
        Place(
            row["package_id"],
            row["purchased_at"],
            (table.physical, table.generation, row["version"], row["rules"]),
            row["customer_version"],
        )
        for row in rows
    ]


@lru_cache(maxsize=256)
def _question(cards: Table, customers: Table, dialect: Dialect, shape: _Shape) -> Question:
    c, business_id = cards.c, given("business_id", Text())
    conditions = [c.business_id == business_id]
    if shape.column is not None:
        conditions.append(c[shape.column] == given("wanted", c[shape.column].type))
    if shape.status is not None:
        conditions += has_status(c.state, c.valid_until, shape.status, given("now", Moment()))
    conditions += shape.purchases.conditions(c.purchased_at, c.purchased_on)
    if shape.follows:
        moment, id = given("after_moment", Moment()), given("after_id", Text())
        conditions += [c.purchased_at <= moment, is_behind(c.purchased_at, c.package_id, (moment, id))]
    theirs = customers.c.business_id == c.business_id, customers.c.customer_id == c.customer_id
    version = select(customers.c.version).where(*theirs).scalar_subquery()
    asked = (
        select(
            c.package_id,
            c.purchased_at,
            c.version,
            c.rules,
            version.label("customer_version"),
            somebody_merged(customers).label("merged"),
        )
        .where(*conditions)
        .order_by(c.purchased_at.desc(), c.package_id.desc())
        .limit(given("limit", Integer()))
    )
    return composed(asked, dialect)


def cards_at(snapshot: Snapshot, business_id: str, package_ids: Sequence[str]) -> WithHouseholds:
    """The cards of these packages, in no order, with the households of their customers."""
    return rows_with_households(snapshot, CARDS.name, "package_id", business_id, package_ids)
