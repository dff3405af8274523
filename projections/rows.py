"""Reading and writing the rows of one business in a read table, many at a time.

On PostgreSQL the values of each column go over as one array: the statement stays the same however many rows
there are, so it is prepared once, and a page is one round trip.
"""

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    Column,
    Connection,
    Dialect,
    Select,
    Table,
    TextualSelect,
    bindparam,
    delete,
    func,
    select,
    text,
    true,
)
from sqlalchemy.dialects import sqlite

from projections.definition import Key, Row, key_columns

COPY_ROWS_MIN = 200
"""From so many rows on, a COPY is faster than an INSERT."""


def read_rows(
    connection: Connection, table: Table, business_id: str, keys: Collection[Key]
) -> dict[Key, Row]:
    """The rows that exist among those keys."""
    if not keys:
        return {}
    if connection.dialect.name == "postgresql":
        arrays = zip(*keys, strict=True)
        bound = {column.name: list(of) for column, of in zip(key_columns(table), arrays, strict=True)}
        found = connection.execute(_by_arrays(table), {"of_business": business_id, **bound})
    else:
        encoders = [encode for _, encode in _encoders(connection.dialect, key_columns(table))]
        encoded = [
            [encode(value) if encode else value for encode, value in zip(encoders, key, strict=True)]
            for key in keys
        ]
        found = connection.execute(_by_json(table), {"of_business": business_id, "keys": json.dumps(encoded)})
    names = [column.name for column in table.columns]
    places = [names.index(column.name) for column in key_columns(table)]
    return {
        tuple(values[place] for place in places): dict(zip(names, values, strict=True)) for values in found
    }


# Both look once into the primary key for each key, whatever the planner believes of the table. Left to
# itself it reads the whole business while a table grows faster than its statistics.


@lru_cache(maxsize=256)
def _by_arrays(table: Table) -> Select[Any]:
    """On PostgreSQL; without the LIMIT the planner would make a join of its own choice of it."""
    columns = key_columns(table)
    arrays = [bindparam(column.name, type_=ARRAY(column.type)) for column in columns]
    wanted = (
        func.unnest(*arrays)
        .table_valued(*(column.name for column in columns), name="wanted")
        .render_derived()
    )
    row = select(table).where(table.c.business_id == bindparam("of_business"))
    for column in columns:
        row = row.where(column == wanted.c[column.name])
    found = row.limit(1).lateral("found")
    return select(found).select_from(wanted.join(found, true()))


@lru_cache(maxsize=256)
def _by_json(table: Table) -> TextualSelect:
    """On SQLite, which takes CROSS JOIN for an order."""
    name, columns = table.name, ", ".join(f'{table.name}."{column.name}"' for column in table.columns)
    place = " AND ".join(
        f"{name}.\"{column.name}\" = json_extract(wanted.value, '$[{n}]')"
        for n, column in enumerate(key_columns(table))
    )
    statement = (
        f"SELECT {columns} FROM json_each(:keys) AS wanted"
        f" CROSS JOIN {name} ON {name}.business_id = :of_business AND {place}"
    )
    return text(statement).columns(*table.columns)


def delete_rows(connection: Connection, table: Table, business_id: str, keys: Collection[Key]) -> None:
    if keys:
        place = [column == bindparam(f"of_{column.name}") for column in table.primary_key]
        names = [f"of_{column.name}" for column in table.primary_key]
        bound = [dict(zip(names, (business_id, *key), strict=True)) for key in keys]
        connection.execute(delete(table).where(*place), bound)


def put_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert the rows, or put them in the place of those with their keys."""
    _insert(connection, table, rows, replace=True)


def add_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert the rows that are not there."""
    _insert(connection, table, rows, replace=False)


def _insert(connection: Connection, table: Table, rows: Sequence[Row], *, replace: bool) -> None:
    replaced = [column.name for column in table.columns if replace and not column.primary_key]
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        arrays = {
            name: [encode(row[name]) for row in rows] if encode else [row[name] for row in rows]
            for name, encode in _encoders(connection.dialect, table.columns)
        }
        connection.exec_driver_sql(_insert_arrays(table, connection.dialect, tuple(replaced)), arrays)
        return
    insert = sqlite.insert(table)
    key = list(table.primary_key)
    if replaced:
        insert = insert.on_conflict_do_update(
            index_elements=key, set_={name: insert.excluded[name] for name in replaced}
        )
    else:
        insert = insert.on_conflict_do_nothing(index_elements=key)
    connection.execute(insert, rows)


@lru_cache(maxsize=256)
def _insert_arrays(table: Table, dialect: Dialect, replaced: tuple[str, ...]) -> str:
    quote = dialect.identifier_preparer.quote
    names = ", ".join(quote(column.name) for column in table.columns)
    key = ", ".join(quote(column.name) for column in table.primary_key)
    arrays = ", ".join(f"%({column.name})s::{column.type.compile(dialect)}[]" for column in table.columns)
    update = ", ".join(f"{quote(name)} = excluded.{quote(name)}" for name in replaced)
    return (
        f"INSERT INTO {quote(table.name)} ({names}) SELECT * FROM unnest({arrays})"
        f" ON CONFLICT ({key}) DO {f'UPDATE SET {update}' if update else 'NOTHING'}"
    )


def copy_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows whose keys are known to be free, as fast as the database can."""
    if connection.dialect.name != "postgresql" or len(rows) < COPY_ROWS_MIN:
        add_rows(connection, table, rows)
        return
    quote = connection.dialect.identifier_preparer.quote
    columns = ", ".join(quote(column.name) for column in table.columns)
    encoders = _encoders(connection.dialect, table.columns)
    # The driver's own connection, inside the same transaction: SQLAlchemy has no COPY.
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {quote(table.name)} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([encode(row[name]) if encode else row[name] for name, encode in encoders])


def _encoders(
    dialect: Dialect, columns: Iterable[Column[Any]]
) -> list[tuple[str, Callable[[Any], Any] | None]]:
    """Column → what turns its values into those the driver takes (None: nothing need be done)."""
    return [(column.name, column.type.dialect_impl(dialect).bind_processor(dialect)) for column in columns]
