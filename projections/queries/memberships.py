"""Memberships: the list with its filters, those of a customer, and those whose next period is due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never

from sqlalchemy import ColumnElement, Table, and_, or_

from domain.membership.state import MembershipStatus
from projections.engine.definition import Row
from projections.engine.paging import in_order
from projections.engine.snapshot import Snapshot
from projections.models.customers import CUSTOMERS
from projections.models.memberships import MEMBERSHIPS
from projections.queries.merged import as_owned, with_other_names

READS = (MEMBERSHIPS.name, CUSTOMERS.name)
"""The read models that a list of memberships is made from."""


@dataclass(frozen=True)
class MembershipFilter:
    """Filters combine with AND; several values of one match any of them."""

    customer_id: tuple[str, ...] = ()
    plan_id: tuple[str, ...] = ()
    status: tuple[MembershipStatus, ...] = ()
    due: bool | None = None
    """Whether the next period has begun, and waits for its package."""


def find_memberships(
    snapshot: Snapshot,
    business_id: str,
    wanted: MembershipFilter,
    *,
    now: datetime,
    after: Sequence[Any] | None,
    limit: int,
) -> list[Row]:
    """At most `limit` memberships behind the key `after` (position), in the order they were started."""
    table = snapshot.tables[MEMBERSHIPS.name]
    filters: list[ColumnElement[bool]] = []
    if wanted.customer_id:
        names = with_other_names(snapshot, business_id, wanted.customer_id)
        filters.append(table.c.customer_id.in_(names))
    if wanted.plan_id:
        filters.append(table.c.plan_id.in_(wanted.plan_id))
    if wanted.status:
        filters.append(or_(*(_has(table, status, now) for status in wanted.status)))
    if wanted.due is not None:
        due = and_(table.c.next_at.is_not(None), table.c.next_at <= now)
        filters.append(due if wanted.due else ~due)
    found = in_order(snapshot, MEMBERSHIPS.name, business_id, after, limit, *filters)
    return as_owned(snapshot, business_id, found)


def _has(table: Table, status: MembershipStatus, now: datetime) -> ColumnElement[bool]:
    """`membership_status` in SQL."""
    ended = and_(table.c.ended_at.is_not(None), table.c.ended_at <= now)
    paused = and_(table.c.thaws_at.is_not(None), table.c.thaws_at > now)
    match status:
        case "ended":
            return ended
        case "upcoming":
            return and_(~ended, table.c.period == 0)
        case "paused":
            return and_(~ended, table.c.period > 0, paused)
        case "active":
            return and_(~ended, table.c.period > 0, ~paused)
        case _:
            assert_never(status)
