"""The imports of customers and packages that took place, each with what came by it and what of it is left."""

from datetime import datetime
from typing import Any, Literal

from api.http.cursors import behind
from api.http.permissions import BOOKKEEPERS
from api.http.query import Found, ListParameters, Page, Query
from api.http.query_route import query
from api.resources.parts import LocalTime, local
from domain.moments import rfc3339
from projections.engine.definition import Row
from projections.queries.imports import READS, imports_in

COUNTED = ("import_id", "imports", "customers", "packages", "cancelled", "remaining")
"""Members that stand in the row as they are shown."""


class PastImport(LocalTime):
    """The local time is that of `recorded_at`, in the business's zone."""

    import_id: str
    imports: Literal["customers", "packages"]
    """What was imported."""
    source: str | None
    """The name of the other system; null once nothing of it is referred to any more."""
    recorded_at: str
    """When its first customer or package was recorded."""
    ended_at: str
    """When its last customer or package was recorded."""
    customers: int
    """Customers who were registered by it, without those who were erased since."""
    packages: int
    """Packages that came with it."""
    cancelled: int
    """Those of them that were voided or cancelled since."""
    remaining: int
    """Units of them that remain today."""


class PastImportPage(Page[PastImport]):
    """The latest first."""


@query(
    "/v1/imports",
    "imports.list",
    "The imports of customers and packages that took place, the latest first",
    roles=BOOKKEEPERS,
    answer=PastImportPage,
    parameters=ListParameters,
)
def list_imports(call: Query[ListParameters]) -> Found:
    """An import of packages with its packages, those of them that were voided or cancelled since, and the units that
    remain: `GET /v1/packages?import_id=` lists the packages. An import of customers with the customers who came by it:
    `GET /v1/customers?import_id=` lists them. An import that brought nothing new is not listed.
    """
    with call.snapshot(*READS) as snapshot:
        found, position = imports_in(snapshot, call.business_id), snapshot.position
    return call.page(
        PastImportPage,
        behind(found, call.after(), "import_id"),
        key=lambda row: [row["import_id"]],
        shown=lambda row: _shown(row, call.time_zone),
        position=position,
    )


def _shown(row: Row, zone: str) -> PastImport:
    began: datetime = row["began_at"]
    named: dict[str, Any] = {name: row[name] for name in COUNTED}
    return PastImport(
        **named,
        source=None if row["external_ref"] is None else row["external_ref"].partition(":")[0],
        recorded_at=rfc3339(began),
        **local(began, zone),
        ended_at=rfc3339(row["ended_at"]),
    )


HANDLERS = (list_imports,)
