"""Whether the clock ticks: what it should have recorded long ago."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from projections.engine.asking import Ask, count_lapsed
from projections.engine.checkpoint import Standing
from projections.models.versions import CARDS

LATE = timedelta(hours=1)
"""Expiries older than this are recorded wherever the clock ticks."""


def overdue(
    ask: Ask, schema: str | None, found: Iterable[Standing], now: datetime
) -> Iterator[tuple[str, int]]:
    """(business, expiries that nobody recorded for an hour), where there are any. `schema` as for `asking`."""
    for standing in found:
        if standing.checkpoint.projection == CARDS:
            table, business = standing.checkpoint.physical, standing.business_id
            if late := count_lapsed(ask, schema, table, business, before=now - LATE):
                yield business, late
