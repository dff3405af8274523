"""Emptying the write-ahead log into the ledger file when nothing was written for a while.

SQLite does so by itself only after a thousand pages. Until then a copy of the file alone lacks the last facts, and the
log is as old as the quiet shop.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Event, Lock, Thread
from time import monotonic

from domain.ledger.embedded.sqlite.connection import connect

IDLE_S = 2.0
"""Seconds without a commit of this process after which the log is emptied."""
BUSY_MS = 50
"""Milliseconds to wait for readers. Writers wait meanwhile, so it is short; the next try comes after `IDLE_S`."""


def empty_log(connection: sqlite3.Connection) -> bool:
    """Whether the whole log went into the file; False while a reader still needs it, or on any fault."""
    try:
        busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.Error:
        return False
    return not busy


class IdleCheckpoint:
    """Empties the log of one file on a thread of its own, which lives from a commit until the log is empty."""

    def __init__(self, path: Path, idle_s: float = IDLE_S) -> None:
        self._path = path
        self._idle_s = idle_s
        self._lock = Lock()
        self._closing = Event()
        self._thread: Thread | None = None
        self._written_at = 0.0

    def written(self) -> None:
        """Note a commit. Call it from any thread."""
        with self._lock:
            self._written_at = monotonic()
            if self._thread is None and not self._closing.is_set():
                self._thread = Thread(target=self._wait_and_empty, name="carnet-checkpoint", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End the thread; an emptying under way is waited for."""
        self._closing.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()

    def _wait_and_empty(self) -> None:
        wait_s = self._idle_s
        while not self._closing.wait(wait_s):
            written_at = self._written_at
            wait_s = written_at + self._idle_s - monotonic()
            if wait_s > 0:
                continue
            is_empty = self._emptied()
            with self._lock:
                if is_empty and self._written_at == written_at:
                    self._thread = None
                    return
            wait_s = self._idle_s

    def _emptied(self) -> bool:
        try:
            with closing(connect(self._path, busy_ms=BUSY_MS)) as connection:
                return empty_log(connection)
        except sqlite3.Error:
            # Nothing is lost: the log stays as it is, and every reader reads it.
            return False
