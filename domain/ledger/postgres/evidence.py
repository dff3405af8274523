"""The tables of one business in PostgreSQL, for verification and repair."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, LiteralString

import psycopg

from domain.ledger.envelope import Head, StoredFact
from domain.ledger.evidence import Row, StoredHead
from domain.ledger.numbers import number_of
from domain.ledger.postgres.recorder import FACT
from domain.ledger.shapes import Shapes
from domain.ledger.tables import NUMBERED, TABLES


def _id_of(number: LiteralString) -> LiteralString:
    return (
        "coalesce((SELECT f.stream_id FROM facts AS f WHERE f.ledger = "
        + number.partition(".")[0]
        + ".ledger"
        " AND f.stream = "
        + number
        + " AND f.stream_id <> '' ORDER BY f.version LIMIT 1), "
        + number
        + "::text)"
    )


NAMES: Mapping[tuple[str, str], LiteralString] = {
    ("people_search", "grams"): "NULL",
    ("requests", "key"): "uuid_send(key)",
    ("streams", "customer_id"): _id_of("streams.customer"),
    ("claims", "stream_id"): _id_of("claims.stream"),
}
"""Columns whose names here are others."""
NUMBERS: Mapping[tuple[str, str], LiteralString] = {
    **NAMES,
    ("streams", "customer_id"): "customer",
    ("claims", "stream_id"): "stream",
}
"""The same where streams are told by their numbers."""
GIVEN: Mapping[str, LiteralString] = {"requests": "encode(%s, 'hex')::uuid"}
"""Keys that are told in another form than they have here."""


class PostgresEvidence:
    """Implements `domain.ledger.evidence.Evidence` inside a transaction for this business."""

    def __init__(self, business_id: str, connection: psycopg.Connection[Any]) -> None:
        self.business_id = business_id
        self._connection = connection
        self._shapes = Shapes()

    def head(self) -> StoredHead | None:
        row = self._connection.execute(
            "SELECT position, hash, recorded_at, secret FROM ledgers WHERE business_id = %s",
            [self.business_id],
            binary=True,
        ).fetchone()
        return None if row is None else StoredHead(Head(*row[:3]), row[3])

    def facts(self, after: int, limit: int) -> Sequence[StoredFact]:
        rows = self._connection.execute(
            "SELECT "
            + FACT
            + " FROM facts WHERE ledger = number_of(%s) AND position > %s ORDER BY position LIMIT %s",
            [self.business_id, after, limit],
            binary=True,
        ).fetchall()
        shapes = "SELECT number, kind, name, name_version, text FROM shapes"
        return self._shapes.facts(self.business_id, rows, lambda: self._connection.execute(shapes))

    def registered(self, numbers: Collection[int]) -> Sequence[tuple[int, str | None]]:
        return self._connection.execute(
            "SELECT stream, "
            + _id_of("streams.customer")
            + " FROM streams WHERE ledger = number_of(%s) AND stream = ANY (%s::bigint[])",
            [self.business_id, [*numbers]],
            binary=True,
        ).fetchall()

    def page(
        self, table: str, after: tuple[str, ...] | None, limit: int, *, by_number: bool = False
    ) -> Sequence[tuple[Any, ...]]:
        key, columns = TABLES[table].key, TABLES[table].columns
        names_of = NUMBERS if by_number else NAMES
        names = ", ".join([names_of.get((table, name), name) for name in (*key, *columns)])
        # Columns of keys are compared by bytes, but for those of tables that are not paged through.
        given = ", ".join([GIVEN.get(table, "%s")] * len(key))
        behind = "" if after is None else f" AND ({', '.join(key)}) > ({given})"
        order = f" ORDER BY {', '.join(key)}" if key else ""
        query = f"SELECT {names} FROM {table} WHERE {_own(table)}{behind}{order} LIMIT %s"
        return self._connection.execute(
            query, [self.business_id, *(after or ()), limit], binary=True
        ).fetchall()

    def strays(self) -> Sequence[str]:
        return []


def _own(table: str) -> LiteralString:
    return "ledger = number_of(%s)" if TABLES[table].by_number else "business_id = %s"


class PostgresMending(PostgresEvidence):
    """Implements `domain.ledger.evidence.Mending`, as the owner of the schema."""

    def put(self, table: str, row: Row) -> None:
        values = dict(row.values)
        values.pop("grams", None)
        key = TABLES[table].key
        for (of_table, name), column in NUMBERED.items():
            if of_table == table:
                id = values.pop(name)
                values[column] = None if id is None else number_of(id)
        by_number = TABLES[table].by_number
        business, own = ("ledger", "number_of(%s)") if by_number else ("business_id", "%s")
        names, given = [*key, *values], [*row.key, *values.values()]
        changed = ", ".join(f"{name} = excluded.{name}" for name in values if name != "secret")
        query = (
            f"INSERT INTO {table} ({', '.join([business, *names])}) VALUES ({', '.join([own, *['%s'] * len(names)])})"
            f" ON CONFLICT ({', '.join([business, *key])}) DO UPDATE SET {changed}"
        )
        self._connection.execute(query, [self.business_id, *given])

    def delete(self, table: str, key: tuple[str, ...]) -> None:
        condition = " AND ".join(f"{name} = %s" for name in TABLES[table].key)
        query = f"DELETE FROM {table} WHERE {_own(table)} AND {condition}"
        self._connection.execute(query, [self.business_id, *key])

    def index_anew(self) -> None:
        """Nothing: indexes are the database's own."""
