"""What PostgreSQL knows of the rows of read tables when it plans a list.

It counts them by itself within a minute or so. Until then a list after a load is planned for a table that is empty.
"""

from collections.abc import Iterable

from projections.engine.checkpoints import live_tables
from projections.engine.definition import Projection
from projections.engine.ownership import be_owner
from projections.engine.tables import ReadTables


def gather_statistics(views: ReadTables, projections: Iterable[Projection]) -> None:
    """Have the live tables counted and sampled now, but for those that PostgreSQL is at already. Nothing on SQLite."""
    if not views.on_postgres:
        return
    with views.writing() as connection:
        be_owner(connection, views.schema)
        live = live_tables(connection, projections)
        if live:
            connection.exec_driver_sql(f"ANALYZE (SKIP_LOCKED) {', '.join(sorted(live.values()))}")
