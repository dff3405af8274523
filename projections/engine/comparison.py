"""Comparing two tables of one read model, row by row."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, select

from projections.engine.definition import Key, Projection, Row, key_columns
from projections.engine.zones import by_local_rules


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that differs between the live and the rebuilt table. None: absent there."""

    business_id: str
    key: Key
    live: Row | None
    rebuilt: Row | None


def compare(
    connection: Connection, projection: Projection, business_id: str, live: Table, rebuilt: Table
) -> Iterator[Difference]:
    """The rows that differ: first those of `live`, then those that only `rebuilt` has. Streamed.

    A row that other rules of a time zone made does not differ by that.
    """
    both = _same_key(live, rebuilt)
    pairs = select(live, rebuilt).select_from(live.outerjoin(rebuilt, both))
    width = len(live.columns)
    for row in connection.execute(
        pairs.where(live.c.business_id == business_id), execution_options={"yield_per": 1000}
    ):
        ours, theirs = _row(live, row[:width]), _row(rebuilt, row[width:])
        if ours != theirs and by_local_rules(projection, ours) != theirs:
            yield Difference(business_id, _key(live, ours), ours, theirs if theirs["business_id"] else None)
    alone = select(rebuilt).select_from(rebuilt.outerjoin(live, both))
    alone = alone.where(rebuilt.c.business_id == business_id, live.c.business_id.is_(None))
    for row in connection.execute(alone, execution_options={"yield_per": 1000}):
        theirs = _row(rebuilt, row)
        yield Difference(business_id, _key(rebuilt, theirs), None, theirs)


def _same_key(left: Table, right: Table) -> Any:
    condition = left.c.business_id == right.c.business_id
    for column in key_columns(left):
        condition &= column == right.c[column.name]
    return condition


def _row(table: Table, values: Sequence[Any]) -> Row:
    return dict(zip((column.name for column in table.columns), values, strict=True))


def _key(table: Table, row: Row) -> Key:
    return tuple(row[column.name] for column in key_columns(table))
