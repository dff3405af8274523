"""Connections to PostgreSQL that never hang, and the driver's errors as errors of the contract."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from select import POLLIN, poll
from time import monotonic, time_ns
from typing import Any, LiteralString, Self, TypeVar

import psycopg
from eventsourcing.persistence import IntegrityError
from psycopg import errors
from psycopg.abc import PQGen
from psycopg.rows import namedtuple_row
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import ConnectionPool, PoolTimeout

from domain.ledger.errors import ClockSkew, Contention, LedgerUnavailable, UnknownBusiness, WrongSchema
from domain.ledger.patience import cut, left
from domain.ledger.postgres.address import discreet
from domain.ledger.postgres.breaker import Breaker
from domain.ledger.postgres.roles import APP, role_needed
from domain.ledger.postgres.session import POOLED

FOR_BUSINESS = "SELECT for_business(%s)"
"""Makes a transaction that of a business."""
ANSWER_S = 3.0
"""Seconds to wait for a connection, and then for an answer, before a caller gets 503."""

WAIT_S_MIN = 0.01
"""A statement that was sent is waited for so long at least."""
UNKNOWN_BUSINESS = "CN404"
"""SQLSTATE that our functions raise for a business without a ledger."""
UNKNOWN_SHAPE = "CN409"
"""SQLSTATE that `append` raises where the database keeps no such shape: it is another one than it was."""
CLOCK_SKEW = "CN503"
"""SQLSTATE that `moment_for` raises for a host whose clock is too far ahead."""

NOT_WHOLE = (
    errors.DuplicateFunction,
    errors.DuplicateObject,
    errors.DuplicateTable,
    errors.UndefinedColumn,
    errors.UndefinedFunction,
    errors.UndefinedObject,
    errors.UndefinedTable,
)
"""What a database says that was restored in part."""

Value = TypeVar("Value")


class NoAnswer(psycopg.OperationalError):
    """The server was silent. `since`: the moment of `monotonic()` at which the wait began."""

    def __init__(self, told: str, since: float) -> None:
        super().__init__(told)
        self.since = since


class PatientConnection(psycopg.Connection[tuple[Any, ...]]):
    """A connection that gives up on a server that does not answer, and closes.

    The server's own time limits do not help when it is stopped or the network lets nothing through.
    """

    answer_s: float | None = ANSWER_S
    """None: it waits for as long as an answer takes."""

    @classmethod
    def connect(cls, conninfo: str = "", **more: Any) -> Self:
        """See psycopg. Errors tell nothing of the URL but host and database."""
        try:
            return super().connect(conninfo, **more)
        except psycopg.Error as error:
            raise type(error)(discreet(str(error), conninfo)) from None

    def wait(self, gen: PQGen[Value], interval: float = 0.1, timeout: float | None = None) -> Value:
        """See psycopg. Raises NoAnswer after `answer_s`, or when the patience of the request ends."""
        if timeout is not None or self.answer_s is None:
            return super().wait(gen, interval, timeout)
        started, limit = monotonic(), max(WAIT_S_MIN, cut(self.answer_s))
        try:
            return super().wait(gen, interval, limit)
        except psycopg.OperationalError as error:
            # The driver's time-out is a private class, so the clock decides. Half an answer is of no use.
            if monotonic() - started >= limit:
                self.close()
                raise NoAnswer(f"no answer within {limit:.1f} s", started) from error
            raise


def with_json(
    connection: psycopg.Connection[Any], loads: Callable[[str | bytes], Any], dumps: Callable[[Any], str]
) -> None:
    """Read and write JSON on this connection by these functions."""
    set_json_loads(loads, connection)
    set_json_dumps(dumps, connection)


@contextmanager
def lent(
    pool: ConnectionPool[PatientConnection], wait_s: float, breaker: Breaker
) -> Iterator[PatientConnection]:
    """A connection of the pool that the server has not closed.

    Raises LedgerUnavailable at once in an outage that is known, and the errors of `our_errors`.
    """
    breaker.check()
    began = monotonic()
    with our_errors():
        try:
            connection = _healthy(pool, began + left(wait_s))
        except PoolTimeout:
            breaker.unanswered(began)
            raise
        try:
            yield connection
        except NoAnswer as error:
            breaker.unanswered(error.since)
            raise
        finally:
            pool.putconn(connection)
        breaker.answered()


def _healthy(pool: ConnectionPool[PatientConnection], deadline: float) -> PatientConnection:
    """A live connection. After a restart of the server the idle ones are dead, and are thrown away unused."""
    while True:
        connection = pool.getconn(deadline - monotonic())
        if not hung_up(connection):
            return connection
        connection.close()
        pool.putconn(connection)


def named_rows(
    connection: psycopg.Connection[Any], statement: LiteralString, values: Mapping[str, object]
) -> list[Any]:
    """Rows whose columns are found by their names."""
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        return cursor.execute(statement, values, prepare=False).fetchall()


def hung_up(connection: psycopg.Connection[Any]) -> bool:
    """Whether the server closed an idle connection; costs no round trip."""
    if connection.closed:
        return True
    waiting = poll()
    waiting.register(connection.pgconn.socket, POLLIN)
    try:
        # A last message may come first (a notice, the reason of a shutdown); the end follows it.
        while waiting.poll(0):
            connection.pgconn.consume_input()
    except psycopg.OperationalError:
        return True
    return False


@contextmanager
def our_errors(role: str = APP) -> Iterator[None]:
    """Raise the driver's errors as errors of the contract; a mistake of ours keeps its own error.

    `role`: the one whose rights the work needs, for users who lack them.
    """
    try:
        yield
    except errors.LockNotAvailable as error:
        raise Contention(str(error)) from error
    except errors.UniqueViolation as error:
        raise IntegrityError(str(error)) from error
    except errors.InsufficientPrivilege as error:
        needed = role_needed(error, role)
        if needed is None:
            raise
        raise needed from error
    except (
        psycopg.OperationalError,
        psycopg.InterfaceError,
        errors.ReadOnlySqlTransaction,
        errors.InFailedSqlTransaction,
    ) as error:
        if "unsupported startup parameter" in str(error):
            raise WrongSchema(POOLED) from error
        raise LedgerUnavailable(str(error)) from error
    except psycopg.DatabaseError as error:
        if error.sqlstate == UNKNOWN_BUSINESS:
            raise UnknownBusiness(str(error)) from error
        if error.sqlstate == UNKNOWN_SHAPE:
            raise Contention(first_line_of(error)) from error
        if error.sqlstate == CLOCK_SKEW:
            raise ClockSkew(first_line_of(error)) from error
        if isinstance(error, NOT_WHOLE):
            raise WrongSchema(
                f"the ledger's schema is not whole ({first_line_of(error)}): restore the whole dump"
            ) from error
        raise


def first_line_of(error: Exception) -> str:
    return str(error).partition("\n")[0]


def host_ms() -> int:
    """The clock of this host, in ms since 1970."""
    return time_ns() // 1_000_000
