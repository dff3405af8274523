"""A ledger file as a process has it open: a connection that writes, those that read, and one that watches."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from time import monotonic

from domain.ledger.embedded.sqlite.checkpoint import IdleCheckpoint, empty_log
from domain.ledger.embedded.sqlite.connection import (
    READ_BUSY_MS,
    WRITE_BUSY_MS,
    Identity,
    connect,
    retry_while_busy,
    told_as_ledger_errors,
)
from domain.ledger.embedded.sqlite.read_only import is_read_only, mark_of
from domain.ledger.embedded.sqlite.schema import check
from domain.ledger.errors import Contention, ReadOnlyBooks
from domain.ledger.patience import left

IDLE_READERS_MAX = 16


class LedgerFile:
    """A migrated file. SQLite has one writer at a time for the whole file: the threads of this process queue for it
    before they compete with other processes.

    A file that cannot be written here is `read_only`: nothing is written beside it either. Raises WrongSchema,
    LedgerUnavailable.
    """

    def __init__(self, path: Path, lock_wait_s: float, idle_s: float) -> None:
        self.path = path
        self._lock_wait_s = lock_wait_s
        check(path)
        self.identity = Identity.of(path)
        self.read_only = is_read_only(path)
        self._mark = mark_of(path)
        with told_as_ledger_errors(path):
            self._writer = connect(path, busy_ms=WRITE_BUSY_MS, read_only=self.read_only)
            if not self.read_only:
                with suppress(sqlite3.OperationalError):
                    # A backup that was copied into its place by hand has no log yet.
                    self._writer.execute("PRAGMA journal_mode = WAL")
            self._watcher = connect(path, busy_ms=READ_BUSY_MS, read_only=self.read_only)
        self.write_lock = Lock()
        """Of the threads of this process."""
        self._idle: list[sqlite3.Connection] = []
        self._idle_lock = Lock()
        self._watcher_lock = Lock()
        self._closed = False
        self._data_version = 0
        self._checkpoint = IdleCheckpoint(path, idle_s)

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection inside a transaction: all its reads see one snapshot. Raises LedgerUnavailable."""
        self.identity.check()
        with told_as_ledger_errors(self.path):
            connection = self._take_reader()
            try:
                connection.execute("BEGIN")
                yield connection
                connection.execute("ROLLBACK")
            except BaseException:
                connection.close()
                raise
            self._give_back(connection)

    def _take_reader(self) -> sqlite3.Connection:
        with self._idle_lock:
            if self.read_only and (mark := mark_of(self.path)) != self._mark:
                # Somebody who may write has begun to, or has been there.
                self._mark = mark
                self._close_idle()
            if self._idle:
                return self._idle.pop()
        return connect(self.path, busy_ms=READ_BUSY_MS, read_only=self.read_only)

    def _give_back(self, connection: sqlite3.Connection) -> None:
        with self._idle_lock:
            if not self._closed and len(self._idle) < IDLE_READERS_MAX:
                self._idle.append(connection)
                return
        connection.close()

    def _close_idle(self) -> None:
        for connection in self._idle:
            connection.close()
        self._idle.clear()

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """The writing connection inside a transaction: no other writer of any process runs meanwhile.

        Raises ReadOnlyBooks, Contention, LedgerUnavailable.
        """
        if self.read_only:
            raise ReadOnlyBooks(f"{self.path} cannot be written here")
        wait_s = left(self._lock_wait_s)
        deadline = monotonic() + wait_s
        if not self.write_lock.acquire(timeout=wait_s):
            raise Contention("the ledger file is being written by another thread")
        try:
            with told_as_ledger_errors(self.path):
                retry_while_busy(lambda: self._writer.execute("BEGIN IMMEDIATE"), deadline)
                try:
                    yield self._writer
                    # What is committed to a file without a name is lost: nobody may be told that it was stored.
                    self.identity.check()
                    self._writer.execute("COMMIT")
                finally:
                    # SQLite has already rolled back after some errors, such as a full disk.
                    if self._writer.in_transaction:
                        self._writer.execute("ROLLBACK")
            self._checkpoint.written()
        finally:
            self.write_lock.release()

    @contextmanager
    def watch(self) -> Iterator[sqlite3.Connection]:
        """A connection outside of any transaction, for small questions. Raises LedgerUnavailable."""
        with self._watcher_lock, told_as_ledger_errors(self.path):
            yield self._watcher

    def changed_by_others(self) -> bool:
        """Whether a connection other than the watcher committed since the last call."""
        with self._watcher_lock:
            if self._closed:
                return False
            with told_as_ledger_errors():
                (version,) = self._watcher.execute("PRAGMA data_version").fetchone()
            changed = version != self._data_version
            self._data_version = version
            return bool(changed)

    def close(self) -> None:
        """Close every connection that is not in use; those in use close when they come back.

        Leaves nothing in the write-ahead log unless somebody else needs it.
        """
        self._checkpoint.close()
        with self.write_lock, self._idle_lock, self._watcher_lock:
            self._closed = True
            if not self.read_only:
                empty_log(self._writer)
            for connection in (*self._idle, self._writer, self._watcher):
                connection.close()
            self._idle.clear()
