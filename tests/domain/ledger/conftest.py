"""Every store on a fresh database: what takes `database`, `store` or `ledger` runs on all three."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from copy import deepcopy
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from domain.ledger.carnet import Carnet
from domain.ledger.contract import LedgerRecorder, Store
from domain.ledger.embedded.memory import MemoryStore
from domain.ledger.embedded.recorder import LOCK_WAIT_S
from domain.ledger.embedded.sqlite.schema import migrate
from domain.ledger.embedded.sqlite.store import SqliteStore
from domain.ledger.postgres.connections import ANSWER_S
from domain.ledger.postgres.store import PostgresStore
from tests.domain.ledger.examples import BUSINESS

Clock = Callable[[], int]


class Database:
    """A fresh database of one kind: opens stores on it, and shows every row in it."""

    def __init__(
        self, open_store: Callable[[Clock | None, float], Store], rows: Callable[[Store], object]
    ) -> None:
        self._open_store = open_store
        self._rows = rows
        self.opened: list[Store] = []

    def open(self, clock: Clock | None = None, wait_s: float = LOCK_WAIT_S) -> Store:
        """`clock` gives milliseconds since 1970; `wait_s` is how long it waits for others. Closed after the test."""
        self.opened.append(self._open_store(clock, wait_s))
        return self.opened[-1]

    def rows(self, store: Store) -> object:
        """Everything stored, in a form that compares equal only when nothing was changed."""
        return self._rows(store)


@pytest.fixture
def memory_database() -> Database:
    return Database(MemoryStore, lambda store: deepcopy(vars(store)["_books"]))


@pytest.fixture
def ledger_file(tmp_path: Path) -> Path:
    """A fresh, migrated ledger file."""
    path = tmp_path / "ledger.db"
    migrate(path)
    return path


@pytest.fixture
def sqlite_database(ledger_file: Path) -> Database:
    return Database(
        lambda clock, wait_s: SqliteStore(ledger_file, clock, wait_s), lambda _: sqlite_rows(ledger_file)
    )


@pytest.fixture
def postgres_database(postgres_url: str) -> Database:
    return Database(
        lambda clock, wait_s: PostgresStore(postgres_url, clock, answer_s=max(ANSWER_S, wait_s)),
        lambda _: postgres_rows(postgres_url),
    )


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    database: Database = request.getfixturevalue(f"{request.param}_database")
    yield database
    for store in database.opened:
        store.close()


@pytest.fixture
def store(database: Database) -> Store:
    return database.open()


@pytest.fixture
def ledger(store: Store) -> LedgerRecorder:
    """The open, empty ledger of one business."""
    store.open_ledger(BUSINESS)
    return store.ledger(BUSINESS)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def carnet_url(request: pytest.FixtureRequest) -> str:
    """The URL of a fresh database of each kind."""
    match request.param:
        case "memory":
            return "memory://"
        case "sqlite":
            file: Path = request.getfixturevalue("ledger_file")
            return f"sqlite:///{file}"
        case _:
            url: str = request.getfixturevalue("postgres_url")
            return url


@pytest.fixture
def carnet(carnet_url: str) -> Iterator[Carnet]:
    """A process on a fresh database of each kind."""
    carnet = Carnet(carnet_url)
    yield carnet
    carnet.close()


def sqlite_rows(path: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for (name,) in tables}


def postgres_rows(url: str) -> dict[str, list[tuple[object, ...]]]:
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        query = sql.SQL("SELECT t::text FROM {} t ORDER BY 1")
        return {
            f"{schema}.{table}": connection.execute(query.format(sql.Identifier(schema, table))).fetchall()
            for schema, table in tables
        }
