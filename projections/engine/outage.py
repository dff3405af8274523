"""Telling a database that cannot answer from a mistake in a query, for every driver."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, TimeoutError

from domain.ledger.errors import LedgerUnavailable

SQLITE_OUT = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
)
POSTGRES_OUT = ("08", "40", "53", "55", "57", "58")
"""Classes of SQLSTATE: connection, rollback, resources, locks, intervention, system."""


@contextmanager
def told_as_unavailable() -> Iterator[None]:
    """Raise LedgerUnavailable for every error by which the database cannot answer now."""
    try:
        yield
    except TimeoutError as error:  # of the pool: every connection is in use
        raise LedgerUnavailable("every connection to the read models is in use") from error
    except DBAPIError as error:
        if is_outage(error):
            raise LedgerUnavailable("the read models cannot be reached") from error
        raise


def told_by_the_driver(error: BaseException) -> tuple[BaseException, bool] | None:
    """What the driver said under an error of the read models, and whether that is an outage; None for other errors."""
    if isinstance(error, TimeoutError):
        return error, True
    if isinstance(error, DBAPIError) and error.orig is not None:
        return error.orig, is_outage(error)
    return None


def is_outage(error: DBAPIError) -> bool:
    if error.connection_invalidated:
        return True
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in SQLITE_OUT
    state = getattr(error.orig, "sqlstate", None)
    if state is None:  # the server was not reached
        return isinstance(error, OperationalError | InterfaceError)
    return str(state).startswith(POSTGRES_OUT)
