"""The numbered SQL files beside this module, each applied once, in order, under the file's write lock."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from time import monotonic

from domain.ledger.embedded.sqlite.connection import (
    READ_BUSY_MS,
    connect,
    retry_while_busy,
    told_as_ledger_errors,
)
from domain.ledger.embedded.sqlite.read_only import is_read_only
from domain.ledger.errors import LedgerUnavailable, WrongSchema
from domain.ledger.schema_text import said

APPLICATION_ID = 1667330670
MIGRATE_WAIT_S = 60.0
MADE = re.compile(r"^CREATE (?:VIRTUAL )?TABLE (?:IF NOT EXISTS )?(\w+)", re.MULTILINE)


def steps() -> list[Path]:
    """The SQL files in order. A name begins with the version of the schema after that file."""
    return sorted(Path(__file__).parent.glob("[0-9]*.sql"))


def newest() -> int:
    return _number(steps()[-1])


def migrate(path: Path | str) -> list[str]:
    """Make the ledger file or bring it up to date; return the names of the applied steps.

    Safe from several processes at once: one applies, the others wait for it, at most a minute.
    All steps go in together or not at all. A file that cannot be written must be up to date.
    Raises WrongSchema, Contention, LedgerUnavailable.
    """
    path = Path(path)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if is_read_only(path):
        check(path)
        return []
    deadline = monotonic() + MIGRATE_WAIT_S
    with told_as_ledger_errors(path), closing(connect(path, busy_ms=READ_BUSY_MS, create=True)) as connection:
        _refuse_foreign(path, connection)
        retry_while_busy(lambda: connection.execute("PRAGMA journal_mode = WAL"), deadline)
        retry_while_busy(lambda: connection.execute("BEGIN IMMEDIATE"), deadline)
        try:
            applied = [step.name for step in steps() if _number(step) > _version(connection)]
            _refuse_newer(path, connection)
            _refuse_another_build(path, connection)
            for step in steps():
                if step.name in applied:
                    _apply(connection, step)
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
    return applied


def check(path: Path) -> None:
    """Raises WrongSchema unless the file is a ledger of exactly this program's schema."""
    if not path.exists():
        raise WrongSchema(f"there is no ledger file {path}: `carnet migrate` makes it")
    read_only = is_read_only(path)
    with (
        told_as_ledger_errors(path),
        closing(connect(path, busy_ms=READ_BUSY_MS, read_only=read_only)) as connection,
    ):
        _refuse_foreign(path, connection)
        _refuse_newer(path, connection)
        _refuse_another_build(path, connection)
        version = _version(connection)
        if version < newest():
            told = f"{path} has schema {version}, this program needs {newest()}"
            where = "on a copy that can be written, " if read_only else ""
            raise WrongSchema(f"{told}: {where}run `carnet migrate`")
        _refuse_a_part(path, connection)


def require_ledger(path: Path) -> int:
    """The version of the schema of a ledger file. Raises WrongSchema unless it is one, and not a newer Carnet's."""
    with (
        told_as_ledger_errors(path),
        closing(connect(path, busy_ms=READ_BUSY_MS, read_only=True)) as connection,
    ):
        _refuse_foreign(path, connection)
        _refuse_newer(path, connection)
        _refuse_another_build(path, connection)
        version = _version(connection)
    if not version:
        raise WrongSchema(f"{path} holds no ledgers")
    return version


def has_books(path: Path) -> bool:
    """Whether there is anything in a file that somebody might miss: a ledger, or what this program cannot read."""
    if not path.exists():
        return False
    try:
        require_ledger(path)
        with closing(connect(path, busy_ms=READ_BUSY_MS, read_only=True)) as connection:
            (found,) = connection.execute("SELECT EXISTS (SELECT 1 FROM ledgers)").fetchone()
    except (WrongSchema, LedgerUnavailable, sqlite3.Error):
        return path.stat().st_size > 0
    return bool(found)


def _refuse_foreign(path: Path, connection: sqlite3.Connection) -> None:
    # The tables are counted first: another process may make them, with the id, between the two queries.
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    if tables and application_id != APPLICATION_ID:
        raise WrongSchema(f"{path} is a database of another program")


def _refuse_newer(path: Path, connection: sqlite3.Connection) -> None:
    version = _version(connection)
    if version > newest():
        raise WrongSchema(
            f"{path} has schema {version}, this program knows {newest()}: it was written by a newer Carnet"
        )


def _refuse_another_build(path: Path, connection: sqlite3.Connection) -> None:
    """Raises WrongSchema where a table is not as the steps up to the version of the file make it."""
    version = _version(connection)
    made = _made(tuple(step for step in steps() if _number(step) <= version))
    there = _schema(connection)
    if others := {name for name, text in made.items() if there.get(name, text) != text}:
        told = ", ".join(sorted(others & _tables() or others))
        raise WrongSchema(
            f"{path} was made by an earlier build of Carnet (other: {told}): only that build reads it"
        )


@lru_cache
def _made(applied: tuple[Path, ...]) -> dict[str, str]:
    """What these steps make, by its name."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for step in applied:
            _apply(connection, step)
        return _schema(connection)


def _schema(connection: sqlite3.Connection) -> dict[str, str]:
    found = connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
    return {name: said(text) for name, text in found}


def _refuse_a_part(path: Path, connection: sqlite3.Connection) -> None:
    """Raises WrongSchema where a table is not there: of a file that was restored in part."""
    there = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    if missing := sorted(_tables() - there):
        told = ", ".join(missing)
        raise WrongSchema(f"{path} lacks {told}: it was restored in part, and only a whole backup mends it")


@lru_cache
def _tables() -> frozenset[str]:
    """The tables that the steps make."""
    script = "\n".join(step.read_text(encoding="utf-8") for step in steps())
    return frozenset(MADE.findall(script))


def _version(connection: sqlite3.Connection) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def _number(step: Path) -> int:
    return int(step.name.split("_", 1)[0])


def _apply(connection: sqlite3.Connection, step: Path) -> None:
    for statement in _statements(step.read_text(encoding="utf-8")):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {_number(step)}")


def _statements(script: str) -> Iterator[str]:
    """One statement at a time: `executescript` would commit the transaction that holds the lock."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        raise ValueError(f"the script ends inside a statement: {statement[:60]!r}")
