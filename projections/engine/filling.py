"""Filling new tables share by share: all read models that are rebuilt together in one pass over the facts.

Processes that fill the same tables share the work. A share is written whole or made again, so a process that is
killed costs its share at most.
"""

import gc
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from sqlalchemy import Connection, Index, Table, select, text
from sqlalchemy.schema import CreateTable

from domain.ledger.contract import Store
from projections.engine import shares
from projections.engine.bulk import BulkWriter
from projections.engine.definition import Projection
from projections.engine.fold import Decode
from projections.engine.in_order import InOrder, now_ms
from projections.engine.ownership import be_owner
from projections.engine.share_locks import ShareLocks
from projections.engine.shares import Share
from projections.engine.streams import StreamFolds, StreamRows
from projections.engine.tables import ReadTables

Progress = Callable[[int, int], None]
"""Called with the facts done and the facts in all."""

WAIT_S = 0.2
"""Seconds between two looks at what other processes hold."""
INDEXED_FROM = 80_000
"""Rows of a table on SQLite from which its indexes are made: to make one of more rows would keep other writers
waiting for more than a tenth of a second. On PostgreSQL, and for smaller tables, they are made last."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a rebuild: facts read at a time, rows held in memory, rows per write, facts of one share."""

    facts_per_page: int = 2_000
    rows_held: int = 50_000
    rows_per_write: int = 50_000
    facts_per_share: int = 5_000


ON_POSTGRES = Limits()
ON_SQLITE = Limits(rows_per_write=1_000, facts_per_share=8_000)
"""SQLite has one writer: a write of this size keeps the live runner waiting for less than 50 ms."""


def limits_of(views: ReadTables) -> Limits:
    return ON_POSTGRES if views.on_postgres else ON_SQLITE


def create_bare(connection: Connection, table: Table) -> None:
    """Make a table without its indexes: `Filling` makes them once the rows are there."""
    connection.execute(CreateTable(table))


