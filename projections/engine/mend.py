"""Read tables that have taken facts their ledger does not have: the ledger was restored, and they were not."""

from collections.abc import Callable, Collection, Mapping

from sqlalchemy import select

from projections.engine.checkpoints import CHECKPOINTS, live_tables
from projections.engine.patience import patiently
from projections.engine.tables import ReadTables


def begin_anew_where_ahead(heads_now: Callable[[], Mapping[str, int]], views: ReadTables) -> list[str]:
    """Empty the read tables that are ahead of a ledger, for the runner to fill; the names of their read models.

    `heads_now`: business id → the position of its ledger.
    """
    with views.reading() as connection:
        taken = connection.execute(
            select(CHECKPOINTS.c.business_id, CHECKPOINTS.c.physical, CHECKPOINTS.c.position)
        ).all()
    # Read after the checkpoints: a head never lies behind what was taken from it.
    heads = heads_now()
    ahead = {row.physical for row in taken if row.position > heads.get(row.business_id, 0)}
    if not ahead:
        return []
    return patiently(lambda: _begin_anew(views, ahead), "a read table")


def _begin_anew(views: ReadTables, ahead: Collection[str]) -> list[str]:
    with views.altering() as connection:
        live = live_tables(connection, views.projections.values())
        found = [projection for name, projection in views.projections.items() if live.get(name) in ahead]
        for projection in found:
            views.begin_anew(connection, projection, live[projection.name])
    return [projection.name for projection in found]
