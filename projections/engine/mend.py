"""Read tables that have taken facts their ledger does not have: the ledger was restored, and they were not."""

from collections.abc import Callable, Collection, Mapping

from sqlalchemy import Connection, inspect, select, update

from projections.engine.checkpoints import (
    BUILDING,
    CHECKPOINTS,
    COHORTS,
    LIVE,
    SHARED,
    forget,
    read_tables,
    served_tables,
)
from projections.engine.patience import patiently
from projections.engine.tables import ReadTables


def begin_anew_where_ahead(heads_now: Callable[[], Mapping[str, int]], views: ReadTables) -> list[str]:
    """Empty the read tables that are ahead of a ledger, for the runner to fill; the names of their read models.

    Those of other versions too, for the code that knows them. `heads_now`: business id → the position of its ledger.
    """
    with views.reading() as connection:
        columns = (CHECKPOINTS.c[name] for name in ("business_id", "physical", "cohort", "position"))
        taken = connection.execute(select(*columns)).all()
        cohorts = connection.execute(select(COHORTS)).all()
    # Read after the checkpoints: a head never lies behind what was taken from it.
    heads = heads_now()
    found = {(row.physical, row.cohort) for row in taken if row.position > heads.get(row.business_id, 0)}
    ahead = {physical for physical, _ in found if physical != SHARED}
    ahead |= {row.physical for row in cohorts if (SHARED, row.cohort) in found}
    if not ahead:
        return []
    return patiently(lambda: _begin_anew(views, ahead), "a read table")


def _begin_anew(views: ReadTables, ahead: Collection[str]) -> list[str]:
    with views.altering() as connection:
        served = served_tables(connection, views.projections.values())
        found = [projection for name, projection in views.projections.items() if served.get(name) in ahead]
        for projection in found:
            views.begin_anew(connection, projection, served[projection.name])
        _empty(connection, set(ahead) - set(served.values()))
    return [projection.name for projection in found]


def _empty(connection: Connection, others: Collection[str]) -> None:
    """Empty tables whose columns this code does not know."""
    for physical in sorted(set(others) & set(inspect(connection).get_table_names())):
        forget(connection, physical)
        connection.exec_driver_sql(f"DELETE FROM {physical}")
        own = (read_tables.c.physical == physical) & (read_tables.c.state == LIVE)
        again = {"state": BUILDING, "generation": read_tables.c.generation + 1}
        connection.execute(update(read_tables).where(own).values(again))
