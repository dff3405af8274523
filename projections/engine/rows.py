"""Reading and writing the rows of a read table, many at a time and of many businesses.

On PostgreSQL the values of each column are sent as one array. The statement then does not depend on the number of
rows, so it is prepared once, and a page is one round trip. The arrays are formatted here, because the driver takes
several times as long for a list.
"""

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import nullcontext
from functools import lru_cache
from operator import itemgetter
from typing import Any

from pydantic_core import to_json
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Dialect,
    Integer,
    String,
    Table,
    TextualSelect,
    bindparam,
    delete,
    text,
    update,
)
from sqlalchemy.dialects import sqlite

from projections.engine.definition import Place, Row
from projections.engine.driver import in_one_trip, run

COPY_ROWS_MIN = 200
"""The number of rows from which a COPY is faster than an INSERT."""


# Reading. The statements force one lookup in the primary key for each key. The planner would otherwise read the
# whole business while a table grows faster than its statistics.


def read_rows(connection: Connection, table: Table, places: Collection[Place]) -> dict[Place, Row]:
    """The rows that exist at those places."""
    (found,) = read_all(connection, [(table, places)])
    return found


def read_all(
    connection: Connection, wanted: Sequence[tuple[Table, Collection[Place]]]
) -> list[dict[Place, Row]]:
    """The rows that exist at those places of each table; on PostgreSQL in one round trip."""
    reading = [(table, places) for table, places in wanted if places]
    if connection.dialect.name == "postgresql":
        with in_one_trip(connection) if len(reading) > 1 else nullcontext():
            sent = [_asked_by_arrays(connection, table, places) for table, places in reading]
            answers = [cursor.fetchall() for cursor in sent]
    else:
        answers = [_found_by_json(connection, table, places) for table, places in reading]
    found = iter(answers)
    return [_by_place(connection, table, next(found)) if places else {} for table, places in wanted]


def _asked_by_arrays(connection: Connection, table: Table, places: Collection[Place]) -> Any:
    columns = tuple(table.primary_key)
    bound = _arrays(connection.dialect, columns, list(zip(*places, strict=True)))
    return run(connection, _read_by_arrays(table, connection.dialect), bound)


def _found_by_json(connection: Connection, table: Table, places: Collection[Place]) -> Sequence[Any]:
    encoders = [encode for _, encode in _encoders(connection.dialect, tuple(table.primary_key))]
    encoded = [
        [encode(value) if encode else value for encode, value in zip(encoders, place, strict=True)]
        for place in places
    ]
    return connection.execute(_read_by_json(table), {"places": json.dumps(encoded)}).all()


def _by_place(connection: Connection, table: Table, found: Iterable[Sequence[Any]]) -> dict[Place, Row]:
    # On SQLite the statement knows the types of its columns.
    decoders = _decoders(connection.dialect, table) if connection.dialect.name == "postgresql" else ()
    names = [column.name for column in table.columns]
    place_of: Callable[[Sequence[Any]], Place] = itemgetter(
        *(names.index(column.name) for column in table.primary_key)
    )
    rows: dict[Place, Row] = {}
    for values in found:
        row = dict(zip(names, values, strict=True))
        for name, decode in decoders:
            row[name] = decode(row[name])
        rows[place_of(values)] = row
    return rows


@lru_cache(maxsize=256)
def _read_by_arrays(table: Table, dialect: Dialect) -> str:
    """The statement for PostgreSQL. Its LIMIT keeps the planner from choosing another join."""
    quote = dialect.identifier_preparer.quote
    key = [quote(column.name) for column in table.primary_key]
    columns = ", ".join(f"found.{quote(column.name)}" for column in table.columns)
    same = " AND ".join(f"{name} = wanted.{name}" for name in key)
    arrays = _array_parameters(table.primary_key, dialect)
    return (
        f"SELECT {columns} FROM unnest({arrays}) AS wanted ({', '.join(key)}),"
        f" LATERAL (SELECT * FROM {quote(table.name)} WHERE {same} LIMIT 1) AS found"
    )


