"""Writing rows to a table that nobody reads yet, as fast as the database can."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Column, Connection, Dialect, Table

from domain.moments import to_milliseconds
from projections.engine.definition import Moment
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
        encoders = ((number, _encoder(column, dialect)) for number, column in enumerate(table.columns))
        self._encoders = [(number, encode) for number, encode in encoders if encode is not None]

    def write(self, connection: Connection, rows: Sequence[Values]) -> None:
        """Raises the errors of the driver."""
        # The driver's own connection, inside the same transaction: SQLAlchemy has no COPY.
        driver: Any = connection.connection.driver_connection
        encoders = self._encoders
        if self._on_postgres:
            with driver.cursor() as cursor, cursor.copy(self._statement) as copy:
                for row in rows:
                    copy.write_row(_encoded(row, encoders))
        else:
            driver.executemany(self._statement, [_encoded(row, encoders) for row in rows])


def _encoder(column: Column[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """What converts the values of a column for the driver, as the types of SQLAlchemy do; None: nothing."""
    if isinstance(column.type, JSON):
        return as_json
    if isinstance(column.type, Moment):
        return _milliseconds
    if isinstance(column.type, Boolean):
        return None
    return column.type.dialect_impl(dialect).bind_processor(dialect)


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else to_milliseconds(moment)


def _encoded(row: Values, encoders: Sequence[tuple[int, Callable[[Any], Any]]]) -> list[Any]:
    values = list(row)
    for number, encode in encoders:
        values[number] = encode(values[number])
    return values
