"""Keeping the read tables up with the ledgers: any number of runners share the work.

Being woken is a hint and polling is the guarantee. One transaction takes many businesses, because a statement costs
more than the few facts of one business. A fact that fails stops its read model for its business, visibly. Nothing is
skipped, and every other read model and business goes on.
"""

import logging
import time
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Event, Thread
from typing import TypeAlias

from sqlalchemy import Connection

from domain.ledger.contract import Store
from domain.ledger.mapper import recorded
from projections.engine import checkpoints
from projections.engine.checkpoints import Checkpoint, error_text
from projections.engine.definition import Projection
from projections.engine.fold import Decode, Page, apply, is_of_the_data, page_of
from projections.engine.sqlite_engine import HeldElsewhere
from projections.engine.tables import ReadTables

FACTS_PER_PAGE = 500
"""Facts per transaction over all its businesses: about 50 ms of work, which is also the longest a fresh read
waits."""
BUSINESSES_PER_SHARE = 100
POLL_S = 1.0
REST_S_MAX = 2.0
BACK_OFF_S_MAX = 5.0
FAILURES_PER_STEP_MAX = 3
DOUBTFUL_MAX = 3
"""Businesses possibly behind that are tried without a check; for more, one query first finds those behind."""

log = logging.getLogger("carnet.runner")

Share: TypeAlias = dict[str, int]
"""Business → the number of its facts to take, at most."""


@dataclass(frozen=True, slots=True)
class Advance:
    """The result of one transaction for a business. `position` is the lowest of the locked tables that still run."""

    moved: bool
    position: int | None
    whole: bool
    """Whether the checkpoints of all tables were locked."""


