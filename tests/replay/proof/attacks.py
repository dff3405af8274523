"""Changes by hand to the rows of a business, behind every trigger and policy, and taken back again."""

import random
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol
from uuid import UUID

import psycopg

from api.http.key_guard import KeyGuards
from domain.ledger.carnet import Carnet
from domain.ledger.embedded.sqlite.evidence import SqliteEvidence
from domain.ledger.embedded.sqlite.store import SqliteStore
from domain.ledger.evidence import Evidence
from domain.ledger.numbers import number_of
from domain.ledger.postgres.evidence import PostgresEvidence
from domain.ledger.postgres.store import PostgresStore
from domain.ledger.request_keys import unpacked_key
from domain.ledger.tables import OF_POSTGRESQL, OF_SQLITE, TABLES
from domain.people.directory import ERASED_NAME
from replay.proof.finding import Finding
from replay.proof.prove import Proof
from tests.api.desk import PEPPER

PROVED = ("derived", "committed", "guarded")
KEYS = {name: table.key for name, table in (*TABLES.items(), *OF_SQLITE.items())}
Stored = dict[str, Any]


def owner_in(table: str) -> str:
    """The column that tells the business."""
    return "ledger" if table in TABLES and TABLES[table].by_number else "business_id"


def _written(row: Stored) -> Stored:
    """A row without the column that both databases make, and change for nobody."""
    return {name: value for name, value in row.items() if name != "birthday"}


class Books(Protocol):
    """A database that is open for attacks, in a transaction that is never committed."""

    business_id: str

    def tables(self) -> Sequence[str]:
        """Those of the real schema."""

    def rows(self, table: str) -> list[Stored]: ...

    def run(self, sql: str, *values: Any) -> None:
        """A statement with `?` for values."""

    def evidence(self) -> Evidence: ...

    def undo(self) -> None: ...


@dataclass
class SqliteBooks:
    connection: sqlite3.Connection
    business_id: str

    def __post_init__(self) -> None:
        self.connection.row_factory = None
        self._begin()

    def _begin(self) -> None:
        self.connection.execute("BEGIN IMMEDIATE")
        triggers = self.connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            self.connection.execute(f"DROP TRIGGER {name}")

    def tables(self) -> Sequence[str]:
        found = self.connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        )
        return sorted(name for (name,) in found if not name.startswith("people_grams_"))

    def rows(self, table: str) -> list[Stored]:
        cursor = self.connection.execute(
            f"SELECT * FROM {table} WHERE {owner_in(table)} = ? ORDER BY 1, 2, 3",
            (number_of(self.business_id) if owner_in(table) == "ledger" else self.business_id,),
        )
        names = [column[0] for column in cursor.description]
        return [_written(dict(zip(names, row, strict=True))) for row in cursor]

    def run(self, sql: str, *values: Any) -> None:
        self.connection.execute(sql, values)

    def evidence(self) -> Evidence:
        return SqliteEvidence(self.business_id, self.connection)

    def undo(self) -> None:
        self.connection.execute("ROLLBACK")
        self._begin()


@dataclass
class PostgresBooks:
    connection: psycopg.Connection[Any]
    business_id: str

    def __post_init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self.connection.execute("SET LOCAL session_replication_role = replica")
        self.connection.execute("SET LOCAL search_path = carnet")

    def tables(self) -> Sequence[str]:
        found = self.connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'carnet'")
        return sorted(name for (name,) in found)

    def rows(self, table: str) -> list[Stored]:
        cursor = self.connection.execute(
            f"SELECT * FROM {table} WHERE {owner_in(table)} = %s ORDER BY 1, 2, 3",
            [number_of(self.business_id) if owner_in(table) == "ledger" else self.business_id],
        )
        names = [column.name for column in cursor.description or ()]
        found = [_written(dict(zip(names, row, strict=True))) for row in cursor]
        for row in found:
            row.pop("number", None)  # the database makes it, and changes it for nobody
        return found

    def run(self, sql: str, *values: Any) -> None:
        self.connection.execute(sql.replace("?", "%s"), values)

    def evidence(self) -> Evidence:
        return PostgresEvidence(self.business_id, self.connection)

    def undo(self) -> None:
        self.connection.rollback()
        self._begin()


@contextmanager
def open_books(carnet: Carnet, business_id: str) -> Iterator[Books]:
    """The database of these ledgers, for somebody who may do anything with it."""
    store = carnet.store
    if isinstance(store, SqliteStore):
        with closing(sqlite3.connect(store._path, isolation_level=None, timeout=30)) as connection:
            yield SqliteBooks(connection, business_id)
            connection.execute("ROLLBACK")
    else:
        assert isinstance(store, PostgresStore)
        with closing(psycopg.connect(store._url)) as connection_:
            yield PostgresBooks(connection_, business_id)


def by_hand(carnet: Carnet, statement: str, *values: Any) -> None:
    """One statement on the database, with `?` for values, that no trigger refuses; it stays."""
    store = carnet.store
    if isinstance(store, SqliteStore):
        with closing(sqlite3.connect(store._path, timeout=30)) as connection:
            connection.execute(statement, values)
            connection.commit()
        return
    assert isinstance(store, PostgresStore)
    with psycopg.connect(store._url) as server:
        server.execute("SET LOCAL search_path = carnet")
        server.execute(statement.replace("?", "%s"), values)


