"""Pages of a read table in the order of its column `position`: stable while rows are added."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, select

from projections.engine.definition import Row
from projections.engine.snapshot import Snapshot


def in_order(
    snapshot: Snapshot,
    name: str,
    business_id: str,
    after: Sequence[Any] | None,
    limit: int,
    *filters: ColumnElement[bool],
) -> list[Row]:
    """At most `limit` rows of a read table with a `position`, behind the key `after` (a position)."""
    table = snapshot.tables[name]
    asked = select(table).where(table.c.business_id == business_id, *filters)
    if after is not None:
        asked = asked.where(table.c.position > after[0])
    found = snapshot.connection.execute(asked.order_by(table.c.position).limit(limit))
    return [dict(each) for each in found.mappings()]
