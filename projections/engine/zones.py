"""Rows whose moments were computed by other rules of a time zone than this machine has are computed anew."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Table, select

from domain.zone_rules import UnknownZone, mark
from projections.engine.checkpoints import served_tables
from projections.engine.definition import Keyed, Projection, Row
from projections.engine.rows import put_rows
from projections.engine.tables import ReadTables

ROWS_PER_WRITE = 500

log = logging.getLogger("carnet.zones")


@dataclass(frozen=True, slots=True)
class Outdated:
    """Rows of one table in one zone, by the mark of the rules they were computed by."""

    projection: Keyed
    physical: str
    zone: str
    rules: str


def by_local_rules(projection: Projection, row: Row) -> Row:
    """The row as this machine computes its moments. Raises UnknownZone."""
    if not isinstance(projection, Keyed) or projection.by_zone is None:
        return row
    return row if row["rules"] == mark(row["time_zone"]) else projection.by_zone(row)


def renew(views: ReadTables) -> int:
    """Compute the rows anew that other rules made; returns how many. A zone that is unknown here is left as it is.

    Raises RoleNeeded where there is such a row and the user of the database only reads.
    """
    with views.reading() as connection:
        found = list(_outdated(connection, views))
    renewed = 0
    for each in found:
        while rows := _renew_page(views, each):
            renewed += rows
    if renewed:
        log.warning("the rules of a time zone have changed: %d rows were computed anew", renewed)
    return renewed


def _outdated(connection: Connection, views: ReadTables) -> Iterator[Outdated]:
    served = served_tables(connection, views.projections.values())
    for name, physical in served.items():
        projection = views.projections[name]
        if not isinstance(projection, Keyed) or projection.by_zone is None:
            continue
        columns = views.table(projection, physical).c
        for zone, rules in connection.execute(select(columns.time_zone, columns.rules).distinct()):
            try:
                if rules != mark(zone):
                    yield Outdated(projection, physical, zone, rules)
            except UnknownZone as error:
                log.warning("%s", error)


def _renew_page(views: ReadTables, outdated: Outdated) -> int:
    """Rows are locked, so that one which a runner changes meanwhile is taken as it leaves it."""
    assert outdated.projection.by_zone is not None
    table: Table = views.table(outdated.projection, outdated.physical)
    theirs = (table.c.time_zone == outdated.zone) & (table.c.rules == outdated.rules)
    page = select(table).where(theirs).limit(ROWS_PER_WRITE).with_for_update()
    with views.writing() as connection:
        rows = [dict(row._mapping) for row in connection.execute(page)]
        put_rows(connection, table, [outdated.projection.by_zone(row) for row in rows])
    return len(rows)
