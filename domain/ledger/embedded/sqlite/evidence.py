"""The tables of one business in a SQLite file, for verification and repair."""

import sqlite3
from collections.abc import Collection, Sequence
from json import dumps
from typing import Any

from domain.ledger.embedded.sqlite.connection import primary_code
from domain.ledger.embedded.sqlite.directory import NUMBER_BITS
from domain.ledger.embedded.sqlite.transaction import SqliteTransaction
from domain.ledger.envelope import Head, StoredFact
from domain.ledger.evidence import Row, StoredHead
from domain.ledger.numbers import number_of
from domain.ledger.shapes import Shapes
from domain.ledger.tables import NUMBERED, OF_BUSINESSES, TABLES

OUTSIDE = (
    f"number >> {NUMBER_BITS} <> (SELECT number >> {NUMBER_BITS} FROM people_search WHERE business_id = ?1"
    " GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1)"
)
"""Rows that lie outside of the range of their business, in which a search looks."""
STRAYS = (f"SELECT 'people_search ' || person_id FROM people_search WHERE business_id = ?1 AND {OUTSIDE}",)
GUARDS = ("streams", "claims", "ledgers")
"""Tables whose triggers stand aside while they are mended."""


def business_ids(connection: sqlite3.Connection) -> list[str]:
    """Every business that has a row anywhere. Each table is stepped through by business, not row by row."""
    found, numbers = set[str](), set[int]()
    for table in OF_BUSINESSES:
        key = "ledger" if TABLES[table].by_number else "business_id"
        ids = connection.execute(
            f"WITH RECURSIVE known (id) AS (SELECT min({key}) FROM {table} UNION ALL"
            f" SELECT (SELECT min({key}) FROM {table} WHERE {key} > known.id) FROM known"
            " WHERE known.id IS NOT NULL) SELECT id FROM known WHERE id IS NOT NULL"
        )
        (numbers if TABLES[table].by_number else found).update(id for (id,) in ids)
    unnamed = numbers - {number_of(id) for id in found}
    return sorted(found | {_business_of(number, connection) for number in unnamed})


def _business_of(number: int, connection: sqlite3.Connection) -> str:
    """The id of a business without a head: the first fact of a ledger has it. Else it is told by its number."""
    row = connection.execute(
        "SELECT stream_id FROM facts WHERE ledger = ? AND position = 1", (number,)
    ).fetchone()
    return row[0] if row is not None and number_of(row[0]) == number else f"ledger {number}"


def damaged_indexes(connection: sqlite3.Connection) -> list[str]:
    """`people_grams` where the index does not hold what `people_search` says. Needs a connection that may write."""
    try:
        connection.execute("INSERT INTO people_grams (people_grams, rank) VALUES ('integrity-check', 1)")
    except sqlite3.DatabaseError as error:
        if primary_code(error) == sqlite3.SQLITE_CORRUPT:
            return ["people_grams"]
        raise
    return []


class SqliteEvidence:
    """Implements `domain.ledger.evidence.Evidence` inside a transaction."""

    def __init__(self, business_id: str, connection: sqlite3.Connection) -> None:
        self.business_id = business_id
        self._connection = connection
        self._shapes = Shapes()

    def head(self) -> StoredHead | None:
        row = self._connection.execute(
            "SELECT position, hash, recorded_at, secret FROM ledgers WHERE business_id = ? AND number = ?",
            (self.business_id, number_of(self.business_id)),
        ).fetchone()
        return None if row is None else StoredHead(Head(*row[:3]), row[3])

    def facts(self, after: int, limit: int) -> Sequence[StoredFact]:
        return SqliteTransaction(self.business_id, self._connection, self._shapes).facts(
            after, None, limit, ()
        )

    def registered(self, numbers: Collection[int]) -> Sequence[tuple[int, str | None]]:
        return self._connection.execute(
            f"SELECT stream, {_told('streams', 'customer_id')} FROM streams WHERE ledger = ?"
            " AND stream IN (SELECT value FROM json_each(?))",
            (number_of(self.business_id), dumps([*numbers])),
        ).fetchall()

    def page(
        self, table: str, after: tuple[str, ...] | None, limit: int, *, by_number: bool = False
    ) -> Sequence[tuple[Any, ...]]:
        key, columns = TABLES[table].key, TABLES[table].columns
        of_column = _number if by_number else _told
        names = [*key, *(of_column(table, name) for name in columns)]
        behind = "" if after is None else f" AND ({', '.join(key)}) > ({', '.join('?' * len(key))})"
        order = f" ORDER BY {', '.join(key)}" if key else ""
        return self._connection.execute(
            f"SELECT {', '.join(names)} FROM {table} WHERE {self._key_of(table)[0]} = ?{behind}{order} LIMIT ?",
            (self._key_of(table)[1], *(after or ()), limit),
        ).fetchall()

    def _key_of(self, table: str) -> tuple[str, str | int]:
        """The column that tells the business in a table, and what stands in it."""
        is_number = TABLES[table].by_number
        return ("ledger", number_of(self.business_id)) if is_number else ("business_id", self.business_id)

    def strays(self) -> Sequence[str]:
        return [told for sql in STRAYS for (told,) in self._connection.execute(sql, (self.business_id,))]


