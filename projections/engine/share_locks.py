"""Which process is at which share of a rebuild, on SQLite: locks of the operating system, gone with their process.

There a share is worked on without a transaction, because a file has one writer. Threads of one process do not exclude
each other by these locks: they may make the same rows, which then replace each other.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class ShareLocks:
    """Locks beside the file of the read tables."""

    def __init__(self, views_file: Path) -> None:
        self._path = views_file.with_name(f"{views_file.name}-rebuild")

    @contextmanager
    def hold(self, number: int) -> Iterator[bool]:
        """Hold the lock of this number; False where another process has it."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
            except OSError:
                yield False
                return
            yield True
        finally:
            os.close(descriptor)

    def remove(self) -> None:
        with suppress(OSError):
            self._path.unlink()
