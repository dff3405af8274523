"""Writing rows to a table that nobody reads yet, as fast as the database can."""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Connection, Dialect, Table

from domain.moments import to_milliseconds
from projections.engine.definition import Moment, Row
from projections.engine.sqlite_engine import as_json
from projections.engine.streams import Values


class BulkWriter:
    """Writes rows as tuples. On PostgreSQL their keys must be free; on SQLite a row replaces that with its key."""

    def __init__(self, table: Table, dialect: Dialect) -> None:
        quote = dialect.identifier_preparer.quote
        names = ", ".join(quote(column.name) for column in table.columns)
        self._on_postgres = dialect.name == "postgresql"
        if self._on_postgres:
            self._statement = f"COPY {quote(table.name)} ({names}) FROM STDIN"
        else:
            marks = ", ".join("?" * len(table.columns))
            self._statement = f"INSERT OR REPLACE INTO {quote(table.name)} ({names}) VALUES ({marks})"
        columns = list(enumerate(table.columns))
        self._values = itemgetter(*(column.name for _, column in columns))
        self._documents = [number for number, column in columns if isinstance(column.type, JSON)]
        encoders = ((number, _encoder(column, dialect)) for number, column in columns)
        self._encoders = [(number, encode) for number, encode in encoders if encode is not None]

    def values(self, row: Row) -> Values:
        """The values of a row as the driver takes them."""
        values = list(self._values(row))
        for number in self._documents:
            values[number] = as_json(values[number])
        for number, encode in self._encoders:
            value = values[number]
            if value is not None:
                values[number] = encode(value)
        return tuple(values)

    def write(self, connection: Connection, rows: Sequence[Values]) -> None:
        """Write what `values` made. Raises the errors of the driver."""
        # The driver's own connection, inside the same transaction: SQLAlchemy has no COPY.
        driver: Any = connection.connection.driver_connection
        if self._on_postgres:
            with driver.cursor() as cursor, cursor.copy(self._statement) as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            driver.executemany(self._statement, rows)


def _encoder(column: Column[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """What converts a value of a column for the driver, as its type does in SQLAlchemy; None: nothing, or JSON."""
    if isinstance(column.type, Moment):
        return to_milliseconds
    if isinstance(column.type, JSON | Boolean):
        return None
    return column.type.dialect_impl(dialect).bind_processor(dialect)
