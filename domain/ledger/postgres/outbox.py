"""The messages of the ledgers in one PostgreSQL database."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from typing import Any, LiteralString

import psycopg
from psycopg.types.json import Jsonb

from domain.ledger.postgres.connections import FOR_BUSINESS, PatientConnection, our_errors
from domain.ledger.records import MessageState, MessageTotal, StoredMessage

SENDING = 0x6D61696C
"""With the hash of the schema's name, the advisory lock of the process that sends."""
OF_BUSINESS: LiteralString = "set_config('carnet.business', %s, true)"
"""The first argument of a function that writes for one business: the transaction is made its own."""

COLUMNS = (
    "business_id, id, position, recorded_at, kind, language, customer_id, thing_id, state, attempts, due_at,"
    " settled_at, reason, channel, occasion"
)


class PostgresOutbox:
    """Implements `domain.ledger.kept_beside.Outbox`. `lend` gives a connection of the pool, `connect` its own one."""

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
        self._all("SELECT plan_messages(" + OF_BUSINESS + ", %s::int8, %s)", business_id, upto, planned)

    def known(self, business_id: str, ids: Sequence[str]) -> Collection[str]:
        with self._lend() as connection, connection.pipeline():
            connection.execute(FOR_BUSINESS, [business_id])
            cursor = connection.execute(
                "SELECT id FROM messages WHERE business_id = %s AND id = ANY(%s)", [business_id, list(ids)]
            )
        return {id for (id,) in cursor.fetchall()}

    def add(self, business_id: str, messages: Sequence[StoredMessage]) -> None:
        self._all(
            "SELECT add_messages(" + OF_BUSINESS + ", %s)",
            business_id,
            Jsonb([asdict(message) for message in messages]),
        )

    def due(self, now_ms: int, each: int, *, by_email: bool) -> Sequence[StoredMessage]:
        query: LiteralString = "SELECT " + COLUMNS + " FROM due_messages(%s::int8, %s::int4, %s)"
        rows = self._all(query, now_ms, each, by_email)
        return [StoredMessage(*row) for row in rows]

    def put(self, message: StoredMessage) -> None:
        self._all(
            "SELECT put_message(" + OF_BUSINESS + ", %s, %s, %s::int4, %s::int8, %s::int8, %s)",
            message.business_id,
            message.id,
            message.state,
            message.attempts,
            message.due_at,
            message.settled_at,
            message.reason,
        )

    def forget_settled(self, business_id: str, settled_before: int, at_most: int) -> int:
        query: LiteralString = "SELECT forget_messages(" + OF_BUSINESS + ", %s::int8, %s::int4)"
        ((gone,),) = self._all(query, business_id, settled_before, at_most)
        return int(gone)

    def waiting(self) -> Mapping[str, int]:
        return dict(self._all("SELECT business_id, messages FROM waiting_messages()"))

    def totals(self) -> Sequence[MessageTotal]:
        rows = self._all("SELECT business_id, state, messages FROM message_totals()")
        return [MessageTotal(*row) for row in rows]

    def messages(
        self,
        business_id: str,
        *,
        after: tuple[int, str] = (0, ""),
        limit: int,
        state: MessageState | None = None,
        thing_id: str | None = None,
        customer_id: str | None = None,
    ) -> Sequence[StoredMessage]:
        asked = (business_id, *after, state, state, thing_id, thing_id, customer_id, customer_id, limit)
        with self._lend() as connection, connection.pipeline():
            connection.execute(FOR_BUSINESS, [business_id])
            cursor = connection.execute(
                "SELECT " + COLUMNS + " FROM messages WHERE business_id = %s AND (position, id) > (%s, %s)"
                " AND (%s::text IS NULL OR state = %s) AND (%s::text IS NULL OR thing_id = %s)"
                " AND (%s::text IS NULL OR customer_id = %s) ORDER BY position, id LIMIT %s",
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
