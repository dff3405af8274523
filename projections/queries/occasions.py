"""Candidates for messages that need a consent: bookings that begin soon, and customers who may be greeted."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, FromClause, and_, or_, select

from projections.engine.index_walk import there_is
from projections.engine.snapshot import Snapshot
from projections.models.bookings import BOOKINGS
from projections.models.customers import CUSTOMERS
from projections.queries.due import Due, DueKey, DuePage


@dataclass(frozen=True, slots=True)
class Beginning(Due):
    """A booking that begins soon, as the read table has it."""

    starts_at: datetime


READS = (BOOKINGS.name, CUSTOMERS.name)


def beginning_soon(
    snapshot: Snapshot,
    business_id: str,
    *,
    now: datetime,
    until: datetime,
    after: DueKey | None,
    limit: int,
) -> DuePage:
    """At most `limit` bookings that begin by then, soonest first, of customers who agreed to be reminded.

    A merged one agreed if the survivor did.
    """
    bookings, customers = snapshot.tables[BOOKINGS.name], snapshot.tables[CUSTOMERS.name]
    own, survivors = customers.alias(), customers.alias()
    its_customer = (
        own.c.business_id == bookings.c.business_id,
        own.c.customer_id == bookings.c.customer_id,
    )
    survivor = select(own.c.survivor_id).where(*its_customer).correlate(bookings).scalar_subquery()
    agreed = or_(
        there_is(own, *its_customer, own.c.survivor_id.is_(None), *_agrees(own)),
        there_is(
            survivors,
            survivors.c.business_id == bookings.c.business_id,
            survivors.c.customer_id == survivor,
            *_agrees(survivors),
        ),
    )
    starts_at, id = bookings.c.starts_at, bookings.c.booking_id
    open_ones = bookings.c.status.in_(("pending", "confirmed"))
    query = select(id, starts_at, bookings.c.version).where(
        bookings.c.business_id == business_id, open_ones, starts_at > now, starts_at <= until, agreed
    )
    if after is not None:
        query = query.where(or_(starts_at > after[0], and_(starts_at == after[0], id > after[1])))
    rows = snapshot.connection.execute(query.order_by(starts_at, id).limit(limit)).all()
    last = (rows[-1].starts_at, rows[-1].booking_id) if len(rows) == limit else None
    return DuePage([Beginning(row.booking_id, row.version, row.starts_at) for row in rows], last)


def _agrees(customers: FromClause) -> tuple[ColumnElement[bool], ...]:
    return (
        customers.c.session_reminder.is_(True),
        customers.c.active.is_(True),
        customers.c.blocked.is_(False),
    )


def who_may_be_greeted(
    snapshot: Snapshot, business_id: str, *, now: datetime, after: DueKey | None, limit: int
) -> DuePage:
    """At most `limit` customers who agreed to be greeted, in the order of their ids."""
    customers = snapshot.tables[CUSTOMERS.name]
    id = customers.c.customer_id
    query = select(id, customers.c.version).where(
        customers.c.business_id == business_id,
        customers.c.birthday.is_(True),
        customers.c.survivor_id.is_(None),
        customers.c.active.is_(True),
        customers.c.blocked.is_(False),
    )
    if after is not None:
        query = query.where(id > after[1])
    rows = snapshot.connection.execute(query.order_by(id).limit(limit)).all()
    last = (now, rows[-1].customer_id) if len(rows) == limit else None
    return DuePage([Due(row.customer_id, row.version) for row in rows], last)
