"""Connections to the ledger file, and SQLite's errors as errors of the contract."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from eventsourcing.persistence import IntegrityError

from domain.ledger.embedded.sqlite.read_only import is_read_only, open_to_read
from domain.ledger.errors import Contention, LedgerDamaged, LedgerUnavailable

READ_BUSY_MS = 2_000
"""Readers wait only for a recovery after a crash: no writer blocks them."""

WRITE_BUSY_MS = 5
WRITE_RETRY_S = 0.001
"""Writers retry often: SQLite's own wait backs off to 100 ms, so that a process that appends without a pause
would starve them."""

UNAVAILABLE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
)


def connect(path: Path, *, busy_ms: int, create: bool = False, read_only: bool = False) -> sqlite3.Connection:
    """A connection for any thread, one at a time. It begins no transaction by itself.

    Every commit is on the disk before it returns (synchronous=FULL). What is deleted or replaced is overwritten
    with zeros, so that nothing erased is left in free pages. `read_only` writes nothing beside a file that cannot be
    written here; elsewhere it may recover the log of a crash.
    """
    if read_only and is_read_only(path):
        return open_to_read(path, busy_ms / 1000)
    if create:
        make_private(path)
    mode = "ro" if read_only else "rwc" if create else "rw"
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=busy_ms / 1000,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def make_private(path: Path) -> None:
    """Make an empty file for its owner alone, where there is none: SQLite would let everybody on the machine read it.

    Files beside it get its rights. Where it cannot be made, SQLite says so when it opens it.
    """
    with suppress(OSError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


@dataclass(frozen=True, slots=True)
class Identity:
    """Which file a path names: its device and inode. The connections of a file stay with it when it is replaced."""

    path: Path
    device: int
    inode: int

    @classmethod
    def of(cls, path: Path) -> "Identity":
        """Raises OSError."""
        found = path.stat()
        return cls(path, found.st_dev, found.st_ino)

    def check(self) -> None:
        """Raises LedgerUnavailable where the path names another file now, or none."""
        try:
            found = self.path.stat()
        except OSError as error:
            raise LedgerUnavailable(f"the ledger file is not there any more: {error.strerror}") from error
        if (found.st_dev, found.st_ino) != (self.device, self.inode):
            raise LedgerUnavailable("the ledger file was replaced by another; start again to serve that one")


def primary_code(error: sqlite3.Error) -> int:
    """The error's code without its extension; 0 for an error of the Python layer."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


@contextmanager
def told_as_ledger_errors(path: Path | None = None) -> Iterator[None]:
    """Raise SQLite's errors as errors of the contract; a mistake in our SQL keeps its own error.

    Where the file is damaged, the error names it, and what mends it.
    """
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise IntegrityError(str(error)) from error
    except sqlite3.Error as error:
        if primary_code(error) in DAMAGE:
            which = "the ledger file" if path is None else f"the ledger file {path}"
            told = f"{which} is damaged ({error}): `carnet restore` puts a backup in its place"
            raise LedgerDamaged(told) from error
        if primary_code(error) in UNAVAILABLE:
            raise LedgerUnavailable(str(error)) from error
        raise


def retry_while_busy(step: Callable[[], object], deadline: float) -> None:
    """Repeat a step until it gets its lock. Raises Contention at the deadline (seconds of `monotonic()`)."""
    while True:
        try:
            step()
            return
        except sqlite3.OperationalError as error:
            if primary_code(error) != sqlite3.SQLITE_BUSY:
                raise
            if monotonic() >= deadline:
                raise Contention("the ledger file is locked by another process") from error
        sleep(WRITE_RETRY_S)
