"""The messages of the ledgers in one SQLite file."""

import fcntl
import os
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import astuple, fields
from pathlib import Path

from domain.ledger.errors import LedgerUnavailable
from domain.ledger.records import MessageState, MessageTotal, StoredMessage

END = "-sending"
COLUMNS = (
    "business_id, id, position, recorded_at, kind, language, customer_id, thing_id, state, attempts, due_at,"
    " settled_at, reason, channel, occasion"
)
Transaction = Callable[[], AbstractContextManager[sqlite3.Connection]]


class SqliteOutbox:
    """Implements `domain.ledger.kept_beside.Outbox`. `read` and `write` begin a transaction of the store."""

    def __init__(self, path: Path, read: Transaction, write: Transaction) -> None:
        self._path = path
        self._read = read
        self._write = write

    def alone(self) -> AbstractContextManager[Callable[[], bool]]:
        return held_alone(self._path, END)

    def switched_on(self) -> tuple[str, int] | None:
        with self._read() as connection:
            found = connection.execute("SELECT place, since FROM message_switch").fetchone()
        return None if found is None else (found[0], found[1])

    def switch_on(self, place: str, since: int, *, anew: bool) -> None:
        with self._write() as connection:
            connection.execute(
                "INSERT INTO message_switch (one, place, since) VALUES (1, ?1, ?2)"
                " ON CONFLICT (one) DO UPDATE SET place = excluded.place, since = excluded.since",
                (place, since),
            )
            if anew:
                connection.execute(
                    "UPDATE messages SET state = 'given_up', settled_at = ?, reason = 'restored'"
                    " WHERE state = 'waiting'",
                    (since,),
                )
                connection.execute("DELETE FROM message_positions")

    def switch_off(self) -> None:
        with self._write() as connection:
            connection.execute("DELETE FROM message_switch")

    def positions(self) -> Mapping[str, int]:
        with self._read() as connection:
            return dict(connection.execute("SELECT business_id, position FROM message_positions").fetchall())

    def plan(self, business_id: str, upto: int, messages: Sequence[StoredMessage]) -> None:
        with self._write() as connection:
            _insert(connection, messages)
            connection.execute(
                "INSERT INTO message_positions (business_id, position) VALUES (?1, ?2)"
                " ON CONFLICT (business_id) DO UPDATE SET position = max(position, excluded.position)",
                (business_id, upto),
            )

    def known(self, business_id: str, ids: Sequence[str]) -> Collection[str]:
        query = "SELECT id FROM messages WHERE business_id = ? AND id = ?"
        with self._read() as connection:
            return {id for id in ids if connection.execute(query, (business_id, id)).fetchone()}

    def add(self, business_id: str, messages: Sequence[StoredMessage]) -> None:
        with self._write() as connection:
            _insert(connection, messages)

    def due(self, now_ms: int, each: int, *, by_email: bool) -> Sequence[StoredMessage]:
        with self._read() as connection:
            rows = connection.execute(
                f"SELECT {COLUMNS} FROM (SELECT *, row_number() OVER"
                " (PARTITION BY business_id ORDER BY due_at, position, id) AS nth"
                " FROM messages WHERE state = 'waiting' AND due_at <= ? AND (channel = 'email') = ?)"
                " WHERE nth <= ? ORDER BY due_at, business_id, position, id",
                (now_ms, by_email, each),
            ).fetchall()
        return [StoredMessage(*row) for row in rows]

    def put(self, message: StoredMessage) -> None:
        with self._write() as connection:
            connection.execute(
                "UPDATE messages SET state = ?, attempts = ?, due_at = ?, settled_at = ?, reason = ?"
                " WHERE business_id = ? AND id = ?",
                (
                    message.state,
                    message.attempts,
                    message.due_at,
                    message.settled_at,
                    message.reason,
                    message.business_id,
                    message.id,
                ),
            )

    def forget_settled(self, business_id: str, settled_before: int, at_most: int) -> int:
        with self._write() as connection:
            return connection.execute(
                "DELETE FROM messages WHERE business_id = ?1 AND id IN (SELECT id FROM messages"
                " WHERE business_id = ?1 AND settled_at < ?2 LIMIT ?3)",
                (business_id, settled_before, at_most),
            ).rowcount

    def waiting(self) -> Mapping[str, int]:
        with self._read() as connection:
            return dict(
                connection.execute(
                    "SELECT business_id, count(*) FROM messages WHERE state = 'waiting' GROUP BY business_id"
                ).fetchall()
            )

    def totals(self) -> Sequence[MessageTotal]:
        with self._read() as connection:
            rows = connection.execute(
                "SELECT business_id, state, count(*) FROM messages GROUP BY business_id, state"
                " ORDER BY business_id, state"
            ).fetchall()
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
        with self._read() as connection:
            rows = connection.execute(
                f"SELECT {COLUMNS} FROM messages WHERE business_id = ?1 AND (position, id) > (?2, ?3)"
                " AND (?4 IS NULL OR state = ?4) AND (?5 IS NULL OR thing_id = ?5)"
                " AND (?6 IS NULL OR customer_id = ?6) ORDER BY position, id LIMIT ?7",
                (business_id, *after, state, thing_id, customer_id, limit),
            ).fetchall()
        return [StoredMessage(*row) for row in rows]


def _insert(connection: sqlite3.Connection, messages: Sequence[StoredMessage]) -> None:
    connection.executemany(
        f"INSERT INTO messages ({COLUMNS}) VALUES ({', '.join('?' * len(fields(StoredMessage)))})"
        " ON CONFLICT DO NOTHING",
        [astuple(message) for message in messages],
    )


@contextmanager
def held_alone(path: Path, end: str) -> Iterator[Callable[[], bool]]:
    """By a lock on a file beside the database. The system lets go of it when the process ends."""
    try:
        descriptor = os.open(f"{path.resolve()}{end}", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise LedgerUnavailable(f"{path}{end} cannot be made: {error.strerror}") from error
    try:
        held = _locked(descriptor)
        yield lambda: held
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
