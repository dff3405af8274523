"""The e-mails of the ledgers in one PostgreSQL database."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from typing import Any, LiteralString

import psycopg
from psycopg.types.json import Jsonb

from domain.ledger.postgres.connections import PatientConnection, our_errors
from domain.ledger.postgres.recorder import FOR_BUSINESS
from domain.ledger.records import MessageState, MessageTotal, StoredMessage

SENDING = 0x6D61696C
"""With the hash of the schema's name, the advisory lock of the process that sends."""
COLUMNS = (
    "business_id, id, position, recorded_at, kind, language, customer_id, package_id, state, attempts, due_at,"
    " settled_at, reason"
)


class PostgresOutbox:
    """Implements `domain.ledger.contract.Outbox`. `lend` gives a connection of the pool, `connect` one of its own."""

    def __init__(
        self,
        schema: str,
        lend: Callable[[], AbstractContextManager[PatientConnection]],
        connect: Callable[[], PatientConnection],
    ) -> None:
        self._schema = schema
        self._lend = lend
        self._connect = connect

    def alone(self) -> AbstractContextManager[Callable[[], bool]]:
        return held_alone(self._connect, SENDING, self._schema)

    def switched_on(self) -> tuple[str, int] | None:
        rows = self._all("SELECT place, since FROM message_switch()")
        return (rows[0][0], rows[0][1]) if rows else None

    def switch_on(self, place: str, since: int, *, anew: bool) -> None:
        self._all("SELECT switch_messages_on(%s, %s::int8, %s)", place, since, anew)

    def switch_off(self) -> None:
        self._all("SELECT switch_messages_off()")

    def positions(self) -> Mapping[str, int]:
        return dict(self._all("SELECT business_id, position FROM message_positions()"))

    def plan(self, business_id: str, upto: int, messages: Sequence[StoredMessage]) -> None:
        planned = Jsonb([asdict(message) for message in messages])
        self._all("SELECT plan_messages(%s, %s::int8, %s)", business_id, upto, planned)

    def due(self, now_ms: int, each: int) -> Sequence[StoredMessage]:
        rows = self._all("SELECT " + COLUMNS + " FROM due_messages(%s::int8, %s::int4)", now_ms, each)
        return [StoredMessage(*row) for row in rows]

    def put(self, message: StoredMessage) -> None:
        self._all(
            "SELECT put_message(%s, %s, %s, %s::int4, %s::int8, %s::int8, %s)",
            message.business_id,
            message.id,
            message.state,
            message.attempts,
            message.due_at,
            message.settled_at,
            message.reason,
        )

    def waiting(self) -> Mapping[str, int]:
        return dict(self._all("SELECT business_id, messages FROM waiting_messages()"))

    def totals(self) -> Sequence[MessageTotal]:
        rows = self._all("SELECT business_id, state, messages FROM message_totals()")
        return [MessageTotal(*row) for row in rows]

    def messages(
        self,
        business_id: str,
        *,
        after: int,
        limit: int,
        state: MessageState | None = None,
        package_id: str | None = None,
    ) -> Sequence[StoredMessage]:
        asked = (business_id, after, state, state, package_id, package_id, limit)
        with self._lend() as connection, connection.pipeline():
            connection.execute(FOR_BUSINESS, [business_id])
            cursor = connection.execute(
                "SELECT " + COLUMNS + " FROM messages WHERE business_id = %s AND position > %s"
                " AND (%s::text IS NULL OR state = %s) AND (%s::text IS NULL OR package_id = %s)"
                " ORDER BY position LIMIT %s",
                asked,
            )
        return [StoredMessage(*row) for row in cursor.fetchall()]

    def _all(self, query: LiteralString, *arguments: object) -> list[tuple[Any, ...]]:
        with self._lend() as connection:
            return connection.execute(query, arguments).fetchall()


@contextmanager
def held_alone(
    connect: Callable[[], PatientConnection], number: int, schema: str
) -> Iterator[Callable[[], bool]]:
    """By an advisory lock of a connection that does nothing else. It is gone when the connection ends."""
    with our_errors():
        connection = connect()
    try:
        with our_errors():
            row = connection.execute(
                "SELECT pg_try_advisory_lock(%s, hashtext(%s))", [number, schema]
            ).fetchone()
        held = row is not None and bool(row[0])
        yield lambda: held and _answers(connection)
    finally:
        connection.close()


def _answers(connection: PatientConnection) -> bool:
    """Whether the connection still holds what it held."""
    try:
        connection.execute("SELECT 1")
    except psycopg.Error:
        return False
    return True
