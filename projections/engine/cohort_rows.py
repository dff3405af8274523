"""Writing the rows of checkpoints that are shared, and the names of cohorts. `cohorts` says which."""

from collections.abc import Callable, Mapping, Sequence
from secrets import token_hex
from typing import Any, TypeAlias

from sqlalchemy import Connection, Executable, bindparam, delete, update

from projections.engine.checkpoint_tables import CHECKPOINTS, COHORTS
from projections.engine.checkpoints import inserting
from projections.engine.driver import run
from projections.engine.rows import array

NOBODY = ""
"""The cohort of no table."""
Count: TypeAlias = Callable[[], int]
"""Tells how many rows a statement has written; on PostgreSQL it may be asked once others are sent."""

_MAKE_ARRAYS = """
INSERT INTO checkpoints (business_id, physical, position, stopped_at, error, stopped_by, cohort, updated_at)
SELECT *, %(updated_at)s
  FROM unnest(%(business_id)s::text[], %(physical)s::text[], %(position)s::bigint[], %(stopped_at)s::bigint[],
              %(error)s::text[], %(stopped_by)s::text[], %(cohort)s::text[])
    ON CONFLICT DO NOTHING
RETURNING 1
"""
_OWN = (
    CHECKPOINTS.c.business_id == bindparam("of_business"),
    CHECKPOINTS.c.physical == bindparam("of_table"),
    CHECKPOINTS.c.position == bindparam("from_position"),
)
END = delete(CHECKPOINTS).where(*_OWN)
END_ARRAYS = """
DELETE FROM checkpoints
 USING unnest(%(of_business)s::text[], %(of_table)s::text[], %(from_position)s::bigint[])
       AS given (of_business, of_table, from_position)
 WHERE business_id = of_business AND physical = of_table AND position = from_position
RETURNING 1
"""
MOVE_SHARED = (
    update(CHECKPOINTS)
    .where(*_OWN)
    .values({name: bindparam(name) for name in ("position", "cohort", "updated_at")})
)
MOVE_SHARED_ARRAYS = """
UPDATE checkpoints
   SET position = given.position, cohort = given.cohort, updated_at = %(updated_at)s
  FROM unnest(%(of_business)s::text[], %(of_table)s::text[], %(from_position)s::bigint[], %(position)s::bigint[],
              %(cohort)s::text[])
       AS given (of_business, of_table, from_position, position, cohort)
 WHERE business_id = of_business AND physical = of_table AND checkpoints.position = from_position
RETURNING 1
"""
"""The table is a value, so that each row is looked up by its whole key: of a constant PostgreSQL reads all rows."""


class Names:
    """The names of cohorts, which are made where there is none of these tables."""

    def __init__(self, connection: Connection, known: Mapping[str, frozenset[str]]) -> None:
        self._connection = connection
        self._by_members = {members: name for name, members in known.items()}

    def of(self, members: frozenset[str]) -> str:
        if not members:
            return NOBODY
        if members not in self._by_members:
            name = self._by_members[members] = token_hex(6)
            if self._connection.dialect.name == "postgresql":
                values = {"cohort": name, "physicals": array(sorted(members))}
                statement = "INSERT INTO cohorts SELECT %(cohort)s, unnest(%(physicals)s::text[])"
                run(self._connection, statement, values)
            else:
                rows = [{"cohort": name, "physical": physical} for physical in sorted(members)]
                self._connection.execute(COHORTS.insert(), rows)
        return self._by_members[members]


def row(business_id: str, physical: str, position: int, **more: Any) -> dict[str, Any]:
    """A row of `checkpoints` as it is made; `more` are its other columns."""
    place = {"business_id": business_id, "physical": physical, "position": position}
    return place | {"stopped_at": None, "error": None, "stopped_by": None, "cohort": None} | more


def make(connection: Connection, rows: Sequence[Mapping[str, Any]], now_ms: int) -> Count:
    """Make rows, but for those that are there."""
    insert = inserting(connection.dialect, CHECKPOINTS).on_conflict_do_nothing()
    return write_each(connection, rows, _MAKE_ARRAYS, insert, now_ms)


def write_each(
    connection: Connection, rows: Sequence[Mapping[str, Any]], arrays: str, one: Executable, now_ms: int
) -> Count:
    """Write rows, and tell how many were. On PostgreSQL that may be asked once everything else is sent."""
    if not rows:
        return lambda: 0
    if connection.dialect.name == "postgresql":
        values = {name: array(each[name] for each in rows) for name in rows[0]}
        cursor = run(connection, arrays, {**values, "updated_at": now_ms})
        return lambda: len(cursor.fetchall())
    written = connection.execute(one, [{**each, "updated_at": now_ms} for each in rows]).rowcount
    return lambda: written
