"""One transaction of the runner: the next facts of some businesses, into the tables of one kind."""

import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from operator import itemgetter
from typing import TypeAlias

from sqlalchemy import Connection

from domain.ledger.contract import Store
from domain.ledger.mapper import Recorded
from projections.engine.checkpoints import Checkpoint, Stop
from projections.engine.cohorts import Cohorts, Held, Reached
from projections.engine.definition import Projection
from projections.engine.driver import in_one_trip
from projections.engine.fold import (
    Decode,
    Folding,
    Page,
    advanced,
    facts_after,
    is_of_the_data,
    look_up_together,
    take,
    take_carefully,
)
from projections.engine.pages import Reader, SharedPage, Unreadable
from projections.engine.served import Which
from projections.engine.tables import ReadTables

log = logging.getLogger("carnet.runner")

Share: TypeAlias = dict[str, int]
"""Business → the number of its facts to take, at most."""


@dataclass(frozen=True, slots=True)
class Advance:
    """The result of one transaction for a business.

    `position` is the lowest of the locked tables that still run, leaving out those that a fact keeps from running
    here.
    """

    moved: bool
    position: int | None
    whole: bool
    """Whether the checkpoints of all tables were locked."""


_HELD_ELSEWHERE = Advance(moved=False, position=None, whole=False)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A table that this code cannot keep fresh, and where it stood then."""

    position: int
    by: Unreadable


@dataclass(frozen=True, slots=True)
class _Work:
    """What is to be taken in a transaction, of which businesses."""

    level: dict[str, Held]
    """Those whose tables stand together, and take the same facts."""
    running: dict[str, list[Checkpoint]]
    """The tables at work in each of the others."""
    pages: dict[str, SharedPage]


@dataclass(frozen=True, slots=True)
class _Taking:
    """What a table takes of the pages of some businesses."""

    projection: Projection
    before: Mapping[str, Checkpoint]
    pages: Mapping[str, Page]
    folding: Folding
    facts: Sequence[Recorded]


class Feeding:
    """Feeds the live tables of some read models, or those that are building."""

    def __init__(
        self,
        store: Store,
        views: ReadTables,
        projections: Sequence[Projection],
        which: Which,
        decode: Decode,
    ) -> None:
        self._store = store
        self._views = views
        self._cohorts = Cohorts(projections, which, views.engine.dialect)
        self._reader = Reader(projections, decode)
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._told: set[tuple[str, Unreadable]] = set()
        self.tables: int = len(projections)
        """How many tables there are, as far as known."""

    def unreadable(self) -> dict[str, Unreadable]:
        """Business → the first fact by which this code keeps no table of it fresh."""
        found: dict[str, Unreadable] = {}
        for (business_id, _), kept in list(self._kept.items()):
            if business_id not in found or kept.by.position < found[business_id].position:
                found[business_id] = kept.by
        return found

    def keeps(self, physical: str) -> bool:
        """Whether there is a business in which this code cannot bring the table further."""
        return any(table == physical for _, table in self._kept)

    def advance(self, share: Share, *, wait: bool = True) -> dict[str, Advance]:
        """Apply a page of each business of a share, in one transaction with their checkpoints."""
        try:
            return self._transact(share, wait=wait, carefully=False)
        except Exception as error:
            if len(share) > 1 or not is_of_the_data(error):
                raise
        return self._transact(share, wait=wait, carefully=True)

    def _transact(self, share: Share, *, wait: bool, carefully: bool) -> dict[str, Advance]:
        now_ms = time.time_ns() // 1_000_000
        with self._views.writing(wait=wait, feeding=True) as connection:
            held = self._cohorts.lock(connection, share.keys(), now_ms)
            work = self._work(held, share, carefully)
            with nullcontext() if carefully else in_one_trip(connection):
                reached = self._apply(connection, work, carefully)
                moving = {business_id: (of, reached[business_id]) for business_id, of in held.items()}
                moved = self._cohorts.move(connection, moving, now_ms)
        return dict.fromkeys(share, _HELD_ELSEWHERE) | {
            business_id: Advance(
                moved=business_id in moved,
                position=self._lowest(business_id, reached[business_id]),
                whole=of.tables >= self.tables,
            )
            for business_id, of in held.items()
        }

    def _work(self, held: Mapping[str, Held], share: Share, carefully: bool) -> _Work:
        """What is to be taken: by all tables of a business alike as far as it can be, as that costs little."""
        kept = {business_id for business_id, _ in self._kept}
        level = {
            business_id: of
            for business_id, of in held.items()
            if of.is_level and not carefully and business_id not in kept
        }
        running = {
            business_id: self._running(business_id, of.ours)
            for business_id, of in held.items()
            if business_id not in level
        }
        asked = {
            business_id: min(checkpoint.position for checkpoint in ours)
            for business_id, ours in running.items()
            if ours
        } | {business_id: of.position for business_id, of in level.items() if of.together}
        found = self._store.facts_of({id: (after, share[id]) for id, after in asked.items()}) if asked else {}
        pages = {business_id: self._reader.page(found.get(business_id, ())) for business_id in asked}
        for business_id in [id for id in level if id in pages and pages[id].unreadable]:
            running[business_id] = self._running(business_id, level.pop(business_id).ours)
        return _Work(level, running, pages)

    def _running(self, business_id: str, ours: Iterable[Checkpoint]) -> list[Checkpoint]:
        """Those that have not stopped, without those that this code cannot bring further."""
        running = []
        for checkpoint in ours:
            kept = self._kept.get((business_id, checkpoint.physical))
            if kept is not None and kept.position != checkpoint.position:
                del self._kept[business_id, checkpoint.physical]  # others have brought it further
                kept = None
            if checkpoint.stop is None and kept is None:
                running.append(checkpoint)
        return running

    def _apply(self, connection: Connection, work: _Work, carefully: bool) -> dict[str, Reached]:
        """Apply the pages to every table; returns how far each business has come."""
        taking = self._all_taking(work)
        if not carefully:
            look_up_together(connection, ((each.folding, each.facts) for each in taking))
        reached: dict[str, dict[str, Checkpoint]] = {business_id: {} for business_id in work.running}
        stopped: defaultdict[str, dict[str, Stop]] = defaultdict(dict)
        for each in taking:
            stops: Mapping[str, Stop] = {}
            if each.facts and carefully:
                stops = take_carefully(connection, each.projection, each.folding.table, each.facts)
            elif each.facts:
                stops = take(connection, each.folding, each.facts)
            physical = each.folding.table.name
            for business_id, before in each.before.items():
                after = advanced(before, each.pages[business_id], stops.get(business_id))
                reached[business_id][physical] = after
            for business_id in stops.keys() & work.level.keys():
                stopped[business_id][physical] = stops[business_id]
        return {**reached, **self._level_reached(work, stopped)}

    def _level_reached(self, work: _Work, stopped: Mapping[str, Mapping[str, Stop]]) -> dict[str, Reached]:
        """How far those businesses have come whose tables went together; one of them may have stopped on the way."""
        reached: dict[str, Reached] = {}
        for business_id, held in work.level.items():
            page = work.pages[business_id]
            if stops := stopped.get(business_id):
                whole = Page(page.facts, None, page.last)
                reached[business_id] = {
                    before.physical: advanced(before, whole, stops.get(before.physical))
                    for before in held.ours
                }
            else:
                reached[business_id] = max(held.position, page.last)
        return reached

    def _all_taking(self, work: _Work) -> list[_Taking]:
        """The tables that have something to take, or stand apart somewhere."""
        alike = [fact for business_id in work.level for fact in work.pages[business_id].facts]
        kinds = {type(recorded.fact) for recorded in alike}
        by_table: defaultdict[tuple[str, str], dict[str, Checkpoint]] = defaultdict(dict)
        for business_id, ours in work.running.items():
            for checkpoint in ours:
                by_table[checkpoint.projection, checkpoint.physical][business_id] = checkpoint
        for each in next(iter(work.level.values())).together if work.level else ():
            if not kinds.isdisjoint(self._views.projections[each.projection].handles):
                by_table.setdefault((each.projection, each.physical), {})
        return [
            self._taking(self._views.projections[name], physical, before, work.pages, alike)
            for (name, physical), before in sorted(by_table.items(), key=itemgetter(0))
        ]

    def _taking(
        self,
        projection: Projection,
        physical: str,
        before: Mapping[str, Checkpoint],
        shared: Mapping[str, SharedPage],
        alike: Sequence[Recorded],
    ) -> _Taking:
        pages: dict[str, Page] = {}
        for business_id, checkpoint in before.items():
            page, by = shared[business_id].of(projection, checkpoint.position)
            pages[business_id] = page
            if by is not None:
                self._keep(business_id, physical, by)
        folding = Folding(projection, self._views.table(projection, physical))
        return _Taking(projection, before, pages, folding, [*alike, *facts_after(before, pages)])

    def _keep(self, business_id: str, physical: str, by: Unreadable) -> None:
        if (business_id, by) not in self._told:
            self._told.add((business_id, by))
            told = "%s: this version of Carnet cannot read the fact at position %d (%s): its lists are left to others"
            log.warning(told, business_id, by.position, by.reason)
        self._kept[business_id, physical] = _Kept(by.position - 1, by)

    def _lowest(self, business_id: str, reached: Reached) -> int | None:
        """The lowest position of the tables that go on; None when none does."""
        if isinstance(reached, int):
            return reached
        return min(
            (
                checkpoint.position
                for checkpoint in reached.values()
                if checkpoint.stop is None and (business_id, checkpoint.physical) not in self._kept
            ),
            default=None,
        )
