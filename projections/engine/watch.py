"""How far the read models are, told often and cheaply: only the businesses behind are looked up."""

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from domain.ledger.contract import Store
from projections.engine import checkpoints
from projections.engine.checkpoints import CHECKPOINTS, PLACES, Served, read_tables
from projections.engine.settled import Lookout, Sight
from projections.engine.tables import ReadTables

BUSINESSES_PER_QUERY = 1000


@dataclass(frozen=True, slots=True)
class Lag:
    """The state of all read models over all businesses."""

    facts: int
    """Facts that the slowest live read model has to take."""
    stopped: int
    """Read models stopped at a fact, counted for each business."""
    building: int
    """Read models of which a new version is not complete yet."""


class Watch:
    """Tells the lag, to any number of threads."""

    def __init__(self, store: Store, views: ReadTables) -> None:
        self._views = views
        self._projections = list(views.projections.values())
        self._lookout = Lookout(store, views, self._projections, doubtful_max=0)
        self._one_at_a_time = Lock()

    def lag(self) -> Lag:
        """Raises LedgerUnavailable, ProjectionMissing and the errors of the database."""
        with self._one_at_a_time:
            sight = self._lookout.look()
            with self._views.reading() as connection:
                stopped = self._stopped(connection, sight)
                behind = sorted({*sight.behind, *(business_id for business_id, _ in stopped)})
                facts = self._facts(connection, sight, behind) if behind else 0
        return Lag(facts, len(stopped), len(sight.building))

    def lags(self, at_most: int) -> tuple[Mapping[str, Mapping[str, int]], bool]:
        """Business → live read model → facts it has to take, without zeros: of those farthest behind, at most so many.
        And whether these are all that are behind.

        Raises as `lag`.
        """
        with self._one_at_a_time:
            sight = self._lookout.look()
            with self._views.reading() as connection:
                every = {business_id: 0 for business_id, _ in self._stopped(connection, sight)} | dict(
                    sight.behind
                )
                chosen = sorted(every, key=lambda id: (-every[id], id))[:at_most]
                found = self._each(connection, sight, chosen) if chosen else {}
        return found, len(chosen) == len(every)

    def _each(
        self, connection: Connection, sight: Sight, business_ids: list[str]
    ) -> Mapping[str, Mapping[str, int]]:
        live = {each.physical: each.projection for each in sight.served if not each.building}
        found = {id: dict.fromkeys(live.values(), sight.heads.get(id, 0)) for id in business_ids}
        reached = select(PLACES.c.business_id, PLACES.c.physical, PLACES.c.position).where(
            PLACES.c.physical.in_(live), PLACES.c.business_id.in_(business_ids)
        )
        for row in connection.execute(reached):
            found[row.business_id][live[row.physical]] -= row.position
        return {id: {name: lag for name, lag in lags.items() if lag > 0} for id, lags in found.items()}

    def _stopped(self, connection: Connection, sight: Sight) -> list[tuple[str, str]]:
        """(business, table) of those that have stopped."""
        served = [each.physical for each in sight.served]
        found = (
            select(CHECKPOINTS.c.business_id, CHECKPOINTS.c.physical)
            .join(read_tables, read_tables.c.physical == CHECKPOINTS.c.physical)
            .where(checkpoints.is_stopped(self._projections), CHECKPOINTS.c.physical.in_(served))
        )
        return [(row.business_id, row.physical) for row in connection.execute(found)]

    def _facts(self, connection: Connection, sight: Sight, behind: list[str]) -> int:
        live = [each for each in sight.served if not each.building]
        wanted = sum(sight.heads.get(business_id, 0) for business_id in behind)
        reached = dict.fromkeys((each.physical for each in live), 0)
        for start in range(0, len(behind), BUSINESSES_PER_QUERY):
            chunk = behind[start : start + BUSINESSES_PER_QUERY]
            for row in connection.execute(_sums(live, PLACES.c.business_id.in_(chunk))):
                reached[row.physical] += int(row.position)
        return max((max(0, wanted - position) for position in reached.values()), default=0)


def _sums(live: list[Served], businesses: ColumnElement[bool]) -> Select[Any]:
    return (
        select(PLACES.c.physical, func.sum(PLACES.c.position).label("position"))
        .where(PLACES.c.physical.in_([each.physical for each in live]), businesses)
        .group_by(PLACES.c.physical)
    )
