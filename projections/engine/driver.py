"""The driver's own connection, inside the transaction of a connection of SQLAlchemy.

    with in_one_trip(connection):
        run(connection, statement, values)       # sent; what it does shows when the block ends, or where rows are read

SQLAlchemy takes longer to execute a statement that is written already than the driver takes to ask it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError


def driver_of(connection: Connection) -> Any:
    """The connection of psycopg or sqlite3."""
    return connection.connection.driver_connection


def run(connection: Connection, statement: str, values: Any) -> Any:
    """Execute a statement; the cursor. Who listens to the statements of SQLAlchemy hears of it. Raises DBAPIError."""
    for told in connection.dispatch.before_cursor_execute:
        told(connection, None, statement, values, None, False)
    with told_as_sqlalchemy_does(connection, statement):
        return driver_of(connection).execute(statement, values)


@contextmanager
def in_one_trip(connection: Connection) -> Iterator[None]:
    """Send to PostgreSQL what is run inside without waiting for each answer; elsewhere nothing changes.

    An error may show later than at its statement, at the end of the block at last. Raises DBAPIError.
    """
    if connection.dialect.name != "postgresql":
        yield
        return
    with told_as_sqlalchemy_does(connection, "of one round trip"), driver_of(connection).pipeline():
        yield


@contextmanager
def told_as_sqlalchemy_does(connection: Connection, statement: str) -> Iterator[None]:
    """Raise DBAPIError for an error of the driver, as if SQLAlchemy had executed the statement."""
    driver: Any = connection.dialect.dbapi
    try:
        yield
    except driver.Error as error:
        lost = connection.dialect.is_disconnect(error, connection.connection.dbapi_connection, None)
        told = DBAPIError.instance(
            statement,
            None,
            error,
            driver.Error,
            dialect=connection.dialect,
            connection_invalidated=lost,
        )
        if lost:
            connection.invalidate(error)
        raise told from error
