"""What the jobs of the clock look for: packages whose last valid day has passed, or of which a reminder is due.

Rows are candidates: a read table may lie behind its ledger, so a decision on the ledger follows each of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from sqlalchemy import ColumnElement, Select, Table, and_, or_, select

from domain.moments import local_day
from domain.package.reminders import remind_on
from projections.engine.definition import Row
from projections.engine.index_walk import there_is
from projections.engine.snapshot import Snapshot
from projections.models.card_columns import UNREMINDED, expiry_of
from projections.models.customers import CUSTOMERS
from projections.models.memberships import MEMBERSHIPS
from projections.models.packages import CARDS

READS = (CARDS.name, CUSTOMERS.name)

DueKey: TypeAlias = tuple[datetime, str]
"""Where a page ended: a moment, and the id of a stream."""
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Due:
    """A stream in which something may have to be recorded, at this version of it."""

    stream_id: str
    version: int


@dataclass(frozen=True, slots=True)
class DuePage:
    """Some of what is due. `after` is the key to go on from; None: there is no more."""

    due: Sequence[Due]
    after: DueKey | None


def lapsed(
    snapshot: Snapshot, business_id: str, *, now: datetime, after: DueKey | None, limit: int
) -> DuePage:
    """At most `limit` packages that expired by now without a fact that says so, earliest first."""
    cards = snapshot.tables[CARDS.name]
    rows = _rows(snapshot, _in_order(cards, business_id, after, limit).where(cards.c.lapses_at <= now))
    return DuePage([_due(row) for row in rows], _key(rows[-1]) if len(rows) == limit else None)


def to_be_renewed(
    snapshot: Snapshot, business_id: str, *, now: datetime, after: DueKey | None, limit: int
) -> DuePage:
    """At most `limit` memberships whose next period has begun, earliest first.

    `version` is the number of that period.
    """
    table = snapshot.tables[MEMBERSHIPS.name]
    query = select(table).where(table.c.business_id == business_id, table.c.next_at <= now)
    if after is not None:
        moment, id = after
        behind = or_(table.c.next_at > moment, table.c.membership_id > id)
        query = query.where(table.c.next_at >= moment, behind)
    rows = _rows(snapshot, query.order_by(table.c.next_at, table.c.membership_id).limit(limit))
    due = [Due(row["membership_id"], row["period"] + 1) for row in rows]
    last = (rows[-1]["next_at"], rows[-1]["membership_id"]) if len(rows) == limit else None
    return DuePage(due, last)


def to_be_reminded(
    snapshot: Snapshot,
    business_id: str,
    lead_days: int,
    *,
    now: datetime,
    after: DueKey | None,
    limit: int,
) -> DuePage:
    """Packages of which a reminder is due today in their own zone, soonest expiry first.

    Of the next `limit` packages that expire within the lead time, for customers to whom something may be sent.
    """
    cards = snapshot.tables[CARDS.name]
    # The exact day is judged below, row by row: days are not all equally long.
    soon = and_(cards.c.lapses_at > now, cards.c.lapses_at <= now + (lead_days + 2) * DAY)
    thawed = or_(cards.c.thaws_at.is_(None), cards.c.thaws_at <= now)
    reachable = _reachable(snapshot, cards)
    found = [
        row
        for reminded in (cards.c.reminded_lead == UNREMINDED, _longer_than(cards, lead_days))
        for row in _rows(
            snapshot,
            _in_order(cards, business_id, after, limit).where(reminded, soon, thawed, reachable),
        )
    ]
    rows = sorted(found, key=_key)[:limit]
    due = [_due(row) for row in rows if _is_due(row, lead_days, now)]
    return DuePage(due, _key(rows[-1]) if len(rows) == limit else None)


def _longer_than(cards: Table, lead_days: int) -> ColumnElement[bool]:
    """Reminded of this day already, but by a policy with a longer lead time."""
    return and_(cards.c.reminded_lead > lead_days, cards.c.reminded_lead < UNREMINDED)


def _reachable(snapshot: Snapshot, cards: Table) -> ColumnElement[bool]:
    """The customer of the card, or the one that it was merged into."""
    customers = snapshot.tables[CUSTOMERS.name]
    survivor = customers.alias("survivor")
    reachable = and_(customers.c.active.is_(True), customers.c.blocked.is_(False))
    instead = (
        select(survivor.c.customer_id)
        .where(
            survivor.c.business_id == cards.c.business_id,
            survivor.c.customer_id == customers.c.survivor_id,
            survivor.c.active.is_(True),
            survivor.c.blocked.is_(False),
        )
        .correlate(customers, cards)
        .exists()
    )
    return there_is(
        customers,
        customers.c.business_id == cards.c.business_id,
        customers.c.customer_id == cards.c.customer_id,
        or_(and_(customers.c.survivor_id.is_(None), reachable), instead),
    )


def _is_due(card: Row, lead_days: int, now: datetime) -> bool:
    today = local_day(now, card["time_zone"])
    last = expiry_of(card).on(today)
    return last is not None and remind_on(last, lead_days) <= today


def _in_order(cards: Table, business_id: str, after: DueKey | None, limit: int) -> Select[tuple[object, ...]]:
    query = select(cards).where(cards.c.business_id == business_id)
    if after is not None:
        moment, id = after
        behind = or_(cards.c.lapses_at > moment, cards.c.package_id > id)
        query = query.where(cards.c.lapses_at >= moment, behind)
    return query.order_by(cards.c.lapses_at, cards.c.package_id).limit(limit)


def _rows(snapshot: Snapshot, query: Select[tuple[object, ...]]) -> Sequence[Row]:
    return [dict(row) for row in snapshot.connection.execute(query).mappings()]


def _due(card: Row) -> Due:
    return Due(card["package_id"], card["version"])


def _key(card: Row) -> DueKey:
    return (card["lapses_at"], card["package_id"])
