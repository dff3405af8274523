"""Dropping the tables that nobody needs any more: only when somebody says so.

A table that goes is first taken out of the list of read tables, so that no reader finds it half empty.
"""

import logging
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, delete, or_, select, update
from sqlalchemy.exc import OperationalError

from projections.engine import checkpoints
from projections.engine.checkpoints import DROPPING, OLD, live_tables, read_tables
from projections.engine.definition import Projection
from projections.engine.patience import StillRead, Waiting, patiently
from projections.engine.sqlite_engine import HeldElsewhere
from projections.engine.tables import ReadTables

log = logging.getLogger("carnet.rebuild")


PATIENCE_S = 5.0
"""Seconds to wait for the readers of an old table: it can go the next time."""
DROPPED_MAX = 80_000
"""Rows that a table on SQLite has at most when it is dropped: cards take 25 ms then."""
ROWS_PER_DELETION = 5_000
"""Rows that are deleted in one transaction before: less than 50 ms."""


class OldTable(NamedTuple):
    """A table that this version of the code does not read."""

    physical: str
    projection: str
    version: int
    state: str


def drop_replaced(views: ReadTables, projection: Projection, waiting: Waiting | None = None) -> list[str]:
    """Drop the tables of this version that a rebuild has replaced; returns their names. No other version is touched.

    A table that is still read after `PATIENCE_S` is kept until the next call.
    """
    with views.reading() as connection:
        found = _found(connection, _replaced(projection))
    return _drop_all(views, found, waiting)


def old_tables(
    views: ReadTables, projections: Sequence[Projection], *, newer: bool = False
) -> list[OldTable]:
    """The tables that `drop_old` drops of these read models."""
    with views.reading() as connection:
        return [each for projection in projections for each in _old(connection, projection, newer=newer)]


def drop_old(
    views: ReadTables, projection: Projection, waiting: Waiting | None = None, *, newer: bool = False
) -> list[str]:
    """Drop the tables that this version has replaced, also those of older versions; returns their names.

    With `newer` those of newer versions too, which are left after going back. Nothing is dropped while this version
    is not complete. A table that is still read after `PATIENCE_S` is kept until the next call.
    """
    with views.reading() as connection:
        if not live_tables(connection, [projection]):
            return []
        found = _old(connection, projection, newer=newer)
    return _drop_all(views, found, waiting)


def _replaced(projection: Projection) -> ColumnElement[bool]:
    return and_(
        read_tables.c.projection == projection.name,
        read_tables.c.version == projection.version,
        read_tables.c.state.in_((OLD, DROPPING)),
    )


def _old(connection: Connection, projection: Projection, *, newer: bool) -> list[OldTable]:
    theirs = (
        read_tables.c.version != projection.version if newer else read_tables.c.version < projection.version
    )
    own = read_tables.c.projection == projection.name
    return _found(connection, or_(_replaced(projection), and_(own, theirs)))


def _found(connection: Connection, which: ColumnElement[bool]) -> list[OldTable]:
    columns = (read_tables.c[name] for name in OldTable._fields)
    rows = connection.execute(select(*columns).where(which).order_by(read_tables.c.physical))
    return [OldTable(*row) for row in rows]


def _drop_all(views: ReadTables, tables: Sequence[OldTable], waiting: Waiting | None) -> list[str]:
    dropped = []
    for table in tables:
        physical = table.physical
        try:
            _take_out(views, physical)
            if not views.on_postgres:
                _empty(views, physical)
            patiently(partial(_drop, views, physical), physical, waiting, PATIENCE_S)
        except (StillRead, HeldElsewhere, OperationalError) as error:
            log.warning("%s stays for now: %s", physical, error)
        else:
            dropped.append(physical)
    return dropped


def _take_out(views: ReadTables, physical: str) -> None:
    with views.writing() as connection:
        out = update(read_tables).where(read_tables.c.physical == physical).values(state=DROPPING)
        connection.execute(out)


def _is_going(connection: Connection, physical: str) -> bool:
    """False where older code has come back meanwhile and made the table anew."""
    state = select(read_tables.c.state).where(read_tables.c.physical == physical)
    return bool(connection.scalar(state) == DROPPING)


def _empty(views: ReadTables, physical: str) -> None:
    """Delete the indexes, and rows until few are left: to drop a large table would block the writer of SQLite."""
    made = "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL"
    with views.reading() as connection:
        indexes = connection.exec_driver_sql(made, (physical,)).scalars().all()
    for index in indexes:
        with views.writing() as connection:
            connection.exec_driver_sql(f"DROP INDEX IF EXISTS {index}")
    ends = f"SELECT (SELECT min(rowid) FROM {physical}), (SELECT max(rowid) FROM {physical})"
    while True:
        with views.writing() as connection:
            if not _is_going(connection, physical):
                return
            first, last = connection.exec_driver_sql(ends).one()
            if first is None or last - first < DROPPED_MAX:
                return
            upto = first + ROWS_PER_DELETION
            connection.exec_driver_sql(f"DELETE FROM {physical} WHERE rowid < {upto}")


def _drop(views: ReadTables, physical: str) -> None:
    with views.altering() as connection:
        if _is_going(connection, physical):
            drop(connection, physical)


def drop(connection: Connection, physical: str) -> None:
    """Drop a table, if it exists, with its checkpoints. Call it within `ReadTables.altering()`."""
    checkpoints.forget(connection, physical)
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {physical}")
    connection.execute(delete(read_tables).where(read_tables.c.physical == physical))
