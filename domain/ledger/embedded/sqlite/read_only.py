"""Ledger files that cannot be written here: on read-only media, in a folder or under a user that allows no writing.

SQLite keeps a log and an index of it beside a file that is in use. Where they are there, a reader follows them. Where
they are not, nobody is writing, and the file alone is everything.
"""

import os
import sqlite3
from pathlib import Path

from domain.ledger.errors import ReadOnlyBooks

Mark = tuple[bool, int, int]
"""Whether the file is read alone, and then its size and when it was changed."""


def is_read_only(path: Path) -> bool:
    """Whether nothing can be written to the file, or its log cannot be kept beside it."""
    if not path.exists():
        return False
    if not os.access(path, os.W_OK):
        return True
    if os.access(path.resolve().parent, os.W_OK):
        return False
    return not all(os.access(each, os.W_OK) for each in (_log(path), _index(path)))


def mark_of(path: Path) -> Mark:
    """What a connection was opened on: another mark needs another connection."""
    if _is_followed(path):
        return False, 0, 0
    found = path.stat()
    return True, found.st_size, found.st_mtime_ns


def open_to_read(path: Path, timeout_s: float) -> sqlite3.Connection:
    """A connection that writes nothing, neither to the file nor beside it. Raises sqlite3.Error, ReadOnlyBooks."""
    if not _is_followed(path):
        return _opened(path, "immutable=1", timeout_s)
    try:
        return _opened(path, "mode=ro", timeout_s)
    except sqlite3.OperationalError as error:
        if _has_log(path):
            raise ReadOnlyBooks(
                f"{path} has a log beside it that cannot be read in place: copy both files, with their names, to a"
                " folder that can be written"
            ) from error
        return _opened(path, "immutable=1", timeout_s)


def _opened(path: Path, how: str, timeout_s: float) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro&{how}",
        uri=True,
        timeout=timeout_s,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _is_followed(path: Path) -> bool:
    return _has_log(path) or _index(path).exists()


def _has_log(path: Path) -> bool:
    """Whether facts, or what a crash left half written, lie beside the file."""
    beside = (_log(path), path.with_name(f"{path.name}-journal"))
    return any(each.exists() and each.stat().st_size > 0 for each in beside)


def _log(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _index(path: Path) -> Path:
    return path.with_name(f"{path.name}-shm")
