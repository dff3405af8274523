"""The imports that packages came with, summed up from their cards."""

from sqlalchemy import case, func, select

from projections.engine.definition import Row
from projections.engine.snapshot import Snapshot
from projections.models.packages import CARDS

READS = (CARDS.name,)
"""The read models that the list is made from."""
PREFIX, BEYOND = "imp_", "imp`"
"""Of the ids of imports, and the text that follows all of them."""


def imports_in(snapshot: Snapshot, business_id: str) -> list[Row]:
    """Every import of packages, the latest first. It reads one index entry and one card for each package that was
    imported, and no other.
    """
    cards = snapshot.tables[CARDS.name].c
    began_at = func.min(cards.recorded_at).label("began_at")
    query = (
        select(
            cards.origin_id.label("import_id"),
            began_at,
            func.max(cards.recorded_at).label("ended_at"),
            func.max(cards.external_ref).label("external_ref"),
            func.count().label("packages"),
            func.sum(case((cards.cancelled, 1), else_=0)).label("cancelled"),
            func.sum(cards.remaining).label("remaining"),
        )
        .where(cards.business_id == business_id, cards.origin_id >= PREFIX, cards.origin_id < BEYOND)
        .group_by(cards.origin_id)
        .order_by(began_at.desc(), cards.origin_id.desc())
    )
    return [dict(row) for row in snapshot.connection.execute(query).mappings()]
