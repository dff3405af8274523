"""A page of bookings, each by its place in the list and by what tells whether its answer has changed.

An answer changes with the facts of the booking, of its customer and of its service. Whoever keeps what was made of it
compares these, and reads the rows that have changed (`bookings_at`). Other filters than one value of one column and a
range, and businesses that merged customers, need `find_bookings`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Dialect, Integer, Table, Text, select

from projections.engine.definition import Moment
from projections.engine.questions import Asked, Question, composed, given
from projections.engine.snapshot import Snapshot
from projections.models.bookings import BOOKINGS
from projections.models.customers import CUSTOMERS
from projections.models.services import SERVICES
from projections.queries.bookings import EQUAL, BookingFilter, StartKey, is_behind
from projections.queries.ranges import RangeShape
from projections.queries.rows_by_id import WithHouseholds, rows_with_households, somebody_merged


class Place(NamedTuple):
    """A booking in the list, and the versions that its answer follows from."""

    booking_id: str
    starts_at: datetime
    row: tuple[Any, ...]
    """Equal for two bookings whose answers are the same, names of people and locations aside."""
    customer_version: int | None
    """What is known of the customer and the household has changed where this has; None for an erased one."""
    staff_id: str | None


@dataclass(frozen=True, slots=True)
class PlacesOf:
    """A question for the places of a page in order of start, behind the key `after`."""

    wanted: BookingFilter
    after: StartKey | None
    limit: int

    @property
    def is_short(self) -> bool:
        """Whether `first` asks it."""
        return self._equal() is not None

    def _equal(self) -> dict[str, tuple[Any, ...]] | None:
        """The columns that are compared, at most one, with the value; None for other filters."""
        equal = {name: values for name in EQUAL if (values := getattr(self.wanted, name))}
        if self.wanted.package_id or len(equal) > 1 or any(len(values) > 1 for values in equal.values()):
            return None
        return equal

    def first(self, dialect: Dialect, business_id: str, tables: Mapping[str, Table]) -> list[Asked]:
        """The question for a new snapshot of bookings, customers, services; none where only `find_bookings` knows."""
        equal = self._equal()
        if equal is None:
            return []
        column, (wanted,) = next(iter(equal.items()), (None, (None,)))
        values = {"business_id": business_id, "limit": self.limit, "wanted": wanted}
        values |= self.wanted.starts.values()
        if self.after is not None:
            values["after_moment"], values["after_id"] = self.after
        read = (tables[BOOKINGS.name], tables[CUSTOMERS.name], tables[SERVICES.name])
        shape = self.wanted.starts.shape
        return [_question(read, dialect, column, shape, self.after is not None).with_(**values)]


def places_in(snapshot: Snapshot) -> list[Place] | None:
    """The answer to `PlacesOf.first`; None where it was not asked, or has to be found by `find_bookings`."""
    rows = snapshot.first[0] if snapshot.first else []
    if not rows or rows[0]["merged"]:
        return None
    table = snapshot.checkpoints[BOOKINGS.name]
    of_row = table.physical, table.generation
    return [
        Place(
            row["booking_id"],
            row["starts_at"],
            (*of_row, row["version"], row["rules"], row["service_version"]),
            row["customer_version"],
            row["staff_id"],
        )
        for row in rows
    ]


@lru_cache(maxsize=256)
def _question(
    read: tuple[Table, Table, Table],
    dialect: Dialect,
    column: str | None,
    starts: RangeShape,
    follows: bool,
) -> Question:
    bookings, customers, services = read
    b, business_id = bookings.c, given("business_id", Text())
    conditions = [b.business_id == business_id]
    if column is not None:
        conditions.append(b[column] == given("wanted", b[column].type))
    conditions += starts.conditions(b.starts_at, b.local_date)
    if follows:
        conditions.append(is_behind(bookings, (given("after_moment", Moment()), given("after_id", Text()))))
    booker = customers.c.business_id == b.business_id, customers.c.customer_id == b.customer_id
    booked = services.c.business_id == b.business_id, services.c.service_id == b.service_id
    asked = (
        select(
            b.booking_id,
            b.starts_at,
            b.version,
            b.rules,
            b.staff_id,
            select(services.c.version).where(*booked).scalar_subquery().label("service_version"),
            select(customers.c.version).where(*booker).scalar_subquery().label("customer_version"),
            somebody_merged(customers).label("merged"),
        )
        .where(*conditions)
        .order_by(b.starts_at, b.booking_id)
        .limit(given("limit", Integer()))
    )
    return composed(asked, dialect)


def bookings_at(snapshot: Snapshot, business_id: str, booking_ids: Sequence[str]) -> WithHouseholds:
    """These bookings, in no order, with the households of their customers."""
    return rows_with_households(snapshot, BOOKINGS.name, "booking_id", business_id, booking_ids)
