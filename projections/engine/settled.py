"""Which businesses are behind, at no cost for those that are not.

Where ledgers have grown, only those are looked at. Where none has, it costs nothing at all.
"""

import time
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
"""Businesses of unknown position that are taken for behind without a check; for more, one query first finds those that
are. One that this process has met is taken for behind when it has grown: to lock it costs no more than to look. 0: all
are looked up, by those who only look."""
WHOLE_LOOK_S = 60.0
"""Seconds after which all heads are read again, and not only those that have grown."""

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
        self._open: set[str] | None = None
        """Businesses that may be behind, all others are at their head; None: any may be."""

    def reached(self, business_id: str) -> int | None:
        """The position that all tables of a business have surely reached; None: they have all stopped."""
        return self._reached.get(business_id, 0)

    def note(self, reached: Mapping[str, int | None]) -> None:
        self._reached.update(reached)

    def grow(self, business_ids: Collection[str] | None) -> None:
        """These have grown, or any may have."""
        if business_ids is None:
            self._open = None
        elif self._open is not None:
            self._open.update(business_ids)

    def forget(self, business_ids: Collection[str] | None = None) -> None:
        """Look these businesses up again, or all."""
        self.grow(business_ids)
        if business_ids is None:
            self._reached = {}
        for business_id in business_ids or ():
            self._reached.pop(business_id, None)

    def behind(self, connection: Connection, tables: int, heads: Mapping[str, int]) -> Behind:
        """The businesses whose head is past one of this number of tables."""
        if not tables:
            self._open = None
            return {}
        known = heads if self._open is None else self._open
        doubtful = [id for id in known if self._is_behind(id, heads.get(id, 0))]
        unsure = [id for id in doubtful if not self._doubtful_max or id not in self._reached]
        if len(unsure) > self._doubtful_max:
            self.note(checkpoints.lowest(connection, self._projections, tables, unsure, self._which))
        behind = {
            id: heads[id] - (self._reached.get(id) or 0) for id in doubtful if self._is_behind(id, heads[id])
        }
        self._open = set(behind)
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
        self._heads: dict[str, int] = {}
        self._looked_at_all = 0.0
        self._served: tuple[Served, ...] | None = None

    def look(self) -> Sight:
        self._look_for_growth()
        heads = self._heads
        # The tables first: where they change while the checkpoints are read, the next look forgets what this one found.
        with self._views.looking() as connection:
            served = checkpoints.served(connection, self._projections)
            if served != self._served:
                self._served = served
                self.live.forget()
                self.building.forget()
            building = sum(each.building for each in served)
            behind = self.live.behind(connection, len(served) - building, heads)
            unbuilt = self.building.behind(connection, building, heads)
        return Sight(heads, served, behind, unbuilt)

    def _look_for_growth(self) -> None:
        # The mark first: what grows while the heads are read is seen the next time.
        mark = self._store.growth_mark()
        if mark == self._mark and self._mark is not None:
            return
        whole = self._mark is None or time.monotonic() - self._looked_at_all >= WHOLE_LOOK_S
        found = dict(self._store.heads(None if whole else self._mark))
        if whole:
            self._heads, self._looked_at_all = found, time.monotonic()
        else:
            found = {id: head for id, head in found.items() if self._heads.get(id) != head}
            self._heads.update(found)
        for settled in (self.live, self.building):
            settled.grow(None if whole else found)
        self._mark = mark