class Runner:
    """Applies the facts of every ledger to every read table.

    `decode` reads stored facts. One thread may call `step`; others may call `catch_up` meanwhile.
    """

    def __init__(
        self,
        store: Store,
        views: ReadTables,
        projections: Sequence[Projection] | None = None,
        *,
        decode: Decode = recorded,
        facts_per_page: int = FACTS_PER_PAGE,
        rest: float = 0.0,
    ) -> None:
        """After each step the loop sleeps `rest` times the step's duration, at most `REST_S_MAX` seconds, so that
        a server in the same process gets the CPU. A fresh read meanwhile catches up by itself."""
        self._rest = rest
        self._store = store
        self._views = views
        self._projections = list(views.projections.values() if projections is None else projections)
        self._decode = decode
        self._facts_per_page = facts_per_page
        self._seen: tuple[tuple[str, int], ...] = ()
        self._settled: dict[str, int | None] = {}
        self._failed_last: set[str] = set()
        self._stopping = Event()
        self._thread: Thread | None = None

    # The loop

    def start(self) -> None:
        """Run in a thread of this process until `stop()`."""
        if self._thread is None:
            self._stopping.clear()
            self._thread = Thread(target=self.run, args=(self._stopping,), name="carnet-runner", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread, after at most one page and one wait of `POLL_S` seconds."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def run(self, stopping: Event) -> None:
        """Step until told to stop. Errors are retried after growing pauses of at most `BACK_OFF_S_MAX` seconds."""
        failures = 0
        while not stopping.is_set():
            try:
                began = time.monotonic()
                if not self.step(stopping):
                    self._store.wait_for_news(POLL_S)
                elif self._rest:
                    stopping.wait(min(REST_S_MAX, (time.monotonic() - began) * self._rest))
                failures = 0
            except Exception as error:  # the loop survives every error and tries again
                failures += 1
                log.warning("runner: %s; trying again", error_text(error))
                stopping.wait(min(BACK_OFF_S_MAX, 0.05 * 2 ** min(failures, 10)))

    def step(self, stopping: Event | None = None) -> bool:
        """Take at most one page for each business that is behind; returns whether a checkpoint moved.

        Raises the last error (no connection, a full disk) after the other businesses had their turn, or after
        `FAILURES_PER_STEP_MAX` errors.
        """
        moved, failures = False, 0
        failed: Exception | None = None
        shares = deque(self._shares())
        while shares and failures < FAILURES_PER_STEP_MAX and not (stopping and stopping.is_set()):
            share = shares.popleft()
            try:
                advances = self._advance(share)
            except Exception as error:
                if len(share) > 1:  # one of them caused it: try each alone
                    shares.extendleft([{id: facts} for id, facts in reversed(share.items())])
                    continue
                self._failed_last.update(share)
                failed, failures = error, failures + 1
                continue
            self._failed_last.difference_update(share)
            self._settled.update({id: each.position for id, each in advances.items() if each.whole})
            moved = moved or any(each.moved for each in advances.values())
        if failed is not None:
            raise failed
        return moved

    def _shares(self) -> Iterator[Share]:
        """The businesses that are behind, as many together as make up one page of facts.

        Those that failed last time come last and alone, so that they delay no other.
        """
        behind = self._behind()
        share: dict[str, int] = {}
        room = self._facts_per_page
        for business_id in sorted(behind.keys() - self._failed_last):
            facts = min(behind[business_id], self._facts_per_page)
            if share and (facts > room or len(share) == BUSINESSES_PER_SHARE):
                yield share
                share, room = {}, self._facts_per_page
            share[business_id] = facts
            room -= facts
        if share:
            yield share
        for business_id in sorted(behind.keys() & self._failed_last):
            yield {business_id: self._facts_per_page}

    def _behind(self) -> dict[str, int]:
        """The businesses whose head is past a checkpoint, and by how many facts at most.

        Checkpoints only go forward while the generations stay the same, so a business once found at its head is
        not looked up again: an idle business costs a comparison of two numbers.
        """
        heads = dict(self._store.heads())
        with self._views.reading() as connection:
            seen = checkpoints.generations(connection, self._projections)
            if seen != self._seen:
                self._seen, self._settled = seen, {}
            doubtful = [id for id, head in heads.items() if self._is_behind(id, head)]
            if len(doubtful) > DOUBTFUL_MAX:
                lowest = checkpoints.lowest(connection, self._projections, len(seen), doubtful)
                self._settled.update(lowest)
        return {
            id: heads[id] - (self._settled.get(id) or 0) for id in doubtful if self._is_behind(id, heads[id])
        }

    def _is_behind(self, business_id: str, head: int) -> bool:
        settled = self._settled.get(business_id, 0)
        return settled is not None and settled < head

    def catch_up(self, business_id: str, upto: int | None = None, until: float | None = None) -> int | None:
        """Apply facts in this thread to the tables that no other runner holds, up to a position (default: the head).

        Returns the lowest position of those tables that are not stopped (None: there were none). `until` is a
        moment of `time.monotonic()` after which no new page is begun. Never waits for another runner.
        """
        goal = self._store.ledger(business_id).head().position if upto is None else upto
        while True:
            try:
                advance = self._advance({business_id: self._facts_per_page}, wait=False)[business_id]
            except HeldElsewhere:
                return None
            if not advance.moved or advance.position is None or advance.position >= goal:
                return advance.position
            if until is not None and time.monotonic() >= until:
                return advance.position

    def resume(self, projection: Projection, business_id: str) -> bool:
        """Let a stopped read model try its fact again; False when it was not stopped."""
        with self._views.writing() as connection:
            return checkpoints.clear_stop(connection, projection, business_id)

    # One transaction

    def _advance(self, share: Share, *, wait: bool = True) -> dict[str, Advance]:
        """Apply a page of each business of a share, in one transaction with their checkpoints."""
        try:
            return self._transact(share, wait=wait, carefully=False)
        except Exception as error:
            if len(share) > 1 or not is_of_the_data(error):
                raise
        return self._transact(share, wait=wait, carefully=True)

    def _transact(self, share: Share, *, wait: bool, carefully: bool) -> dict[str, Advance]:
        with self._views.writing(wait=wait) as connection:
            held = self._held(connection, share)
            running = {
                business_id: [checkpoint for checkpoint in ours if checkpoint.stop is None]
                for business_id, ours in held.items()
            }
            reached = self._apply(connection, running, self._pages(running, share), carefully)
            moves = [
                (business_id, before, after)
                for business_id, ours in running.items()
                for before in ours
                if (after := reached[business_id][before.physical]) != before
            ]
            if not checkpoints.move(connection, moves, time.time_ns() // 1_000_000):
                raise HeldElsewhere(", ".join(share))  # a guard: impossible while the rows are locked
        moved = {business_id for business_id, _, _ in moves}
        return {
            business_id: Advance(
                moved=business_id in moved,
                position=_lowest(reached[business_id].values()),
                whole=len(ours) == len(self._projections),
            )
            for business_id, ours in held.items()
        }

    def _held(self, connection: Connection, share: Share) -> dict[str, list[Checkpoint]]:
        """The checkpoints of each business that could be locked until the transaction ends; missing ones are made."""
        held = checkpoints.lock(connection, self._projections, share)
        short = [id for id, ours in held.items() if len(ours) < len(self._projections)]
        if short and checkpoints.open_missing(
            connection, self._projections, short, time.time_ns() // 1_000_000
        ):
            held |= checkpoints.lock(connection, self._projections, short)
        return held

    def _pages(self, running: Mapping[str, Sequence[Checkpoint]], share: Share) -> dict[str, Page]:
        """The next facts of each business after the lowest of its checkpoints."""
        asked = {
            business_id: (min(checkpoint.position for checkpoint in ours), share[business_id])
            for business_id, ours in running.items()
            if ours
        }
        found = self._store.facts_of(asked) if asked else {}
        return {business_id: page_of(found.get(business_id, ()), self._decode) for business_id in asked}

    def _apply(
        self,
        connection: Connection,
        running: Mapping[str, Sequence[Checkpoint]],
        pages: Mapping[str, Page],
        carefully: bool,
    ) -> dict[str, dict[str, Checkpoint]]:
        """Apply the pages to every table; returns business → table → its checkpoint as it has to be now."""
        by_table: defaultdict[tuple[str, str], dict[str, Checkpoint]] = defaultdict(dict)
        for business_id, ours in running.items():
            for checkpoint in ours:
                by_table[checkpoint.projection, checkpoint.physical][business_id] = checkpoint
        reached: dict[str, dict[str, Checkpoint]] = {business_id: {} for business_id in running}
        for (name, physical), before in by_table.items():
            projection = self._views.projections[name]
            table = self._views.table(projection, physical)
            after = apply(connection, projection, table, before, pages, carefully=carefully)
            for business_id, checkpoint in after.items():
                reached[business_id][physical] = checkpoint
        return reached


def _lowest(reached: Iterable[Checkpoint]) -> int | None:
    """The lowest position of the tables that are not stopped; None when all are."""
    return min((checkpoint.position for checkpoint in reached if checkpoint.stop is None), default=None)
