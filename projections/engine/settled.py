"""Which businesses are behind, at no cost for those that are not.

A business at its head costs a comparison of two numbers. Where no ledger has grown it costs nothing at all.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from domain.ledger.contract import Store
from projections.engine import checkpoints
from projections.engine.checkpoints import Served
from projections.engine.definition import Projection
from projections.engine.served import Which
from projections.engine.tables import ReadTables

DOUBTFUL_MAX = 3
"""Businesses possibly behind that are taken for it without a check; for more, one query first finds those behind."""

Behind = Mapping[str, int]
"""Business → by how many facts it is behind, at most."""


class Settled:
    """Remembers how far each business is in the tables of one kind, live or building.

    Checkpoints only go forward as long as the tables and their generations stay the same: `forget()` otherwise.
    """

    def __init__(self, projections: Sequence[Projection], which: Which, doubtful_max: int) -> None:
        self._projections = projections
        self._which = which
        self._doubtful_max = doubtful_max
        self._reached: dict[str, int | None] = {}
        self._all_at_head: Mapping[str, int] | None = None
        """The heads that all businesses were found to have reached."""

    def reached(self, business_id: str) -> int | None:
        """The position that all tables of a business have surely reached; None: they have all stopped."""
        return self._reached.get(business_id, 0)

    def note(self, reached: Mapping[str, int | None]) -> None:
        self._reached.update(reached)

    def forget(self, business_ids: Collection[str] | None = None) -> None:
        """Look these businesses up again, or all."""
        self._all_at_head = None
        if business_ids is None:
            self._reached = {}
        for business_id in business_ids or ():
            self._reached.pop(business_id, None)

    def behind(self, connection: Connection, tables: int, heads: Mapping[str, int]) -> Behind:
        """The businesses whose head is past one of this number of tables."""
        if not tables or heads is self._all_at_head:
            return {}
        doubtful = [id for id, head in heads.items() if self._is_behind(id, head)]
        if len(doubtful) > self._doubtful_max:
            self.note(checkpoints.lowest(connection, self._projections, tables, doubtful, self._which))
        behind = {
            id: heads[id] - (self._reached.get(id) or 0) for id in doubtful if self._is_behind(id, heads[id])
        }
        self._all_at_head = None if behind else heads
        return behind

    def _is_behind(self, business_id: str, head: int) -> bool:
        reached = self._reached.get(business_id, 0)
        return reached is not None and reached < head


@dataclass(frozen=True, slots=True)
class Sight:
    """What there is to do: heads, tables, and the businesses behind in the live ones and in those building."""

    heads: Mapping[str, int]
    served: tuple[Served, ...]
    behind: Behind
    unbuilt: Behind

    @property
    def building(self) -> list[Served]:
        return [each for each in self.served if each.building]


class Lookout:
    """Sees what is behind. For one thread at a time."""

    def __init__(
        self,
        store: Store,
        views: ReadTables,
        projections: Sequence[Projection],
        *,
        doubtful_max: int = DOUBTFUL_MAX,
    ) -> None:
        self._store = store
        self._views = views
        self._projections = projections
        self.live = Settled(projections, "live", doubtful_max)
        self.building = Settled(projections, "building", doubtful_max)
        self._mark: object = None
        self._heads: Mapping[str, int] = {}
        self._served: tuple[Served, ...] | None = None

    def look(self) -> Sight:
        # The mark first: what grows while the heads are read is seen the next time.
        mark = self._store.growth_mark()
        if mark != self._mark or self._mark is None:
            self._heads = dict(self._store.heads())
            self._mark = mark
        heads = self._heads
        with self._views.reading() as connection:
            served = checkpoints.served(connection, self._projections)
            if served != self._served:
                self._served = served
                self.live.forget()
                self.building.forget()
            building = sum(each.building for each in served)
            behind = self.live.behind(connection, len(served) - building, heads)
            unbuilt = self.building.behind(connection, building, heads)
        return Sight(heads, served, behind, unbuilt)
