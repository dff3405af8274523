"""The receivers of facts of the ledgers in one PostgreSQL database."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, LiteralString, Protocol

from domain.ledger.postgres.connections import PatientConnection
from domain.ledger.postgres.outbox import held_alone
from domain.ledger.webhook import StoredWebhook, read, written

SENDING = 0x686F6F6B
"""With the hash of the schema's name, the advisory lock of the process that sends."""


class ForBusiness(Protocol):
    """Runs one statement for a business and returns its rows."""

    def __call__(
        self, business_id: str, query: LiteralString, *arguments: object
    ) -> Sequence[tuple[Any, ...]]: ...


class PostgresWebhooks:
    """Implements `domain.ledger.kept_beside.Webhooks`. `lend` gives a connection of the pool, `connect` its own one."""

    def __init__(
        self,
        schema: str,
        lend: Callable[[], AbstractContextManager[PatientConnection]],
        connect: Callable[[], PatientConnection],
        for_business: ForBusiness,
    ) -> None:
        self._schema = schema
        self._lend = lend
        self._connect = connect
        self._for = for_business

    def alone(self) -> AbstractContextManager[Callable[[], bool]]:
        return held_alone(self._connect, SENDING, self._schema)

    def all(self) -> Sequence[StoredWebhook]:
        with self._lend() as connection:
            rows = connection.execute("SELECT business_id, id, revision, data FROM all_webhooks()").fetchall()
        return [read(*row) for row in rows]

    def of(self, business_id: str) -> Sequence[StoredWebhook]:
        query: LiteralString = "SELECT business_id, id, revision, data FROM webhooks WHERE business_id = %s"
        return [read(*row) for row in self._for(business_id, query + " ORDER BY id", business_id)]

    def find(self, business_id: str, id: str) -> StoredWebhook | None:
        query: LiteralString = "SELECT business_id, id, revision, data FROM webhooks WHERE business_id = %s"
        rows = self._for(business_id, query + " AND id = %s", business_id, id)
        return read(*rows[0]) if rows else None

    def add(self, webhook: StoredWebhook) -> None:
        self._for(
            webhook.business_id,
            "INSERT INTO webhooks (business_id, id, revision, data) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
            webhook.business_id,
            webhook.id,
            webhook.revision,
            written(webhook),
        )

    def put(self, webhook: StoredWebhook) -> bool:
        changed = self._for(
            webhook.business_id,
            "UPDATE webhooks SET revision = revision + 1, data = %s"
            " WHERE business_id = %s AND id = %s AND revision = %s RETURNING id",
            written(webhook),
            webhook.business_id,
            webhook.id,
            webhook.revision,
        )
        return bool(changed)
