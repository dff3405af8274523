"""The imports that customers and packages came by, summed up from their rows."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, case, func, literal, select

from projections.engine.definition import Row
from projections.engine.index_walk import use_indexes
from projections.engine.snapshot import Snapshot
from projections.models.customers import CUSTOMERS
from projections.models.packages import CARDS

READS = (CARDS.name, CUSTOMERS.name)
"""The read models that the list is made from."""
PREFIX, BEYOND = "imp_", "imp`"
"""Of the ids of imports, and the text that follows all of them."""


def imports_in(snapshot: Snapshot, business_id: str) -> list[Row]:
    """Every import of customers and of packages, the latest first.

    It reads one index entry and one row for each customer or package that was imported, and no other. Customers who
    were erased since have no row, and are counted no more.
    """
    use_indexes(snapshot.connection)
    found = [*_packages(snapshot, business_id), *_customers(snapshot, business_id)]
    return sorted(found, key=lambda row: (row["began_at"], row["import_id"]), reverse=True)


def _packages(snapshot: Snapshot, business_id: str) -> list[Row]:
    cards = snapshot.tables[CARDS.name]
    columns: list[ColumnElement[Any]] = [
        literal("packages").label("imports"),
        literal(0).label("customers"),
        func.count().label("packages"),
        func.sum(case((cards.c.cancelled, 1), else_=0)).label("cancelled"),
        func.sum(cards.c.remaining).label("remaining"),
    ]
    return _summed(snapshot, business_id, cards, "origin_id", "recorded_at", columns)


def _customers(snapshot: Snapshot, business_id: str) -> list[Row]:
    columns: list[ColumnElement[Any]] = [
        literal("customers").label("imports"),
        func.count().label("customers"),
        *(literal(0).label(name) for name in ("packages", "cancelled", "remaining")),
    ]
    table = snapshot.tables[CUSTOMERS.name]
    return _summed(snapshot, business_id, table, "import_id", "imported_at", columns)


def _summed(
    snapshot: Snapshot,
    business_id: str,
    table: Table,
    batch: str,
    moment: str,
    columns: Sequence[ColumnElement[Any]],
) -> list[Row]:
    """What came by each import: `batch` is the column with its id, `moment` that with the time of the recording."""
    c = table.c
    query = (
        select(
            c[batch].label("import_id"),
            func.min(c[moment]).label("began_at"),
            func.max(c[moment]).label("ended_at"),
            func.max(c.external_ref).label("external_ref"),
            *columns,
        )
        .where(c.business_id == business_id, c[batch] >= PREFIX, c[batch] < BEYOND)
        .group_by(c[batch])
    )
    return [dict(row) for row in snapshot.connection.execute(query).mappings()]
