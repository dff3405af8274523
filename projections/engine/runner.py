"""Keeping the read tables up with the ledgers: any number of runners share the work.

Being woken is a hint and polling is the guarantee. One transaction takes many businesses, because a statement costs
more than the few facts of one business. A fact that fails stops its read model for its business, visibly. Nothing is
skipped, and every other read model and business goes on.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from threading import Event, Thread

from domain.ledger.contract import Store
from domain.ledger.reading import reading
from projections.engine.checkpoints import clear_stop, error_text
from projections.engine.completion import Completion
from projections.engine.definition import Projection
from projections.engine.feeding import Feeding
from projections.engine.fold import Decode
from projections.engine.lane import Lane
from projections.engine.pages import Unreadable
from projections.engine.settled import Lookout
from projections.engine.sqlite_engine import HeldElsewhere
from projections.engine.statistics import gather_statistics
from projections.engine.tables import ReadTables

FACTS_PER_PAGE = 500
"""Facts per transaction over all its businesses: about 50 ms of work, which is also the longest a fresh read
waits."""
BUILDING_PAGES = 4
"""Transactions of a step for the tables that are building, after those of the live ones."""
POLL_S = 1.0
REST_S_MAX = 2.0
BACK_OFF_S_MAX = 5.0

log = logging.getLogger("carnet.runner")


class Runner:
    """Applies the facts of every ledger to every read table.

    Live tables come first. The tables of a new version fill behind them, and go live when they are complete. `decode`
    reads stored facts. One thread may call `step`; others may call `catch_up` meanwhile.
    """

    def __init__(
        self,
        store: Store,
        views: ReadTables,
        projections: Sequence[Projection] | None = None,
        *,
        decode: Decode = reading,
        facts_per_page: int = FACTS_PER_PAGE,
        rest: float = 0.0,
    ) -> None:
        """After each step the loop sleeps `rest` times the step's duration, at most `REST_S_MAX` seconds, so that
        a server in the same process gets the CPU. A fresh read meanwhile catches up by itself."""
        self._rest = rest
        self._store = store
        self._views = views
        self._projections = list(views.projections.values() if projections is None else projections)
        self._facts_per_page = facts_per_page
        self._lookout = Lookout(store, views, self._projections)
        self._live = Lane(
            Feeding(store, views, self._projections, "live", decode), self._lookout.live, facts_per_page
        )
        self._building = Lane(
            Feeding(store, views, self._projections, "building", decode),
            self._lookout.building,
            facts_per_page,
        )
        self._completion = Completion(views, self._building)
        self._in_bulk = False
        """Whether whole pages were taken since PostgreSQL last counted the rows."""
        self._more = False
        """Whether the last step left something behind, as far as it knows: then the next one waits for no news."""
        self._stopping = Event()
        self._thread: Thread | None = None

    @property
    def unreadable(self) -> Mapping[str, Unreadable]:
        """Business → a fact that this code cannot read: newer code wrote it, and keeps its lists fresh."""
        return self._building.feeding.unreadable() | self._live.feeding.unreadable()

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
                moved = self.step(stopping)
                if moved and self._rest:
                    stopping.wait(min(REST_S_MAX, (time.monotonic() - began) * self._rest))
                if not moved or not self._more:
                    self._store.wait_for_news(POLL_S)
                failures = 0
            except Exception as error:  # the loop survives every error and tries again
                failures += 1
                log.warning("runner: %s; trying again", error_text(error))
                stopping.wait(min(BACK_OFF_S_MAX, 0.05 * 2 ** min(failures, 10)))

    def step(self, stopping: Event | None = None) -> bool:
        """Take at most one page for each business that is behind; returns whether anything moved.

        Raises the last error (no connection, a full disk) after the other businesses had their turn, or after a few
        errors.
        """
        for lane in (self._live, self._building):
            lane.look_again()
        sight = self._lookout.look()
        building = sight.building
        self._live.feeding.tables = len(sight.served) - len(building)
        self._building.feeding.tables = len(building)
        self._in_bulk |= self._whole_page(sight.behind) or self._whole_page(sight.unbuilt)
        moved = self._live.work(sight.behind, stopping)
        if building:
            moved = self._building.work(sight.unbuilt, stopping, BUILDING_PAGES) or moved
            moved = self._completion.look(building, sight.heads) or moved
        self._more = bool(building) or self._in_bulk
        if not moved:
            self._end_bulk()
        return moved

    def _whole_page(self, behind: Mapping[str, int]) -> bool:
        return any(facts >= self._facts_per_page for facts in behind.values())

    def _end_bulk(self) -> None:
        """After many facts at once, such as a load: have lists planned for the rows that came."""
        if self._in_bulk:
            self._in_bulk = False
            gather_statistics(self._views, self._projections)

    def catch_up(
        self, business_id: str, upto: int | None = None, until: float | None = None, *, building: bool = False
    ) -> int | None:
        """Apply facts in this thread to the tables that no other runner holds, up to a position (default: the head).

        To the live ones, or to those that are `building`. Returns the lowest position of those tables that go on
        (None: there were none). `until` is a moment of `time.monotonic()` after which no new page is begun. Never
        waits for another runner.
        """
        goal = self._store.ledger(business_id).head().position if upto is None else upto
        feeding = (self._building if building else self._live).feeding
        while True:
            try:
                advance = feeding.advance({business_id: self._facts_per_page}, wait=False)[business_id]
            except HeldElsewhere:
                return None
            if not advance.moved or advance.position is None or advance.position >= goal:
                if until is None:
                    self._end_bulk()
                return advance.position
            self._in_bulk = True
            if until is not None and time.monotonic() >= until:
                return advance.position

    def resume(self, projection: Projection, business_id: str) -> bool:
        """Let a stopped read model try its fact again; False when it was not stopped."""
        with self._views.writing() as connection:
            return clear_stop(connection, projection, business_id)
