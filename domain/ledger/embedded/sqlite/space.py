"""The room that the tables of a ledger file take, by the table of pages that SQLite keeps (dbstat).

A SQLite that was built without it tells no pages: there each table gets the part of the file that the lengths of its
values have of all.
"""

import sqlite3
from collections.abc import Iterator, Mapping

from domain.ledger.space import TableSpace
from domain.ledger.tables import OF_SQLITE, TABLES

GRAMS = "people_grams"
"""An index that SQLite keeps in tables of its own, each named after it."""


def space(connection: sqlite3.Connection) -> list[TableSpace]:
    """Every table, in the order of `TABLES`, each with its indexes."""
    sizes = _pages(connection)
    if sizes is None:
        sizes = estimated(connection)
    return [
        TableSpace(name, _count(connection, f"SELECT count(*) FROM {name}"), sizes.get(name, 0))
        for name in (*TABLES, *OF_SQLITE)
    ]


def estimated(connection: sqlite3.Connection) -> Mapping[str, int]:
    """Table → its part of the file, by the lengths of its values and of those in its indexes."""
    lengths: dict[str, int] = {}
    for table, columns in _trees(connection):
        values = " + ".join(f"coalesce(length(CAST({column} AS BLOB)), 0) + 1" for column in columns)
        length = _count(connection, f"SELECT coalesce(sum({values}), 0) FROM {table}")
        lengths[_kept_for(table)] = lengths.get(_kept_for(table), 0) + length
    whole = _count(connection, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
    return {table: length * whole // max(1, sum(lengths.values())) for table, length in lengths.items()}


def _pages(connection: sqlite3.Connection) -> Mapping[str, int] | None:
    try:
        rows = connection.execute(
            "SELECT tbl_name, sum(pgsize) FROM dbstat JOIN sqlite_schema USING (name) WHERE aggregate = 1"
            " GROUP BY tbl_name"
        ).fetchall()
    except sqlite3.OperationalError:  # no such table
        return None
    sizes: dict[str, int] = {}
    for table, size in rows:
        sizes[_kept_for(table)] = sizes.get(_kept_for(table), 0) + size
    return sizes


def _trees(connection: sqlite3.Connection) -> Iterator[tuple[str, list[str]]]:
    """(table, columns) of every table that is kept, and of every index but primary keys."""
    tables = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND rootpage > 0 AND name NOT LIKE 'sqlite%'"
    ).fetchall()
    for (table,) in tables:
        yield (
            table,
            [name for (name,) in connection.execute(f"SELECT name FROM pragma_table_info('{table}')")],
        )
        for (index,) in connection.execute(
            f"SELECT name FROM pragma_index_list('{table}') WHERE origin <> 'pk'"
        ).fetchall():
            names = connection.execute(
                f"SELECT name FROM pragma_index_xinfo('{index}') WHERE name IS NOT NULL"
            )
            yield table, [name for (name,) in names]


def _kept_for(table: str) -> str:
    return GRAMS if table.startswith(GRAMS) else table


def _count(connection: sqlite3.Connection, query: str) -> int:
    (found,) = connection.execute(query).fetchone()
    return int(found)
