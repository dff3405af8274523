"""Members of staff, one row each, listed in the order they were registered. Names are in the directory."""

from collections.abc import Sequence
from typing import Any, assert_never, cast

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, Integer, MetaData, Table, Text

from domain.ledger.mapper import Recorded
from domain.staff.facts import (
    FACTS,
    StaffDeactivated,
    StaffFact,
    StaffProfileChanged,
    StaffReactivated,
    StaffRegistered,
)
from projections.engine.definition import Key, Keyed, Row
from projections.engine.paging import in_order
from projections.engine.snapshot import Snapshot
from projections.models.versions import VERSIONS

TABLE = Table(
    "staff",
    MetaData(),
    Column("business_id", Text, primary_key=True),
    Column("staff_id", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("role", Text, nullable=False),
    Column("locations", JSON, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
)
Index("staff_in_order", TABLE.c.business_id, TABLE.c.position)


def row(before: Row | None, recorded: Recorded, key: Key) -> Row:
    fact = cast(StaffFact, recorded.fact)
    first = {"position": recorded.position, "active": True} if before is None else before
    match fact:
        case StaffRegistered() | StaffProfileChanged():
            changed: Row = {"role": fact.role.value, "locations": list(fact.locations)}
        case StaffDeactivated():
            changed = {"active": False}
        case StaffReactivated():
            changed = {"active": True}
        case _:
            assert_never(fact)
    return {**first, **changed, "version": recorded.version}


STAFF = Keyed(
    "staff",
    VERSIONS["staff"],
    TABLE,
    frozenset(FACTS),
    lambda recorded: [(recorded.stream_id,)],
    row,
    by_stream=True,
    stream_column="staff_id",
)


def staff(snapshot: Snapshot, business_id: str, after: Sequence[Any] | None, limit: int) -> list[Row]:
    """At most `limit` members of staff behind the key `after` (position)."""
    return in_order(snapshot, "staff", business_id, after, limit)
