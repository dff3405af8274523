"""The list of bookings across customers, with every filter, in order of start."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, func, or_, select

from domain.booking.facts import Status
from domain.catalogue.facts import ServiceTerms
from domain.people.state import in_person
from projections.engine.definition import Row
from projections.engine.snapshot import Snapshot
from projections.models.bookings import BOOKING_PACKAGES, BOOKINGS
from projections.models.customers import CUSTOMERS
from projections.models.packages import CARDS
from projections.models.services import SERVICES
from projections.queries.merged import as_owned, cards_as_owned, with_other_names
from projections.queries.ranges import ALWAYS, Range

READS = (BOOKINGS.name, BOOKING_PACKAGES.name, SERVICES.name, CARDS.name, CUSTOMERS.name)
"""The read models that a list of bookings is made from."""

StartKey = tuple[datetime, str]
"""Where a page ended: start and booking id."""


@dataclass(frozen=True, slots=True)
class BookingFilter:
    """The filters of a list of bookings, combined with AND; the values of one filter with OR."""

    customer_id: tuple[str, ...] = ()
    service_id: tuple[str, ...] = ()
    staff_id: tuple[str, ...] = ()
    location_id: tuple[str, ...] = ()
    participant_id: tuple[str, ...] = ()
    package_id: tuple[str, ...] = ()
    status: tuple[Status, ...] = ()
    attendance: tuple[str, ...] = ()
    starts: Range = ALWAYS
    """When they start; a day is the booking's own."""
    external_ref: tuple[str, ...] = ()


def find_bookings(
    snapshot: Snapshot,
    business_id: str,
    wanted: BookingFilter,
    *,
    after: StartKey | None,
    limit: int,
    latest_first: bool = False,
) -> list[Row]:
    """At most `limit` bookings in order of start, behind the key `after`.

    Several values of one filter are read one by one, each as far as the page needs, and merged: an index is in the
    order of the list for one value at a time.
    """
    meant = replace(
        wanted,
        customer_id=with_other_names(snapshot, business_id, wanted.customer_id),
        participant_id=_with_other_persons(snapshot, business_id, wanted.participant_id),
    )
    return as_owned(snapshot, business_id, _found(snapshot, business_id, meant, after, limit, latest_first))


def _with_other_persons(snapshot: Snapshot, business_id: str, ids: Sequence[str]) -> tuple[str, ...]:
    """Participants, with those who are the same customer in person."""
    persons = ["cus_" + id.removeprefix("par_") for id in ids]
    names = with_other_names(snapshot, business_id, persons)
    return tuple(dict.fromkeys((*ids, *map(in_person, names)))) if set(names) - set(persons) else tuple(ids)


def _found(
    snapshot: Snapshot,
    business_id: str,
    wanted: BookingFilter,
    after: StartKey | None,
    limit: int,
    latest_first: bool,
) -> list[Row]:
    several = next((name for name in WALKED if len(getattr(wanted, name)) > 1), None)
    if several is None:
        return _walk(snapshot, business_id, wanted, after, limit, latest_first)
    found: dict[str, Row] = {}
    for value in getattr(wanted, several):
        one: Any = {several: (value,)}
        rows = _walk(snapshot, business_id, replace(wanted, **one), after, limit, latest_first)
        found |= {row["booking_id"]: row for row in rows}
    in_order = sorted(found.values(), key=_key, reverse=latest_first)
    return in_order[:limit]


WALKED = ("customer_id", "participant_id", "staff_id", "service_id", "status", "location_id", "attendance")
"""Filters with an index in the order of the list, the narrowest first."""
EQUAL = (*WALKED, "external_ref")
"""Filters that compare the column of their name."""


def _key(row: Row) -> StartKey:
    return row["starts_at"], row["booking_id"]


