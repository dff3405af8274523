"""Dropping the tables that a newer one has replaced."""

import logging
from functools import partial

from sqlalchemy import Connection, delete, select
from sqlalchemy.exc import OperationalError

from projections.engine.checkpoints import CHECKPOINTS, OLD, read_tables
from projections.engine.definition import Projection
from projections.engine.patience import StillRead, Waiting, patiently
from projections.engine.sqlite_engine import HeldElsewhere
from projections.engine.tables import ReadTables

log = logging.getLogger("carnet.rebuild")


PATIENCE_S = 5.0
"""Seconds to wait for the readers of an old table: it can go the next time."""


def drop_old(views: ReadTables, projection: Projection, waiting: Waiting | None = None) -> list[str]:
    """Drop the tables that this version has replaced; returns their names.

    A table that is still read after `PATIENCE_S` is kept until the next call.
    """
    replaced = (read_tables.c.state == OLD) | (read_tables.c.version < projection.version)
    with views.reading() as connection:
        names = connection.scalars(
            select(read_tables.c.physical).where(read_tables.c.projection == projection.name, replaced)
        ).all()
    dropped = []
    for physical in names:
        try:
            if not views.on_postgres:
                _empty(views, physical)
            patiently(partial(_drop, views, physical), physical, waiting, PATIENCE_S)
        except (StillRead, HeldElsewhere, OperationalError) as error:
            log.warning("%s stays for now: %s", physical, error)
        else:
            dropped.append(physical)
    return dropped


def _empty(views: ReadTables, physical: str) -> None:
    """Delete the indexes, and the rows a thousand at a time: dropping a full table would block the writer of SQLite."""
    made = "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL"
    with views.reading() as connection:
        indexes = connection.exec_driver_sql(made, (physical,)).scalars().all()
    for index in indexes:
        with views.writing() as connection:
            connection.exec_driver_sql(f"DROP INDEX IF EXISTS {index}")
    statement = f"DELETE FROM {physical} WHERE rowid IN (SELECT rowid FROM {physical} LIMIT 1000)"
    while True:
        with views.writing() as connection:
            if connection.exec_driver_sql(statement).rowcount == 0:
                return


def _drop(views: ReadTables, physical: str) -> None:
    with views.altering() as connection:
        drop(connection, physical)


def drop(connection: Connection, physical: str) -> None:
    """Drop a table, if it exists, with its checkpoints. Call it within `ReadTables.altering()`."""
    # Checkpoints first: this waits for a runner that holds one, and no runner can take it afterwards.
    connection.execute(delete(CHECKPOINTS).where(CHECKPOINTS.c.physical == physical))
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {physical}")
    connection.execute(delete(read_tables).where(read_tables.c.physical == physical))
