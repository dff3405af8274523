"""Reading and writing the rows of one business in a read table, many at a time."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Dialect, Select, Table, bindparam, delete, select, tuple_

from projections.definition import Key, Row, key_columns
from projections.positions import inserting

KEYS_PER_QUERY = 500
COPY_ROWS_MIN = 200
"""From so many rows on, a COPY is faster than single statements."""

Item = TypeVar("Item")


def chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    remaining = iter(items)
    while chunk := list(islice(remaining, size)):
        yield chunk


@lru_cache(maxsize=256)
def _of_keys(table: Table) -> ColumnElement[bool]:
    columns = key_columns(table)
    place = columns[0] if len(columns) == 1 else tuple_(*columns)
    return (table.c.business_id == bindparam("of_business")) & place.in_(bindparam("keys", expanding=True))


@lru_cache(maxsize=256)
def _select(table: Table) -> Select[Any]:
    return select(table).where(_of_keys(table))


def _bound(table: Table, keys: Sequence[Key]) -> list[Any]:
    return [key[0] for key in keys] if len(key_columns(table)) == 1 else list(keys)


def read_rows(
    connection: Connection, table: Table, business_id: str, keys: Collection[Key]
) -> dict[Key, Row]:
    """The rows that exist among those keys."""
    names = [column.name for column in table.columns]
    places = [names.index(column.name) for column in key_columns(table)]
    found: dict[Key, Row] = {}
    for some in chunks(keys, KEYS_PER_QUERY):
        bound = {"of_business": business_id, "keys": _bound(table, some)}
        for values in connection.execute(_select(table), bound):
            found[tuple(values[place] for place in places)] = dict(zip(names, values, strict=True))
    return found


def delete_rows(connection: Connection, table: Table, business_id: str, keys: Collection[Key]) -> None:
    for some in chunks(keys, KEYS_PER_QUERY):
        bound = {"of_business": business_id, "keys": _bound(table, some)}
        connection.execute(delete(table).where(_of_keys(table)), bound)


def put_rows(connection: Connection, table: Table, rows: Collection[Row]) -> None:
    """Insert the rows, or put them in the place of those with their keys."""
    if not rows:
        return
    insert = inserting(connection.dialect, table)
    replaced = {c.name: insert.excluded[c.name] for c in table.columns if not c.primary_key}
    key = list(table.primary_key)
    if replaced:
        connection.execute(insert.on_conflict_do_update(index_elements=key, set_=replaced), list(rows))
    else:
        connection.execute(insert.on_conflict_do_nothing(index_elements=key), list(rows))


def add_rows(connection: Connection, table: Table, rows: Collection[Row]) -> None:
    """Insert the rows that are not there."""
    if rows:
        insert = inserting(connection.dialect, table).on_conflict_do_nothing(
            index_elements=list(table.primary_key)
        )
        connection.execute(insert, list(rows))


def copy_rows(connection: Connection, table: Table, rows: Collection[Row]) -> None:
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


def _encoders(table: Table, dialect: Dialect) -> list[tuple[str, Any]]:
    """Column → what turns its values into those the driver takes (None: nothing need be done)."""
    return [
        (column.name, column.type.dialect_impl(dialect).bind_processor(dialect)) for column in table.columns
    ]