@lru_cache(maxsize=256)
def _read_by_json(table: Table) -> TextualSelect:
    """The statement for SQLite, where CROSS JOIN fixes the order of the tables."""
    name, columns = table.name, ", ".join(f'{table.name}."{column.name}"' for column in table.columns)
    place = " AND ".join(
        f"{name}.\"{column.name}\" = json_extract(wanted.value, '$[{n}]')"
        for n, column in enumerate(table.primary_key)
    )
    statement = f"SELECT {columns} FROM json_each(:places) AS wanted CROSS JOIN {name} ON {place}"
    return text(statement).columns(*table.columns)


# Writing


def delete_rows(connection: Connection, table: Table, places: Collection[Place]) -> None:
    if not places:
        return
    if connection.dialect.name == "postgresql":
        key = tuple(table.primary_key)
        bound_key = _arrays(connection.dialect, key, list(zip(*places, strict=True)))
        run(connection, _delete_by_arrays(table, connection.dialect), bound_key)
    else:
        condition = [column == bindparam(f"of_{column.name}") for column in table.primary_key]
        names = [f"of_{column.name}" for column in table.primary_key]
        bound = [dict(zip(names, place, strict=True)) for place in places]
        connection.execute(delete(table).where(*condition), bound)


@lru_cache(maxsize=256)
def _delete_by_arrays(table: Table, dialect: Dialect) -> str:
    quote = dialect.identifier_preparer.quote
    key = [quote(column.name) for column in table.primary_key]
    same = " AND ".join(f"{quote(table.name)}.{name} = gone.{name}" for name in key)
    arrays = _array_parameters(table.primary_key, dialect)
    return f"DELETE FROM {quote(table.name)} USING unnest({arrays}) AS gone ({', '.join(key)}) WHERE {same}"


def put_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert the rows, or replace those with the same keys."""
    _insert(connection, table, rows, replace=True)


def add_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert the rows whose keys are not there yet."""
    _insert(connection, table, rows, replace=False)


def _insert(connection: Connection, table: Table, rows: Sequence[Row], *, replace: bool) -> None:
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        columns = tuple(table.columns)
        bound = _arrays(connection.dialect, columns, _by_column(columns, rows))
        run(connection, _insert_arrays(table, connection.dialect, replace), bound)
        return
    insert = sqlite.insert(table)
    key = list(table.primary_key)
    replaced = [column.name for column in table.columns if replace and not column.primary_key]
    if replaced:
        insert = insert.on_conflict_do_update(
            index_elements=key, set_={name: insert.excluded[name] for name in replaced}
        )
    else:
        insert = insert.on_conflict_do_nothing(index_elements=key)
    connection.execute(insert, rows)


@lru_cache(maxsize=256)
def _insert_arrays(table: Table, dialect: Dialect, replace: bool) -> str:
    quote = dialect.identifier_preparer.quote
    names = ", ".join(quote(column.name) for column in table.columns)
    key = ", ".join(quote(column.name) for column in table.primary_key)
    replaced = [quote(column.name) for column in table.columns if replace and not column.primary_key]
    updated = ", ".join(f"{name} = excluded.{name}" for name in replaced)
    return (
        f"INSERT INTO {quote(table.name)} ({names})"
        f" SELECT * FROM unnest({_array_parameters(table.columns, dialect)})"
        f" ON CONFLICT ({key}) DO {f'UPDATE SET {updated}' if updated else 'NOTHING'}"
    )