def _number(table: str, name: str) -> str:
    return NUMBERED.get((table, name), name)


def _told(table: str, name: str) -> str:
    """A column as it is told: the id of a stream where its number stands, or the number of one that has no fact."""
    number = NUMBERED.get((table, name))
    if number is None:
        return name
    return (
        f"coalesce((SELECT f.stream_id FROM facts AS f WHERE f.ledger = {table}.ledger AND f.stream = {table}.{number}"
        f" AND f.stream_id <> '' ORDER BY f.version LIMIT 1), CAST({table}.{number} AS TEXT))"
    )


class SqliteMending(SqliteEvidence):
    """Implements `domain.ledger.evidence.Mending` inside a writing transaction."""

    def begin(self) -> None:
        """Let the triggers of append-only tables stand aside until `end`."""
        marks = ", ".join("?" * len(GUARDS))
        self._triggers = self._connection.execute(
            f"SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name IN ({marks})",
            GUARDS,
        ).fetchall()
        for name, _ in self._triggers:
            self._connection.execute(f"DROP TRIGGER {name}")

    def end(self) -> None:
        for _, sql in self._triggers:
            self._connection.execute(sql)

    def put(self, table: str, row: Row) -> None:
        write = {
            "ledgers": self._put_head,
            "people_search": self._put_search,
        }.get(table)
        if write is not None:
            write(row)
            return
        business, own = self._key_of(table)
        names, values = [business, *TABLES[table].key], [own, *row.key]
        for name in TABLES[table].columns:
            number, value = NUMBERED.get((table, name)), row.values[name]
            names.append(number or name)
            values.append(value if number is None or value is None else number_of(value))
        self._connection.execute(
            f"INSERT OR REPLACE INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
            values,
        )

    def delete(self, table: str, key: tuple[str, ...]) -> None:
        condition = " AND ".join(f"{name} = ?" for name in TABLES[table].key)
        self._connection.execute(
            f"DELETE FROM {table} WHERE {self._key_of(table)[0]} = ? AND {condition}",
            (self._key_of(table)[1], *key),
        )

    def index_anew(self) -> None:
        outside = self._connection.execute(
            f"SELECT person_id, folded, grams FROM people_search WHERE business_id = ?1 AND {OUTSIDE}",
            (self.business_id,),
        ).fetchall()
        for person_id, folded, grams in outside:
            self._put_search(Row((person_id,), {"folded": folded, "grams": grams}))
        self._connection.execute("INSERT INTO people_grams (people_grams) VALUES ('rebuild')")

    def _put_head(self, row: Row) -> None:
        values = row.values
        self._connection.execute(
            "INSERT INTO ledgers (business_id, number, position, hash, recorded_at, secret) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (business_id) DO UPDATE SET number = excluded.number, position = excluded.position,"
            " hash = excluded.hash, recorded_at = excluded.recorded_at",
            (
                self.business_id,
                number_of(self.business_id),
                *(values[name] for name in ("position", "hash", "recorded_at", "secret")),
            ),
        )

    def _put_search(self, row: Row) -> None:
        self.delete("people_search", row.key)
        self._connection.execute(
            "INSERT INTO people_search (number, business_id, person_id, folded, grams) SELECT coalesce("
            "(SELECT max(number) + 1 FROM people_search WHERE business_id = ?1),"
            f" (SELECT (coalesce(max(number), 0) >> {NUMBER_BITS}) + 1 << {NUMBER_BITS} FROM people_search)"
            "), ?1, ?2, ?3, ?4",
            (self.business_id, *row.key, row.values["folded"], row.values["grams"]),
        )