def _walk(
    snapshot: Snapshot,
    business_id: str,
    wanted: BookingFilter,
    after: StartKey | None,
    limit: int,
    latest_first: bool,
) -> list[Row]:
    bookings = snapshot.tables[BOOKINGS.name]
    key = (bookings.c.starts_at, bookings.c.booking_id)
    conditions = _conditions(bookings, snapshot.tables[BOOKING_PACKAGES.name], wanted)
    query = (
        select(bookings)
        .where(bookings.c.business_id == business_id, *conditions)
        .order_by(*(column.desc() if latest_first else column for column in key))
        .limit(limit)
    )
    if after is not None:
        query = query.where(is_behind(bookings, after, latest_first))
    return [dict(row) for row in snapshot.connection.execute(query).mappings()]


def is_behind(
    bookings: Table,
    after: tuple[datetime | ColumnElement[datetime], str | ColumnElement[str]],
    latest_first: bool = False,
) -> ColumnElement[bool]:
    starts_at, booking_id = after
    first, then = bookings.c.starts_at, bookings.c.booking_id
    # The first condition of each pair lets the index begin at the key.
    if latest_first:
        return and_(first <= starts_at, or_(first < starts_at, then < booking_id))
    return and_(first >= starts_at, or_(first > starts_at, then > booking_id))


def _conditions(bookings: Table, paid: Table, wanted: BookingFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for column in EQUAL:
        if values := getattr(wanted, column):
            only = bookings.c[column]
            conditions.append(only == values[0] if len(values) == 1 else only.in_(values))
    if wanted.package_id:
        paying = select(paid.c.booking_id).where(
            paid.c.business_id == bookings.c.business_id, paid.c.package_id.in_(wanted.package_id)
        )
        conditions.append(bookings.c.booking_id.in_(paying))
    return [*conditions, *starting(bookings, wanted.starts)]


def starting(bookings: Table, range: Range) -> Iterator[ColumnElement[bool]]:
    """Conditions of bookings that start in a range; days are those of each booking's own zone."""
    yield from range.moments(bookings.c.starts_at)
    yield from range.days(bookings.c.local_date)


def count_upcoming(snapshot: Snapshot, business_id: str, customer_id: str, now: datetime) -> int:
    """Pending and confirmed bookings of a customer, by any of its names, that begin now or later."""
    bookings = snapshot.tables[BOOKINGS.name]
    names = with_other_names(snapshot, business_id, (customer_id,))
    query = select(func.count()).where(
        bookings.c.business_id == business_id,
        bookings.c.customer_id.in_(names),
        bookings.c.starts_at >= now,
        bookings.c.status.in_(("pending", "confirmed")),
    )
    return int(snapshot.connection.execute(query).scalar_one())


# Joins from other read models


def services_in(snapshot: Snapshot, business_id: str, rows: Sequence[Row]) -> dict[str, ServiceTerms]:
    """Service id → its terms as they are now, for the services of these bookings."""
    services = snapshot.tables[SERVICES.name]
    booked = services.c.service_id.in_(sorted({row["service_id"] for row in rows}))
    query = select(services.c.service_id, services.c.terms).where(
        services.c.business_id == business_id, booked
    )
    found = snapshot.connection.execute(query)
    return {id: ServiceTerms.model_validate_json(terms) for id, terms in found}


def paying_in(snapshot: Snapshot, business_id: str, rows: Sequence[Row]) -> dict[str, Row]:
    """Package id → name, purchase number and origin, for the packages that pay for these bookings."""
    cards = snapshot.tables[CARDS.name]
    paying = cards.c.package_id.in_(
        sorted({source["package_id"] for row in rows for source in row["sources"]})
    )
    query = select(
        cards.c.package_id,
        cards.c.customer_id,
        cards.c.name,
        cards.c.purchase_number,
        cards.c.origin,
        cards.c.origin_id,
    )
    found = snapshot.connection.execute(query.where(cards.c.business_id == business_id, paying))
    rows_found = cards_as_owned(snapshot, business_id, [dict(row) for row in found.mappings()])
    return {row["package_id"]: row for row in rows_found}
