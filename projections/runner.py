"""Keeping the read tables up with the ledgers: any number of runners share the work.

Being woken is a hint and polling is the guarantee. A fact that fails stops its read model for its business,
visibly; nothing is skipped, and every other read model and business goes on.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event, Thread

from sqlalchemy import Connection

from domain.ledger.mapper import recorded
from domain.ledger.recorder import Store
from projections import positions
from projections.definition import Projection
from projections.folding import Decode, Page, apply, is_of_the_data, read_page
from projections.positions import Checkpoint, error_text
from projections.views import HeldElsewhere, Views

FACTS_PER_PAGE = 1000
POLL_S = 1.0
REST_S_MAX = 2.0
BACK_OFF_S_MAX = 5.0
FAILURES_PER_STEP_MAX = 3
DOUBTFUL_MAX = 3
"""So many businesses are looked at one by one; of more, one query first tells which are behind."""

log = logging.getLogger("carnet.runner")


@dataclass(frozen=True, slots=True)
class Advance:
    """What one transaction did for a business. `position` is the lowest of the tables that still run."""

    moved: bool
    position: int | None
    complete: bool
    """Whether every table was ours and had nothing more to take at that moment."""


class Runner:
    """Applies the facts of every ledger to every read table.

    `decode` reads stored facts. One runner may be stepped by one thread and asked to catch up by others.
    """

    def __init__(
        self,
        store: Store,
        views: Views,
        projections: Sequence[Projection] | None = None,
        *,
        decode: Decode = recorded,
        facts_per_page: int = FACTS_PER_PAGE,
        rest: float = 0.0,
    ) -> None:
        """`rest`: how many times as long as it worked the loop rests after each step, at most `REST_S_MAX`.
        Beside a server it gives way so; what is read meanwhile is caught up by the read itself."""
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
        """End the thread; at most one page and one wait for news are finished first."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def run(self, stopping: Event) -> None:
        """Step until told to stop. Whatever fails is tried again, later and later, at most 5 s apart."""
        failures = 0
        while not stopping.is_set():
            try:
                began = time.monotonic()
                if not self.step(stopping):
                    self._store.wait_for_news(POLL_S)
                elif self._rest:
                    stopping.wait(min(REST_S_MAX, (time.monotonic() - began) * self._rest))
                failures = 0
            except Exception as error:  # a runner never dies: what it cannot do now, it tries again
                failures += 1
                log.warning("runner: %s; trying again", error_text(error))
                stopping.wait(min(BACK_OFF_S_MAX, 0.05 * 2 ** min(failures, 10)))

    def step(self, stopping: Event | None = None) -> bool:
        """Take one page for each business that is behind; whether anything moved.

        Raises what went wrong (no connection, a full disk) after the other businesses had their turn.
        """
        moved, failures = False, 0
        failed: Exception | None = None
        # Those that failed last time come last, so that they keep nobody waiting.
        for business_id in sorted(self._behind(), key=lambda id: id in self._failed_last):
            if stopping is not None and stopping.is_set():
                break
            try:
                advance = self._advance(business_id)
            except Exception as error:  # the others go on; told below
                self._failed_last.add(business_id)
                failed, failures = error, failures + 1
                if failures == FAILURES_PER_STEP_MAX:
                    break
                continue
            self._failed_last.discard(business_id)
            if advance.complete:
                self._settled[business_id] = advance.position
            moved = moved or advance.moved
        if failed is not None:
            raise failed
        return moved

    def _behind(self) -> list[str]:
        """The businesses whose head is past a checkpoint.

        Checkpoints only go forward while the generations stay the same, so what was once found settled at
        its head is not asked again: idle businesses cost a comparison of two numbers.
        """
        heads = dict(self._store.heads())
        with self._views.reading() as connection:
            seen = positions.generations(connection, self._projections)
            if seen != self._seen:
                self._seen, self._settled = seen, {}
            doubtful = [id for id, head in heads.items() if self._is_behind(id, head)]
            if len(doubtful) > DOUBTFUL_MAX:
                lowest = positions.lowest(connection, self._projections, len(seen), doubtful)
                self._settled.update(lowest)
        return [id for id in doubtful if self._is_behind(id, heads[id])]

    def _is_behind(self, business_id: str, head: int) -> bool:
        settled = self._settled.get(business_id, 0)
        return settled is not None and settled < head

    # One business

    def catch_up(self, business_id: str, upto: int | None = None, until: float | None = None) -> int | None:
        """Apply here and now what nobody else holds, up to a position (default: the head).

        Returns the lowest position of the tables that were ours and are not stopped (None: there were none).
        `until` is a moment of `time.monotonic()` after which no new page is begun. Never waits for others.
        """
        goal = self._store.ledger(business_id).head().position if upto is None else upto
        while True:
            try:
                advance = self._advance(business_id, wait=False)
            except HeldElsewhere:
                return None
            if not advance.moved or advance.position is None or advance.position >= goal:
                return advance.position
            if until is not None and time.monotonic() >= until:
                return advance.position

    def resume(self, projection: Projection, business_id: str) -> bool:
        """Let a stopped read model try its fact again; False when it was not stopped."""
        with self._views.writing() as connection:
            return positions.clear_stop(connection, projection, business_id)

    def _advance(self, business_id: str, *, wait: bool = True) -> Advance:
        """One page for one business, in one transaction with its checkpoints."""
        try:
            return self._transact(business_id, wait=wait, carefully=False)
        except Exception as error:
            if not is_of_the_data(error):
                raise
        return self._transact(business_id, wait=wait, carefully=True)

    def _transact(self, business_id: str, *, wait: bool, carefully: bool) -> Advance:
        with self._views.writing(wait=wait) as connection:
            ours = positions.lock(connection, self._projections, business_id)
            if len(ours) < len(self._projections) and self._open(connection, business_id):
                ours = positions.lock(connection, self._projections, business_id)
            running = [checkpoint for checkpoint in ours if checkpoint.stop is None]
            if not running:
                return Advance(moved=False, position=None, complete=len(ours) == len(self._projections))
            after = min(checkpoint.position for checkpoint in running)
            page = read_page(self._store.ledger(business_id), after, self._facts_per_page, self._decode)
            reached = [self._apply(connection, business_id, each, page, carefully) for each in running]
            moves = [move for move in zip(running, reached, strict=True) if move[0] != move[1]]
            if not positions.move(connection, business_id, moves, time.time_ns() // 1_000_000):
                raise HeldElsewhere(business_id)  # never while we hold the rows: a guard, not a case
        return Advance(
            moved=bool(moves),
            position=min((each.position for each in reached if each.stop is None), default=None),
            complete=len(ours) == len(self._projections) and not page.full,
        )

    def _open(self, connection: Connection, business_id: str) -> bool:
        return positions.open_missing(connection, self._projections, business_id, time.time_ns() // 1_000_000)

    def _apply(
        self, connection: Connection, business_id: str, checkpoint: Checkpoint, page: Page, carefully: bool
    ) -> Checkpoint:
        projection = self._views.projections[checkpoint.projection]
        table = self._views.table(projection, checkpoint.physical)
        return apply(connection, projection, table, business_id, checkpoint, page, carefully=carefully)