@dataclass(frozen=True)
class Attack:
    """A change by hand: the table, what was done, and parts of keys by which it may be named."""

    table: str
    what: str
    named: tuple[str, ...]
    is_harmless: bool = False
    """Whether it was done to the key of somebody erased, which opens nothing whatever stands in its row, or to a
    request without a fact, which is decided anew when it is asked again."""

    def is_told_by(self, finding: Finding) -> bool:
        return finding.table == self.table and (
            not self.named or any(key in finding.key for key in self.named)
        )


def attacked_tables(books: Books) -> list[str]:
    """Tables that are proved row by row and have rows."""
    every = {**TABLES, **OF_SQLITE, **OF_POSTGRESQL}
    proved = [name for name in books.tables() if every[name].standing in PROVED]
    return [name for name in proved if name != "people_grams" and books.rows(name)]


def delete(books: Books, table: str, row: Stored) -> Attack:
    where, values = _where(row)
    books.run(f"DELETE FROM {table} WHERE {where}", *values)
    return Attack(table, "delete", _names(table, row))


def insert(books: Books, table: str, row: Stored) -> Attack:
    """A row like this one, under another key."""
    forged = row | {name: other(row[name], name) for name in KEYS[table]}
    if "number" in forged:
        forged["number"] += 1_000
    books.run(
        f"INSERT INTO {table} ({', '.join(forged)}) VALUES ({', '.join('?' * len(forged))})", *forged.values()
    )
    return Attack(table, "insert", _names(table, forged))


def alter(books: Books, table: str, row: Stored, column: str) -> Attack:
    where, values = _where(row)
    books.run(f"UPDATE {table} SET {column} = ? WHERE {where}", other(row[column], column), *values)
    return Attack(table, f"alter {column}", _names(table, row))


def swap(books: Books, table: str, one: Stored, two: Stored, column: str) -> Attack:
    for row, there in ((one, two), (two, one)):
        where, values = _where({name: row[name] for name in (owner_in(table), *KEYS[table])})
        books.run(f"UPDATE {table} SET {column} = ? WHERE {where}", there[column], *values)
    return Attack(table, f"swap {column}", (*_names(table, one), *_names(table, two)))


def other(value: Any, column: str) -> Any:
    """Another value of the same type."""
    match value:
        case None:
            return {"customer_id": "cus_forged", "body": b"forged", "salt": b"forged"}.get(column, 1)
        case UUID():
            return UUID(int=value.int ^ 1)
        case str():
            return f"{value}x"
        case bytes() if column == "key":
            return value + b"x"
        case bytes() if value:
            return bytes([value[0] ^ 1]) + value[1:]
        case bytes():
            return b"forged"
        case int():
            # The numbers of a business's search texts are its own range; within it they mean nothing.
            return value + (2**40 if column == "number" else 1)
        case list():
            return [*value, "cus_forged"]
        case _:
            raise AssertionError(type(value))


def found_after(books: Books) -> list[Finding]:
    """What the proof finds, after which everything is as it was before."""
    proof = Proof(books.evidence(), KeyGuards([PEPPER], []))
    try:
        return list(proof.findings())
    finally:
        books.undo()


def random_attack(books: Books, seed: int) -> Attack:
    """An attack on some row, the same for a seed and the same rows."""
    random_ = random.Random(seed)
    table = random_.choice(attacked_tables(books))
    rows, verb = books.rows(table), random_.choice(("delete", "insert", "alter", "swap"))
    row = random_.choice(rows)
    if table in ("ledgers", "key_rosters") and verb in ("insert", "swap"):
        verb = "alter"
    if table == "api_keys" and row["name"] == ERASED_NAME:
        return replace(alter(books, table, row, "role"), is_harmless=True)
    if verb == "delete":
        return replace(delete(books, table, row), is_harmless=table == "requests" and bool(row["seal"]))
    if verb == "insert":
        return insert(books, table, row)
    if verb == "swap":
        rows = [each for each in rows if each.get("name") != ERASED_NAME]
        plain = [name for name in row if name not in (*KEYS[table], owner_in(table), "number")]
        pairs = [(two, name) for two in rows for name in plain if two[name] != row[name]]
        if pairs:
            two, column = random_.choice(pairs)
            return swap(books, table, row, two, column)
    return alter(books, table, row, random_.choice(list(row)))


def _where(row: Stored) -> tuple[str, list[Any]]:
    return (
        " AND ".join(f"{name} IS NOT DISTINCT FROM ?" for name in row),
        list(row.values()),
    )


def _names(table: str, row: Stored) -> tuple[str, ...]:
    if table == "requests":
        key = row["key"].bytes if isinstance(row["key"], UUID) else row["key"]
        return unpacked_key(key, row["key_text"]), f"at position {row['first']}"
    return tuple(str(row[name]) for name in KEYS[table])