def change_rows(connection: Connection, table: Table, names: tuple[str, ...], rows: Sequence[Row]) -> None:
    """Update the columns `names` of existing rows."""
    if not rows or not names:
        return
    if connection.dialect.name == "postgresql":
        columns = (*table.primary_key, *(table.c[name] for name in names))
        bound = _arrays(connection.dialect, columns, _by_column(columns, rows))
        run(connection, _update_arrays(table, connection.dialect, names), bound)
        return
    key = [column.name for column in table.primary_key]
    condition = [column == bindparam(f"of_{column.name}") for column in table.primary_key]
    connection.execute(
        update(table).where(*condition).values({name: bindparam(name) for name in names}),
        [{f"of_{name}": row[name] for name in key} | {name: row[name] for name in names} for row in rows],
    )


@lru_cache(maxsize=1024)
def _update_arrays(table: Table, dialect: Dialect, names: tuple[str, ...]) -> str:
    quote = dialect.identifier_preparer.quote
    columns = (*table.primary_key, *(table.c[name] for name in names))
    same = " AND ".join(
        f"{quote(table.name)}.{quote(column.name)} = given.{quote(column.name)}"
        for column in table.primary_key
    )
    return (
        f"UPDATE {quote(table.name)}"
        f" SET {', '.join(f'{quote(name)} = given.{quote(name)}' for name in names)}"
        f" FROM unnest({_array_parameters(columns, dialect)})"
        f" AS given ({', '.join(quote(column.name) for column in columns)}) WHERE {same}"
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


# Values


def _encoders(
    dialect: Dialect, columns: Iterable[Column[Any]]
) -> list[tuple[str, Callable[[Any], Any] | None]]:
    """Column → the function that converts its values for the driver (None: none needed)."""
    return [(column.name, column.type.dialect_impl(dialect).bind_processor(dialect)) for column in columns]


@lru_cache(maxsize=256)
def _decoders(dialect: Dialect, table: Table) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    """Column → the function that converts the driver's values, for columns that need one."""
    decoders = (
        (column.name, column.type.dialect_impl(dialect).result_processor(dialect, None))
        for column in table.columns
    )
    return tuple((name, decode) for name, decode in decoders if decode is not None)


def _by_column(columns: Iterable[Column[Any]], rows: Sequence[Row]) -> list[list[Any]]:
    return [[row[column.name] for row in rows] for column in columns]


def _array_parameters(columns: Iterable[Column[Any]], dialect: Dialect) -> str:
    # An array has a type and no collation.
    types = ((column.name, column.type.compile(dialect).partition(" COLLATE ")[0]) for column in columns)
    return ", ".join(f"%({name})s::{type_}[]" for name, type_ in types)


def _arrays(
    dialect: Dialect, columns: Sequence[Column[Any]], values: Sequence[Collection[Any]]
) -> dict[str, str]:
    """Column → its values as a PostgreSQL array literal."""
    return {
        column.name: f"{{{','.join(_written(column, dialect)(of))}}}"
        for column, of in zip(columns, values, strict=True)
    }


def array(values: Iterable[str | int | None]) -> str:
    """Text or whole numbers as a PostgreSQL array literal."""
    return f"{{{','.join('NULL' if value is None else _element(value) for value in values)}}}"


def _element(value: str | int) -> str:
    return _quoted(value) if isinstance(value, str) else str(value)


@lru_cache(maxsize=1024)
def _written(column: Column[Any], dialect: Dialect) -> Callable[[Iterable[Any]], list[str]]:
    """The function that writes the values of a column as elements of an array. Raises TypeError for other types."""
    type_ = column.type.dialect_impl(dialect)
    if isinstance(type_, JSON):
        return lambda values: [_quoted(to_json(value).decode()) for value in values]
    encode = type_.bind_processor(dialect)
    plain = getattr(type_, "impl_instance", type_)
    if isinstance(plain, String):
        write: Callable[[Any], str] = _quoted
    elif isinstance(plain, Integer | Boolean):
        write = str
    else:
        raise TypeError(f"a column of type {column.type!r} cannot be in a read table")
    if encode is None:
        return lambda values: ["NULL" if value is None else write(value) for value in values]
    return lambda values: ["NULL" if value is None else write(encode(value)) for value in values]


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
