"""When the table of a new version is complete: it has reached, in every ledger, the head that was met at the start."""

import logging
from collections.abc import Mapping, Sequence

from sqlalchemy import select

from projections.engine import checkpoints
from projections.engine.checkpoints import CHECKPOINTS, Served
from projections.engine.lane import Lane
from projections.engine.tables import ReadTables

log = logging.getLogger("carnet.runner")


class Completion:
    """Makes tables that are building live."""

    def __init__(self, views: ReadTables, lane: Lane) -> None:
        self._views = views
        self._lane = lane
        self._building: tuple[str, ...] = ()
        self._missing: dict[str, int] = {}
        """Business → the position that is still to be reached."""

    def look(self, building: Sequence[Served], heads: Mapping[str, int]) -> bool:
        """Make them live together, once they are complete; returns whether one is."""
        names = tuple(each.physical for each in building)
        if names != self._building:
            self._building, self._missing = names, dict(heads)
        self._missing = {id: head for id, head in self._missing.items() if not self._has_reached(id, head)}
        return not self._missing and sum(map(self._promote, names)) > 0

    def _has_reached(self, business_id: str, head: int) -> bool:
        settled = self._lane.settled.reached(business_id)
        return settled is None or settled >= head

    def _promote(self, physical: str) -> bool:
        """False for one that has stopped somewhere, or that a fact keeps from going on: it stays building."""
        stopped = CHECKPOINTS.c.stopped_at.is_not(None)
        with self._views.reading() as connection:
            found = select(CHECKPOINTS.c.business_id).where(CHECKPOINTS.c.physical == physical, stopped)
            if connection.execute(found.limit(1)).first() is not None or self._lane.feeding.keeps(physical):
                return False
        with self._views.writing() as connection:
            promoted = checkpoints.promote(connection, physical)
        if promoted:
            log.info("%s is complete, and live", physical)
        return promoted
