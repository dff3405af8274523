"""Making a read table anew beside the live one, which serves until the switch.

A rebuild can be interrupted anywhere and started again: rows and their checkpoint are written in one transaction,
and rows that were only in memory are folded again. The new table is its only side effect.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select, update

from domain.ledger.contract import LedgerRecorder, Store
from domain.ledger.mapper import recorded
from projections.engine import checkpoints
from projections.engine.checkpoints import BUILDING, CHECKPOINTS, LIVE, OLD, Checkpoint, read_tables
from projections.engine.comparison import Difference, compare
from projections.engine.definition import Projection, physical_name
from projections.engine.drop_old import drop, drop_replaced
from projections.engine.fold import Decode, Folding, apply, read_page
from projections.engine.ownership import be_owner, share
from projections.engine.patience import Waiting, patiently
from projections.engine.tables import ReadTables

Progress = Callable[[int, int], None]
"""Called with the facts done and the facts in all."""

TRIES = 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a rebuild: facts read at a time, rows held in memory, rows per write."""

    facts_per_page: int = 2_000
    rows_held: int = 50_000
    rows_per_write: int = 50_000


ON_POSTGRES = Limits()
ON_SQLITE = Limits(rows_per_write=1_000)
"""SQLite has one writer: a write of this size keeps the live runner waiting for less than 50 ms."""


class RebuildStopped(Exception):
    """The new table stops at a fact that the live one has taken, so the live one stays."""

    def __init__(self, name: str, business_id: str, stop: checkpoints.Stop) -> None:
        super().__init__(f"{name} of {business_id} stops at position {stop.position}: {stop.error}")
        self.name = name
        self.business_id = business_id
        self.stop = stop


