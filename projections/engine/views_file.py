"""The file of the read tables on SQLite: whether it is sound, and what becomes of a damaged one.

Nothing in it is the truth. A file that cannot be read is set aside under a name that says so, and an empty one takes
its place. A ledger is never set aside: that is told and stops everything.
"""

import fcntl
import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from domain.ledger.embedded.sqlite.schema import APPLICATION_ID

log = logging.getLogger("carnet.views")

DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
BESIDE = ("-wal", "-shm", "-journal")
OURS = {"checkpoints", "read_tables"}
ID_AT = 68
"""Where the header of a database has the id of its program."""


class NotReadTables(Exception):
    """The file that should hold read tables is a ledger."""


def tells_damage(error: BaseException | None) -> bool:
    """Whether SQLite says that the file itself is damaged."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in DAMAGE


def inode_of(path: Path) -> int | None:
    """What tells a file from the one that takes its place; None where there is none."""
    try:
        return path.stat().st_ino
    except OSError:
        return None


def refuse_ledger(path: Path) -> None:
    """Raises NotReadTables for a file with the mark of a ledger, damaged or not."""
    if path.is_file() and _mark_of(path) == APPLICATION_ID:
        raise NotReadTables(f"{path} is a ledger: CARNET_VIEWS must name another file")


def _mark_of(path: Path) -> int:
    """The id of the program in the header.

    By SQLite: whoever opens a file in use and closes it again takes the locks of this process on it. Another process
    may then throw the log away under its readers. Only what SQLite does not take for a database is read by hand.
    """
    try:
        with closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=1)
        ) as connection:
            return int(connection.execute("PRAGMA application_id").fetchone()[0])
    except sqlite3.Error as error:
        if not tells_damage(error):
            return 0
    with path.open("rb") as file:
        return int.from_bytes(file.read(ID_AT + 4)[ID_AT:], "big")


def damage_of(path: Path) -> str | None:
    """What is wrong with the file, as far as its beginning tells; None: nothing, or there is no file yet."""
    if path.is_dir():
        return "it is a folder"
    if not path.exists() or not path.stat().st_size:
        return None
    try:
        with closing(sqlite3.connect(path, timeout=1)) as connection:
            names = {
                name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
            }
            if not names & OURS:
                return "it is the database of another program" if names else None
            for name in names & OURS:
                connection.execute(f"SELECT count(*) FROM {name}").fetchall()
    except sqlite3.Error as error:
        return str(error) if tells_damage(error) else None
    return None


def set_aside(path: Path, why: str, met: int | None = None) -> Path | None:
    """Give the file, with what SQLite keeps beside it, a name that says that it was damaged.

    `met`: the inode of the file whose damage was met while it was read; where the path names another one by now,
    somebody else has set it aside. Returns the new name, None where nothing is to be done. Raises NotReadTables.
    """
    refuse_ledger(path)
    with _alone(path):
        if (met is not None and inode_of(path) != met) or (met is None and damage_of(path) is None):
            return None
        kept = path.with_name(f"{path.name}.damaged-{time.time_ns() // 1_000_000}")
        os.rename(path, kept)
        for end in BESIDE:
            beside = path.with_name(path.name + end)
            if beside.exists():
                os.rename(beside, f"{kept}{end}")
    log.error("the file of the read models is damaged (%s): kept as %s, and built anew", why, kept)
    return kept


def were_set_aside(path: Path) -> list[Path]:
    """The damaged files that are still there, oldest first."""
    found = path.parent.glob(f"{path.name}.damaged-*")
    return sorted(each for each in found if not each.name.endswith(BESIDE))


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """No other process sets the file aside meanwhile."""
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
