"""One transaction of the runner: the next facts of some businesses, into the tables of one kind."""

import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import Connection

from domain.ledger.contract import Store
from domain.ledger.mapper import Recorded
from projections.engine.checkpoints import Checkpoint
from projections.engine.cohorts import Cohorts
from projections.engine.definition import Projection
from projections.engine.driver import in_one_trip
from projections.engine.fold import (
    Decode,
    Folding,
    Page,
    apply,
    facts_after,
    is_of_the_data,
    look_up_together,
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
        with self._views.writing(wait=wait) as connection:
            held = self._cohorts.lock(connection, share.keys(), now_ms, wait=wait)
            running = {business_id: self._running(business_id, of.ours) for business_id, of in held.items()}
            pages = self._pages(running, share)
            with nullcontext() if carefully else in_one_trip(connection):
                reached = self._apply(connection, running, pages, carefully)
                moving = {business_id: (of, reached[business_id]) for business_id, of in held.items()}
                moved = self._cohorts.move(connection, moving, now_ms)
        return dict.fromkeys(share, _HELD_ELSEWHERE) | {
            business_id: Advance(
                moved=business_id in moved,
                position=self._lowest(business_id, reached[business_id].values()),
                whole=len(of.ours) >= self.tables,
            )
            for business_id, of in held.items()
        }

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

    def _pages(self, running: Mapping[str, Sequence[Checkpoint]], share: Share) -> dict[str, SharedPage]:
        """The next facts of each business after the lowest of its checkpoints."""
        asked = {
            business_id: (min(checkpoint.position for checkpoint in ours), share[business_id])
            for business_id, ours in running.items()
            if ours
        }
        found = self._store.facts_of(asked) if asked else {}
        return {business_id: self._reader.page(found.get(business_id, ())) for business_id in asked}

    def _apply(
        self,
        connection: Connection,
        running: Mapping[str, Sequence[Checkpoint]],
        shared: Mapping[str, SharedPage],
        carefully: bool,
    ) -> dict[str, dict[str, Checkpoint]]:
        """Apply the pages to every table; returns business → table → its checkpoint as it has to be now."""
        by_table: defaultdict[tuple[str, str], dict[str, Checkpoint]] = defaultdict(dict)
        for business_id, ours in running.items():
            for checkpoint in ours:
                by_table[checkpoint.projection, checkpoint.physical][business_id] = checkpoint
        reached: dict[str, dict[str, Checkpoint]] = {business_id: {} for business_id in running}
        taking = [
            self._taking(self._views.projections[name], physical, before, shared)
            for (name, physical), before in by_table.items()
        ]
        if not carefully:
            look_up_together(connection, ((each.folding, each.facts) for each in taking))
        for each in taking:
            after = apply(
                connection,
                each.projection,
                each.folding.table,
                each.before,
                each.pages,
                carefully=carefully,
                folding=each.folding,
            )
            for business_id, checkpoint in after.items():
                reached[business_id][checkpoint.physical] = checkpoint
        return reached

    def _taking(
        self,
        projection: Projection,
        physical: str,
        before: Mapping[str, Checkpoint],
        shared: Mapping[str, SharedPage],
    ) -> "_Taking":
        pages: dict[str, Page] = {}
        for business_id, checkpoint in before.items():
            page, by = shared[business_id].of(projection, checkpoint.position)
            pages[business_id] = page
            if by is not None:
                self._keep(business_id, physical, by)
        folding = Folding(projection, self._views.table(projection, physical))
        return _Taking(projection, before, pages, folding, facts_after(before, pages))

    def _keep(self, business_id: str, physical: str, by: Unreadable) -> None:
        if (business_id, by) not in self._told:
            self._told.add((business_id, by))
            told = "%s: this version of Carnet cannot read the fact at position %d (%s): its lists are left to others"
            log.warning(told, business_id, by.position, by.reason)
        self._kept[business_id, physical] = _Kept(by.position - 1, by)

    def _lowest(self, business_id: str, reached: Iterable[Checkpoint]) -> int | None:
        """The lowest position of the tables that go on; None when none does."""
        return min(
            (
                checkpoint.position
                for checkpoint in reached
                if checkpoint.stop is None and (business_id, checkpoint.physical) not in self._kept
            ),
            default=None,
        )
