"""Whether the clock ticks: what it should have recorded long ago."""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from api.server.installation import Installation
from projections.models.packages import CARDS
from projections.queries.due import count_lapsed

LATE = timedelta(hours=1)
"""Expiries older than this are recorded wherever the clock ticks."""


def overdue(here: Installation, business_ids: Iterable[str]) -> Iterator[tuple[str, int]]:
    """(business, expiries that nobody recorded for an hour), where there are any."""
    before = here.carnet.clock() - LATE
    for business_id in business_ids:
        with here.views.snapshot(business_id, (CARDS.name,)) as snapshot:
            found = count_lapsed(snapshot, business_id, before=before)
        if found:
            yield business_id, found
