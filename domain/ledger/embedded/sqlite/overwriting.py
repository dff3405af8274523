"""Overwriting the copies of erased rows in the pages of a ledger file, a few pages at a time.

The file is read from end to end while everybody works on. Then the gaps are overwritten, under the write lock and with
the write-ahead log empty, so that the file alone holds every page. Each part ends with a commit, after which no
connection goes on with a page that it has kept in memory.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from threading import Event, Lock, Thread
from time import monotonic

from domain.ledger.embedded.sqlite.checkpoint import BUSY_MS, empty_log
from domain.ledger.embedded.sqlite.connection import Identity, connect
from domain.ledger.embedded.sqlite.gaps import HEADER_BYTES, Layout, UnknownFormat
from domain.ledger.errors import LedgerUnavailable

HELD_S = 0.02
"""Seconds for which one part holds writers up, and a little more for the disk."""
PAUSE_S = 0.05
"""Seconds between two parts: who waits to write comes first."""
RETRY_S = 1.0
"""Seconds until the next try where a reader needs the log, or other processes write."""
PATIENCE_S = 60.0
"""Seconds to try where somebody waits for the end."""
READ_BYTES = 2**20

_files: dict[tuple[int, int], int] = {}
"""Descriptors by device and inode. They stay open: closing one would take SQLite's locks of this process away."""
_files_lock = Lock()


class Overwriting:
    """Overwrites the copies in one file, at once or on a thread of its own. `writers` is the lock of this process."""

    def __init__(self, identity: Identity, writers: Lock, retry_s: float = RETRY_S) -> None:
        self._identity = identity
        self._path = identity.path.resolve()
        self._writers = writers
        self._retry_s = retry_s
        self._closing = Event()
        self._working = Lock()
        self._starting = Lock()
        self._thread: Thread | None = None

    def begin(self, at_once_bytes_max: int) -> None:
        """Overwrite them at once in a file that is no larger, else on a thread."""
        done = False
        with suppress(OSError, sqlite3.Error, LedgerUnavailable, UnknownFormat):
            done = self._path.stat().st_size <= at_once_bytes_max and self.once()
        if not done:
            self.start()

    def start(self) -> None:
        """Overwrite them on a thread that tries until nothing is left."""
        with self._starting:
            if self._closing.is_set() or (self._thread is not None and self._thread.is_alive()):
                return
            self._thread = Thread(target=self._until_done, name="carnet-overwriting", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End the thread after the part under way. What is not done is done when the file is opened again."""
        self._closing.set()
        with self._starting:
            thread = self._thread
        if thread is not None:
            thread.join()

    def once(self) -> bool:
        """Go through the file once; whether nothing is left to overwrite.

        Raises OSError, sqlite3.Error, LedgerUnavailable where the file was replaced, and UnknownFormat where its pages
        cannot be told apart.
        """
        self._identity.check()
        with self._working, closing(connect(self._path, busy_ms=BUSY_MS)) as connection:
            mark = _mark(connection)
            if mark is None:
                return True
            if not self._log_is_empty(connection):
                return False
            file = _opened(self._identity)
            found = list(self._found(file))
            while found:
                if self._closing.is_set() or not self._part(connection, file, found):
                    return False
                if found and self._closing.wait(PAUSE_S):
                    return False
            with self._alone(connection):
                connection.execute("DELETE FROM copies WHERE mark = ?", (mark,))
            self._log_is_empty(connection)
            return _mark(connection) is None

    def within(self, patience_s: float = PATIENCE_S) -> bool:
        """Go through the file until nothing is left, or patience is; whether nothing is left. Raises as `once` does."""
        until = monotonic() + patience_s
        while not self.once():
            if monotonic() >= until or self._closing.wait(self._retry_s):
                return False
        return True

    def _until_done(self) -> None:
        while not self._closing.is_set():
            try:
                if self.once():
                    return
            except (UnknownFormat, LedgerUnavailable):
                return
            except (OSError, sqlite3.Error):
                pass  # Such as a full disk, or a lock that lasts: nothing is lost, and the next try comes.
            self._closing.wait(self._retry_s)

    def _log_is_empty(self, connection: sqlite3.Connection) -> bool:
        with self._writers:
            return empty_log(connection)

    def _found(self, file: int) -> Iterator[int]:
        """The numbers of the pages with copies."""
        size = os.fstat(file).st_size
        layout = Layout.of(os.pread(file, HEADER_BYTES, 0), size)
        for at in range(0, size, READ_BYTES):
            yield from layout.with_copies(os.pread(file, READ_BYTES, at), at // layout.page + 1)
            if self._closing.is_set():
                return

    def _part(self, connection: sqlite3.Connection, file: int, found: list[int]) -> bool:
        """Overwrite the gaps of the last pages of `found`, and take them away; False where the log was not empty."""
        with self._alone(connection) as log_is_empty:
            if not log_is_empty:
                return False
            layout = Layout.of(os.pread(file, HEADER_BYTES, 0), os.fstat(file).st_size)
            until = monotonic() + HELD_S
            while found and monotonic() < until:
                at = (found[-1] - 1) * layout.page
                gap = layout.copies(os.pread(file, layout.page, at), found[-1])
                if gap:
                    os.pwrite(file, bytes(len(gap)), at + gap.start)
                found.pop()
            os.fsync(file)
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            connection.execute(f"PRAGMA user_version = {version}")
        return True

    @contextmanager
    def _alone(self, connection: sqlite3.Connection) -> Iterator[bool]:
        """A transaction that no other writer runs beside; gives whether the file holds every page."""
        with self._writers:
            emptied = empty_log(connection)
            connection.execute("BEGIN IMMEDIATE")
            try:
                self._identity.check()
                yield emptied and os.stat(f"{self._path}-wal").st_size == 0
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")


def _mark(connection: sqlite3.Connection) -> int | None:
    found = connection.execute("SELECT mark FROM copies").fetchone()
    return None if found is None else int(found[0])


def _opened(identity: Identity) -> int:
    """A descriptor of the file to read and write. Raises OSError, LedgerUnavailable."""
    key = identity.device, identity.inode
    with _files_lock:
        if key not in _files:
            _files[key] = os.open(identity.path, os.O_RDWR | os.O_CLOEXEC)
        opened = os.fstat(_files[key])
    if (opened.st_dev, opened.st_ino) != key:
        raise LedgerUnavailable("the ledger file was replaced by another")
    return _files[key]
