"""Folding whole ledgers into a new table in the order of their positions.

This is how a table catches up with what was recorded since it was filled, how rows are made that facts of several
streams feed, and how the fact is found that a read model or the database refuses.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Protocol, TypeVar

from sqlalchemy import ColumnElement, Connection, delete, select

from domain.ledger.contract import LedgerRecorder, Store
from projections.engine import checkpoints
from projections.engine.checkpoints import CHECKPOINTS, PLACES, Checkpoint
from projections.engine.cohorts import set_apart
from projections.engine.definition import Projection
from projections.engine.fold import Decode, Folding, Page, apply, page_of
from projections.engine.patience import patiently
from projections.engine.sqlite_engine import HeldElsewhere
from projections.engine.streams import other_names
from projections.engine.tables import ReadTables

Result = TypeVar("Result")

ROWS_PER_DELETION = 1_000


class PageLimits(Protocol):
    """Limits of a rebuild."""

    @property
    def facts_per_page(self) -> int: ...

    @property
    def rows_held(self) -> int: ...

    @property
    def rows_per_write(self) -> int: ...


class InOrder:
    """One table of one read model."""

    def __init__(
        self,
        store: Store,
        views: ReadTables,
        projection: Projection,
        physical: str,
        decode: Decode,
        limits: PageLimits,
    ) -> None:
        self._store = store
        self._views = views
        self._projection = projection
        self._physical = physical
        self._table = views.table(projection, physical)
        self._decode = decode
        self._limits = limits
        self._others = other_names([projection])

    def begin(self, business_id: str) -> None:
        """Begin with no row of a ledger, unless it was begun before."""
        with self._views.reading() as connection:
            if self._is_begun(connection, business_id):
                return
        while not _held_meanwhile(lambda: self._emptied(business_id)):
            pass

    def _is_begun(self, connection: Connection, business_id: str) -> bool:
        return connection.execute(select(PLACES.c.position).where(self._own(business_id))).first() is not None

    def _own(self, business_id: str) -> ColumnElement[bool]:
        return (PLACES.c.physical == self._physical) & (PLACES.c.business_id == business_id)

    def _emptied(self, business_id: str) -> bool:
        """Delete some rows, as one writer of SQLite may not keep others waiting; True once all are gone.

        Where another process has begun meanwhile, the rows are its own, and stay.
        """
        with self._views.writing() as connection:
            if self._views.on_postgres:
                # The checkpoint first: of two at once, only one makes it, and the other waits for it here.
                if set_apart(connection, self._physical, business_id, now_ms()):
                    connection.execute(delete(self._table).where(self._table.c.business_id == business_id))
                return True
            if self._is_begun(connection, business_id):
                return True
            deleting = (
                f"DELETE FROM {self._physical} WHERE rowid IN"
                f" (SELECT rowid FROM {self._physical} WHERE business_id = ? LIMIT {ROWS_PER_DELETION})"
            )
            if connection.exec_driver_sql(deleting, (business_id,)).rowcount == ROWS_PER_DELETION:
                return False
            set_apart(connection, self._physical, business_id, now_ms())
            return True

    def is_at(self, business_id: str, upto: int) -> bool:
        """Whether everything up to a position is in the table, or up to a stop before it."""
        with self._views.reading() as connection:
            row = connection.execute(select(PLACES).where(self._own(business_id))).first()
        return row is not None and (row.position >= upto or row.stopped_at is not None)

    def fill(self, business_id: str, upto: int) -> Iterator[int]:
        """Fold one ledger in memory, with a write every `rows_per_write` rows; yields the position after each page."""
        checkpoint = _held_meanwhile(lambda: self._place(business_id))
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

    def _place(self, business_id: str) -> Checkpoint:
        with self._views.writing() as connection:
            return self._set_apart(connection, business_id)

    def _set_apart(self, connection: Connection, business_id: str) -> Checkpoint:
        """The table's own checkpoint; where it had no place, it begins at 0, without a row."""
        if set_apart(connection, self._physical, business_id, now_ms()):
            connection.execute(delete(self._table).where(self._table.c.business_id == business_id))
        return self.checkpoint(connection, self._physical, business_id)

    def _read(self, ledger: LedgerRecorder, after: int, upto: int) -> tuple[Page, int]:
        """The next facts that are handled or not known, and the position up to which there is no other."""
        found = ledger.facts(after, self._limits.facts_per_page, upto, self._others)
        last = found[-1].position if len(found) == self._limits.facts_per_page else upto
        return page_of(found, self._decode), last

    def _fold_page(self, ledger: LedgerRecorder, folding: Folding, at: Checkpoint, upto: int) -> Checkpoint:
        page, last = self._read(ledger, at.position, upto)
        with self._views.reading() as connection:
            stop = folding.take(connection, page.facts).get(ledger.business_id) or page.stop
        return replace(at, position=last if stop is None else stop.position - 1, stop=stop)

    def _write(self, business_id: str, folding: Folding, before: Checkpoint, after: Checkpoint) -> bool:
        """Write rows and checkpoint together; False, and nothing written, when another process moved it."""
        with self._views.writing() as connection:
            moved = checkpoints.move(connection, [(business_id, before, after)], now_ms())
            if moved:
                folding.write(connection)
            return moved

    def _fill_carefully(self, business_id: str, upto: int) -> Iterator[int]:
        """Apply page by page, so that a fact whose rows the database refuses is found."""
        ledger = self._store.ledger(business_id)
        while (after := _held_meanwhile(lambda: self._applied(ledger, upto))) is not None:
            yield after.position

    def _applied(self, ledger: LedgerRecorder, upto: int) -> Checkpoint | None:
        """The checkpoint after one more page; None where nothing is left to apply.

        A runner may have taken the table into a cohort since the last page, where another process has made it the live
        one: it is set apart in the same transaction.
        """
        with self._views.writing() as connection:
            before = self._set_apart(connection, ledger.business_id)
            if before.stop is not None or before.position >= upto:
                return None
            return self.apply(connection, ledger, before, upto)

    def apply(self, connection: Connection, ledger: LedgerRecorder, at: Checkpoint, upto: int) -> Checkpoint:
        """Apply one page to the table of this checkpoint, this one or another of the same read model.

        Raises HeldElsewhere when the checkpoint was moved meanwhile.
        """
        page, last = self._read(ledger, at.position, upto)
        table = self._views.table(self._projection, at.physical)
        own, pages = {ledger.business_id: at}, {ledger.business_id: page}
        after = apply(connection, self._projection, table, own, pages)[ledger.business_id]
        if after.stop is None:
            after = replace(after, position=last)
        if not checkpoints.move(connection, [(ledger.business_id, at, after)], now_ms()):
            raise HeldElsewhere("a checkpoint was moved meanwhile")
        return after

    def checkpoint(self, connection: Connection, physical: str, business_id: str) -> Checkpoint:
        """The table's own checkpoint, locked until the transaction ends.

        Raises NoResultFound for a table that was not set apart: where it stands is not known.
        """
        own = (CHECKPOINTS.c.physical == physical) & (CHECKPOINTS.c.business_id == business_id)
        row = connection.execute(select(CHECKPOINTS).where(own).with_for_update()).one()
        stop = None if row.stopped_at is None else checkpoints.Stop(row.stopped_at, row.error)
        return Checkpoint(self._projection.name, physical, row.position, stop)


def _held_meanwhile(attempt: Callable[[], Result]) -> Result:
    """The result of an attempt, which is made again while a runner's step holds the checkpoint."""
    return patiently(attempt, "a checkpoint")


def now_ms() -> int:
    return time.time_ns() // 1_000_000