@contextmanager
def _no_search_for_cycles() -> Iterator[None]:
    """Facts and rows refer to nothing in circles: looking for that would take half of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class Filling:
    """Fills the tables of some read models, and all others of their plans, up to the planned positions."""

    def __init__(
        self,
        store: Store,
        views: ReadTables,
        tables: Mapping[str, Projection],
        *,
        decode: Decode,
        limits: Limits,
    ) -> None:
        """`tables`: table → its read model, of everything that this code knows and that is being filled."""
        self._store = store
        self._views = views
        self._projections = tables
        self._tables = {physical: views.table(each, physical) for physical, each in tables.items()}
        self._decode = decode
        self._limits = limits
        self._writers = {
            physical: BulkWriter(table, views.engine.dialect) for physical, table in self._tables.items()
        }
        self._indexed: set[str] = set()
        self._locks = None if views.on_postgres else ShareLocks(Path(views.where))

    def fill(self, physical: str, progress: Progress | None = None) -> None:
        """Bring a table to the position that was planned for it; nothing where it is there already."""
        while True:
            with self._views.reading() as connection:
                plan = shares.plans(connection).get(physical)
            if plan is None:
                return
            ours = self._of(plan)
            with closing(self._work(plan, ours)) as steps:
                for done, of in steps:
                    if progress is not None:
                        progress(done, of)
            for each in ours:
                self._end(each)

    def _of(self, plan: str) -> list[str]:
        with self._views.reading() as connection:
            planned = shares.plans(connection)
        return [physical for physical, of in planned.items() if of == plan and physical in self._tables]

    # Shares

    def _work(self, plan: str, ours: Sequence[str]) -> Generator[tuple[int, int]]:
        """Take share after share until nobody has one; yields the facts done and the facts in all."""
        take = self._take_locked if self._locks is None else self._take_claimed
        while True:
            worked = False
            for done, of in take(plan, ours):
                worked = True
                yield done, of
            if worked:
                continue
            with self._views.reading() as connection:
                if not shares.is_left(connection, plan):
                    return
            Event().wait(WAIT_S)  # for others who may end, or be killed

    def _take_locked(self, plan: str, ours: Sequence[str]) -> Iterator[tuple[int, int]]:
        """On PostgreSQL: the rows of a share are written in the transaction that holds it."""
        with self._views.writing() as connection:
            share = shares.take(connection, plan)
            if share is None:
                return
            done, of = shares.facts(connection, plan)
            if share.physical:
                for position in self._in_order(share):
                    yield done + min(position, share.facts), of
                if self._is_in_order(share):
                    shares.settle(connection, share, now_ms())
            else:
                failed = self._by_stream(share, ours, lambda batch: self._write(connection, batch))
                shares.fold_in_order(connection, share, failed)
                shares.settle(connection, share, now_ms())
        yield done + share.facts, of

    def _take_claimed(self, plan: str, ours: Sequence[str]) -> Iterator[tuple[int, int]]:
        """On SQLite: a lock of the operating system holds the share, and transactions are short."""
        assert self._locks is not None
        with self._views.reading() as connection:
            found = list(shares.shares(connection, plan, shares.open_shares(plan).limit(200)))
        for share in found:
            with self._locks.hold(share.lock) as held:
                if not held:
                    continue
                with self._views.reading() as connection:
                    if shares.is_done(connection, share):
                        continue
                    done, of = shares.facts(connection, plan)
                if share.physical:
                    for position in self._in_order(share):
                        yield done + min(position, share.facts), of
                    if not self._is_in_order(share):
                        continue
                    failed: list[str] = []
                else:
                    failed = self._by_stream(share, ours, self._write_alone)
                with self._views.writing() as connection:
                    shares.fold_in_order(connection, share, failed)
                    shares.settle(connection, share, now_ms())
            yield done + share.facts, of
            if share.physical == "":
                self._index_large(ours)

    # By stream

    def _by_stream(
        self,
        share: Share,
        ours: Sequence[str],
        write: Callable[[Sequence[tuple[str, StreamRows]]], None],
    ) -> list[str]:
        """Fold the streams of a share, and write their rows; returns the tables whose read model failed at a fact."""
        projections = {
            self._projections[each].name: each for each in ours if self._projections[each].by_stream
        }
        with _no_search_for_cycles():
            return self._folded(share, projections, write)

    def _folded(
        self,
        share: Share,
        projections: Mapping[str, str],
        write: Callable[[Sequence[tuple[str, StreamRows]]], None],
    ) -> list[str]:
        folds = StreamFolds(
            (self._projections[each] for each in projections.values()),
            self._decode,
            lambda projection: self._writers[projections[projection.name]].values,
        )
        batch = [(projections[rows.projection.name], rows) for rows in folds.each]
        for part in share.parts:
            ledger = self._store.ledger(part.business_id)
            after = (part.after, 2**31 - 1) if part.after else ("", 0)
            while True:
                page = ledger.by_stream(
                    after, part.last, part.upto, folds.others, self._limits.facts_per_page
                )
                folds.take(page)
                if len(page) < self._limits.facts_per_page:
                    break
                after = (page[-1].stream_id, page[-1].version)
                if sum(len(rows.rows) for _, rows in batch) >= self._limits.rows_per_write:
                    write(batch)
            folds.end()
        write(batch)
        return [projections[each.name] for each in folds.failed]

    def _write(self, connection: Connection, batch: Sequence[tuple[str, StreamRows]]) -> None:
        """Write the rows that are there. A table whose rows the database refuses has failed."""
        for physical, rows in batch:
            if not rows.rows or rows.failed:
                continue
            try:
                with connection.begin_nested():
                    self._writers[physical].write(connection, rows.rows)
            except Exception:  # which fact made the row, or that it was none, folding in order tells
                rows.failed = True
            rows.rows.clear()

    def _write_alone(self, batch: Sequence[tuple[str, StreamRows]]) -> None:
        """Write the rows in transactions of at most so many rows that other writers do not wait for long."""
        for physical, rows in batch:
            while rows.rows:
                written = rows.rows[: self._limits.rows_per_write]
                rest = rows.rows[self._limits.rows_per_write :]
                rows.rows = written
                with self._views.writing() as connection:
                    self._write(connection, [(physical, rows)])
                rows.rows = [] if rows.failed else rest

    # In order

    def _in_order(self, share: Share) -> Iterator[int]:
        """Fold whole ledgers; yields the facts done after each page."""
        filling = self._order(share.physical)
        before = 0
        for part in share.parts:
            filling.begin(part.business_id)
            for position in filling.fill(part.business_id, part.upto):
                yield before + position
            before += part.upto

    def _is_in_order(self, share: Share) -> bool:
        """Whether the ledgers of a share are there, up to a stop: threads of one process can meet at one."""
        filling = self._order(share.physical)
        return all(filling.is_at(part.business_id, part.upto) for part in share.parts)

    def _order(self, physical: str) -> InOrder:
        projection = self._projections[physical]
        return InOrder(self._store, self._views, projection, physical, self._decode, self._limits)

    # Ending

    def _end(self, physical: str) -> None:
        """Make the indexes, and tell by checkpoints what the table holds."""
        self._make_indexes(physical)
        with self._views.writing() as connection:
            own = shares.rebuild_plans.c.physical == physical
            locked = select(shares.rebuild_plans.c.plan).where(own).with_for_update()
            if connection.execute(locked).first() is not None:
                shares.end(connection, physical, now_ms())
        self._gather_statistics(physical)
        if self._locks is not None:
            self._locks.remove()

    def _make_indexes(self, physical: str) -> None:
        if physical in self._indexed:
            return
        for index in self._indexes(physical):
            with self._views.writing() as connection:
                if self._views.on_postgres:
                    be_owner(connection, self._views.schema)
                    number = shares.Share(physical, 0, "", (), 0).lock
                    connection.execute(text(f"SELECT pg_advisory_xact_lock({number})"))
                index.create(connection, checkfirst=True)
        self._indexed.add(physical)

    def _indexes(self, physical: str) -> list[Index]:
        return sorted(self._tables[physical].indexes, key=lambda index: str(index.name))

    def _index_large(self, ours: Sequence[str]) -> None:
        for physical in set(ours) - self._indexed:
            with self._views.reading() as connection:
                rows = connection.exec_driver_sql(f"SELECT max(rowid) FROM {physical}").scalar() or 0
            if rows >= INDEXED_FROM:
                self._make_indexes(physical)

    def _gather_statistics(self, physical: str) -> None:
        """So that the first lists after the switch are planned for the rows that are there: of the columns by which
        lists are made. Those of all columns take as long as to write the rows, and PostgreSQL gathers them itself."""
        if self._views.on_postgres:
            table = self._tables[physical]
            looked_up = {column.name for index in table.indexes for column in index.columns}
            looked_up |= {column.name for column in table.primary_key}
            quote = self._views.engine.dialect.identifier_preparer.quote
            columns = ", ".join(map(quote, sorted(looked_up)))
            with suppress(Exception), self._views.writing() as connection:
                be_owner(connection, self._views.schema)
                connection.exec_driver_sql(f"ANALYZE {physical} ({columns})")