class Rebuild:
    """A rebuild of one read model. Several processes can share it, and a new one continues one that was killed.

    `restart` discards the table of an interrupted rebuild: needed when the read model was repaired since.
    """

    def __init__(
        self,
        store: Store,
        views: ReadTables,
        projection: Projection,
        *,
        decode: Decode = recorded,
        limits: Limits | None = None,
        restart: bool = False,
        waiting: Waiting | None = None,
    ) -> None:
        """`waiting` is called while a reader of a table that goes keeps it. Raises StillRead."""
        self._store = store
        self._views = views
        self._projection = projection
        self._decode = decode
        self._limits = limits or (ON_POSTGRES if views.on_postgres else ON_SQLITE)
        self._waiting = waiting
        what = f"the table of an earlier rebuild of {projection.name}"
        self.physical = patiently(lambda: self._begin(restart), what, waiting)
        self._table = views.table(projection, self.physical)

    def _begin(self, restart: bool) -> str:
        """The name of the table to fill: that of an interrupted rebuild, or a new one."""
        with self._views.altering() as connection:
            live = checkpoints.live_tables(connection, [self._projection]).get(self._projection.name)
            physical = physical_name(self._projection)
            served = checkpoints.served_tables(connection, [self._projection]).get(self._projection.name)
            if physical in (live, served):  # the one that is building is left to the runner
                physical = physical_name(self._projection, shadow=True)
            state = connection.scalar(select(read_tables.c.state).where(read_tables.c.physical == physical))
            if state == BUILDING and not restart:
                return physical
            drop(connection, physical)
            self._views.table(self._projection, physical).create(connection)
            if self._views.on_postgres:
                share(connection, self._views.schema)
            connection.execute(
                read_tables.insert(),
                {
                    "physical": physical,
                    "projection": self._projection.name,
                    "version": self._projection.version,
                    "state": BUILDING,
                    "generation": 1,
                },
            )
            return physical

    # Filling

    def fill(self, progress: Progress | None = None) -> int:
        """Fill the new table from every ledger; returns the number of facts it has taken.

        Facts recorded meanwhile are taken in further rounds, until a round is at most one page. The live runner
        takes the rest after the switch.
        """
        while True:
            heads = dict(self._store.heads())
            reached = self._reached()
            done = at_first = sum(reached.values())
            for business_id, head in heads.items():
                before = reached.get(business_id, 0)
                for position in self._fill_one(business_id, head) if before < head else ():
                    done, before = done + position - before, position
                    if progress is not None:
                        progress(done, sum(heads.values()))
            if done - at_first <= self._limits.facts_per_page:
                self._gather_statistics()
                return done

    def _gather_statistics(self) -> None:
        """So that the first lists after the switch are planned for the rows that are there."""
        if self._views.on_postgres:
            with self._views.writing() as connection:
                be_owner(connection, self._views.schema)
                connection.exec_driver_sql(f"ANALYZE {self.physical}")

    def _reached(self) -> dict[str, int]:
        found = select(CHECKPOINTS.c.business_id, CHECKPOINTS.c.position)
        with self._views.reading() as connection:
            rows = connection.execute(found.where(CHECKPOINTS.c.physical == self.physical))
            return {row.business_id: row.position for row in rows}

    def _fill_one(self, business_id: str, upto: int) -> Iterator[int]:
        """Fold one ledger in memory, with a write every `rows_per_write` rows; yields the position after each page."""
        with self._views.writing() as connection:
            checkpoints.open_checkpoint(connection, self.physical, business_id, _now_ms())
            checkpoint = self._checkpoint(connection, self.physical, business_id)
        ledger = self._store.ledger(business_id)
        folding = Folding(self._projection, self._table, empty=checkpoint.position == 0)
        folded = checkpoint
        while folded.position < upto and folded.stop is None:
            folded = self._fold_page(ledger, folding, folded, upto)
            ended = folded.position >= upto or folded.stop is not None
            if ended or folding.unwritten >= self._limits.rows_per_write:
                try:
                    written = self._write(business_id, folding, checkpoint, folded)
                except Exception:
                    # Finds the fact that the database refuses; any other failure is raised there again.
                    yield from self._fill_carefully(business_id, upto)
                    return
                if not written:
                    return  # another process is at this ledger
                checkpoint = folded
                if folding.held >= self._limits.rows_held:
                    folding.forget()
            yield folded.position

    def _fold_page(self, ledger: LedgerRecorder, folding: Folding, at: Checkpoint, upto: int) -> Checkpoint:
        page = read_page(ledger, at.position, self._limits.facts_per_page, self._decode, upto)
        with self._views.reading() as connection:
            stop = folding.take(connection, page.facts).get(ledger.business_id) or page.stop
        last = page.facts[-1].position if page.facts else at.position
        return replace(at, position=last if stop is None else stop.position - 1, stop=stop)

    def _write(self, business_id: str, folding: Folding, before: Checkpoint, after: Checkpoint) -> bool:
        """Write rows and checkpoint together; False, and nothing written, when another process moved it."""
        with self._views.writing() as connection:
            moved = checkpoints.move(connection, [(business_id, before, after)], _now_ms())
            if moved:
                folding.write(connection)
            return moved

    def _fill_carefully(self, business_id: str, upto: int) -> Iterator[int]:
        """Apply page by page, so that a fact whose rows the database refuses is found."""
        ledger = self._store.ledger(business_id)
        while True:
            with self._views.writing() as connection:
                before = self._checkpoint(connection, self.physical, business_id)
                if before.stop is not None or before.position >= upto:
                    return
                after = self._apply(connection, ledger, before, upto)
            yield after.position

    def _apply(self, connection: Connection, ledger: LedgerRecorder, at: Checkpoint, upto: int) -> Checkpoint:
        page = read_page(ledger, at.position, self._limits.facts_per_page, self._decode, upto)
        table = self._views.table(self._projection, at.physical)
        own, pages = {ledger.business_id: at}, {ledger.business_id: page}
        after = apply(connection, self._projection, table, own, pages, carefully=True)[ledger.business_id]
        checkpoints.move(connection, [(ledger.business_id, at, after)], _now_ms())
        return after

    def _checkpoint(self, connection: Connection, physical: str, business_id: str) -> Checkpoint:
        """The checkpoint, locked until the transaction ends; position 0 where there is none."""
        own = (CHECKPOINTS.c.physical == physical) & (CHECKPOINTS.c.business_id == business_id)
        row = connection.execute(select(CHECKPOINTS).where(own).with_for_update()).first()
        if row is None:
            return Checkpoint(self._projection.name, physical, 0)
        stop = None if row.stopped_at is None else checkpoints.Stop(row.stopped_at, row.error)
        return Checkpoint(self._projection.name, physical, row.position, stop)

    # Comparing

    def differences(self) -> Iterator[Difference]:
        """The rows that differ between the live and the new table, both at the same position of each ledger.

        Leaves out a ledger where either table has stopped: they cannot reach the same position. Raises
        RuntimeError when a ledger grows too fast to be compared.
        """
        if not self._has_live():
            return
        for business_id in self._reached():
            for _ in range(TRIES):
                if not self._level(business_id):
                    break
                with self._views.reading() as connection:
                    live = self._live(connection)
                    at = [
                        self._position(connection, physical, business_id)
                        for physical in (live, self.physical)
                    ]
                    if at[0] == at[1]:
                        live_table = self._views.table(self._projection, live)
                        yield from compare(connection, self._projection, business_id, live_table, self._table)
                        break
            else:
                raise RuntimeError(f"{business_id} moves too fast to be compared")

    def _level(self, business_id: str) -> bool:
        """Bring both tables to the position of the further one; False when one has stopped."""
        ledger = self._store.ledger(business_id)
        with self._views.writing() as connection:
            for physical in (self._live(connection), self.physical):
                checkpoints.open_checkpoint(connection, physical, business_id, _now_ms())
            live = self._checkpoint(connection, self._live(connection), business_id)
            new = self._checkpoint(connection, self.physical, business_id)
            while live.position != new.position and live.stop is None and new.stop is None:
                if live.position < new.position:
                    live = self._apply(connection, ledger, live, new.position)
                else:
                    new = self._apply(connection, ledger, new, live.position)
        return live.stop is None and new.stop is None

    def _has_live(self) -> bool:
        with self._views.reading() as connection:
            return bool(checkpoints.live_tables(connection, [self._projection]))

    def _live(self, connection: Connection) -> str:
        return checkpoints.live_tables(connection, [self._projection])[self._projection.name]

    def _position(self, connection: Connection, physical: str, business_id: str) -> int:
        own = (CHECKPOINTS.c.physical == physical) & (CHECKPOINTS.c.business_id == business_id)
        return connection.scalar(select(CHECKPOINTS.c.position).where(own)) or 0

    # Switching

    def switch(self) -> None:
        """Make the new table the live one, in one short transaction.

        Raises RebuildStopped when the new table has stopped at a fact that the live one has taken, StillRead.
        """
        patiently(self._switch, self.physical, self._waiting)

    def _switch(self) -> None:
        with self._views.altering() as connection:
            live = checkpoints.live_tables(connection, [self._projection]).get(self._projection.name)
            if live == self.physical:
                return
            self._refuse_stops(connection, live)
            served = checkpoints.served_tables(connection, [self._projection]).get(self._projection.name)
            for physical, state in ((served, OLD), (self.physical, LIVE)):
                connection.execute(
                    update(read_tables).where(read_tables.c.physical == physical).values(state=state)
                )

    def _refuse_stops(self, connection: Connection, live: str | None) -> None:
        own = CHECKPOINTS.c.physical == self.physical
        for row in connection.execute(select(CHECKPOINTS).where(own, CHECKPOINTS.c.stopped_at.is_not(None))):
            if live is not None and self._position(connection, live, row.business_id) > row.position:
                stop = checkpoints.Stop(row.stopped_at, row.error)
                raise RebuildStopped(self._projection.name, row.business_id, stop)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The outcome of a rebuild."""

    physical: str
    facts: int
    differences: int
    dropped: Sequence[str]


def rebuild(
    store: Store,
    views: ReadTables,
    projection: Projection,
    *,
    decode: Decode = recorded,
    progress: Progress | None = None,
    differing: Callable[[Difference], None] | None = None,
    keep_old: bool = False,
    restart: bool = False,
    waiting: Waiting | None = None,
) -> Rebuilt:
    """Fill a new table, pass the rows that differ to `differing` if given, switch, and drop the table it replaces.

    The tables of other versions stay.
    `waiting` is called while a reader keeps a table that goes: the old one then stays until the next rebuild.
    Raises RebuildStopped, StillRead, and what `Rebuild.differences` raises; the live table then stays.
    """
    making = Rebuild(store, views, projection, decode=decode, restart=restart, waiting=waiting)
    facts = making.fill(progress)
    differences = 0
    if differing is not None:
        for difference in making.differences():
            differences += 1
            differing(difference)
    making.switch()
    dropped = [] if keep_old else drop_replaced(views, projection, waiting)
    return Rebuilt(making.physical, facts, differences, dropped)
