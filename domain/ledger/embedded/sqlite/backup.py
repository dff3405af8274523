"""Copies of a ledger file: made while it is used, and put into its place.

A copy is one file that needs no other beside it. Nothing here tells whether the chain in it is whole: `replay.verify`
does, through a store.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from secrets import token_hex

from domain.ledger.embedded.sqlite.checkpoint import empty_log
from domain.ledger.embedded.sqlite.connection import READ_BUSY_MS, connect, told_as_ledger_errors
from domain.ledger.errors import LedgerUnavailable

BESIDE = ("-wal", "-shm", "-journal")
"""Ends of the names of the files that SQLite makes beside a database."""


@contextmanager
def draft_beside(path: Path) -> Iterator[Path]:
    """A new, empty file in the folder of `path`, which only its owner can read. What is left of it goes at the end.

    Raises OSError.
    """
    draft = path.with_name(f".{path.name}.{token_hex(8)}")
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        yield draft
    finally:
        remove(draft)


def remove(path: Path) -> None:
    """Remove a database with the files beside it, as far as they are there."""
    for name in (path, *_beside(path)):
        name.unlink(missing_ok=True)


def copy(source: Path, target: Path) -> None:
    """Copy a database as it stands at one moment, while others read and write it. `target` is there and empty.

    Raises LedgerUnavailable when the source is damaged or the disk is full.
    """
    with (
        told_as_ledger_errors(),
        closing(connect(source, busy_ms=READ_BUSY_MS, read_only=True)) as reader,
        closing(connect(target, busy_ms=READ_BUSY_MS)) as writer,
    ):
        # All pages in one step: of one snapshot, which holds up no writer and is begun anew by none.
        reader.backup(writer)


def as_one_file(path: Path) -> None:
    """Make the database one file that can be read from any medium, and see it on the disk.

    Raises LedgerUnavailable where a page of it is damaged.
    """
    with told_as_ledger_errors(), closing(connect(path, busy_ms=READ_BUSY_MS)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        (told,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if told != "ok":
        raise LedgerUnavailable(f"{path.name} is damaged: {told}")


def put_in_place(draft: Path, path: Path) -> None:
    """Let the draft, a database that nobody has open, take the place of `path`: whole or not at all.

    The log of the database that was there goes first: SQLite would take it for the new one's.
    """
    _flush(draft)
    for name in _beside(path):
        name.unlink(missing_ok=True)
    os.replace(draft, path)
    _flush(path.parent)


def set_aside(path: Path, kept: Path) -> None:
    """Give a database another name as well, with what lies in its log; `path` stays until it is replaced.

    Raises OSError. A database that cannot be opened is kept as it is, log included.
    """
    try:
        with closing(connect(path, busy_ms=READ_BUSY_MS)) as connection:
            empty_log(connection)
    except sqlite3.Error:
        pass
    os.link(path, kept)
    for name in _beside(path):
        if name.exists():
            os.rename(name, f"{kept}{name.name.removeprefix(path.name)}")


def _beside(path: Path) -> list[Path]:
    return [path.with_name(f"{path.name}{end}") for end in BESIDE]


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
