"""Reading and writing the rows of one business in a read table, many at a time.

On PostgreSQL the values of each column go over as one array: the statement stays the same however many rows
there are, so it is prepared once, and a page is one round trip.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Dialect,
    Select,
    Table,
    bindparam,
    delete,
    func,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects import sqlite

from projections.definition import Key, Row, key_columns

KEYS_PER_QUERY = 500
"""Where each value of each key is a parameter of its own."""
COPY_ROWS_MIN = 200
"""From so many rows on, a COPY is faster than an INSERT."""

Item = TypeVar("Item")


def read_rows(
    connection: Connection, table: Table, business_id: str, keys: Collection[Key]
) -> dict[Key, Row]:
    """The rows that exist among those keys."""
    if connection.dialect.name == "postgresql":
        return _keyed(table, _read_by_arrays(connection, table, business_id, keys))
    found: dict[Key, Row] = {}
    for bound in _bound(table, business_id, keys):
        found.update(_keyed(table, connection.execute(select(table).where(_of_keys(table)), bound)))
    return found


def delete_rows(connection: Connection, table: Table, business_id: str, keys: Collection[Key]) -> None:
    for bound in _bound(table, business_id, keys):
        connection.execute(delete(table).where(_of_keys(table)), bound)


def _keyed(table: Table, found: Iterable[Sequence[Any]]) -> dict[Key, Row]:
    names = [column.name for column in table.columns]
    places = [names.index(column.name) for column in key_columns(table)]
    return {
        tuple(values[place] for place in places): dict(zip(names, values, strict=True)) for values in found
    }


@lru_cache(maxsize=256)
def _of_keys(table: Table) -> ColumnElement[bool]:
    """The rows that `_bound` binds."""
    columns = key_columns(table)
    place = columns[0] if len(columns) == 1 else tuple_(*columns)
    return (table.c.business_id == bindparam("of_business")) & place.in_(bindparam("keys", expanding=True))


def _bound(table: Table, business_id: str, keys: Iterable[Key]) -> Iterator[dict[str, Any]]:
    for some in _chunks(keys, KEYS_PER_QUERY):
        single = len(key_columns(table)) == 1
        yield {"of_business": business_id, "keys": [key[0] for key in some] if single else some}


def _read_by_arrays(
    connection: Connection, table: Table, business_id: str, keys: Collection[Key]
) -> Iterable[Sequence[Any]]:
    if not keys:
        return ()
    arrays = {
        column.name: list(of) for column, of in zip(key_columns(table), zip(*keys, strict=True), strict=True)
    }
    return connection.execute(_wanted(table), {"of_business": business_id, **arrays})


@lru_cache(maxsize=256)
def _wanted(table: Table) -> Select[Any]:
    """One look into the primary key for each key, whatever the planner believes of the table.

    Without the LIMIT it would be a join, and while a table grows faster than its statistics the planner
    reads the whole business for it.
    """
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


def _chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    remaining = iter(items)
    while chunk := list(islice(remaining, size)):
        yield chunk


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
            for name, encode in _encoders(table, connection.dialect)
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
    encoders = _encoders(table, connection.dialect)
    # The driver's own connection, inside the same transaction: SQLAlchemy has no COPY.
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {quote(table.name)} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([encode(row[name]) if encode else row[name] for name, encode in encoders])


@lru_cache(maxsize=256)
def _encoders(table: Table, dialect: Dialect) -> list[tuple[str, Callable[[Any], Any] | None]]:
    """Column → what turns its values into those the driver takes (None: nothing need be done)."""
    return [
        (column.name, column.type.dialect_impl(dialect).bind_processor(dialect)) for column in table.columns
    ]
