"""The receivers of facts of the ledgers in one SQLite file."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from domain.ledger.embedded.sqlite.outbox import Transaction, held_alone
from domain.ledger.webhook import StoredWebhook, read, written

END = "-webhooks"
SELECT = "SELECT business_id, id, revision, data FROM webhooks"


class SqliteWebhooks:
    """Implements `domain.ledger.kept_beside.Webhooks`. `read` and `write` begin a transaction of the store."""

    def __init__(self, path: Path, read: Transaction, write: Transaction) -> None:
        self._path = path
        self._read = read
        self._write = write

    def alone(self) -> AbstractContextManager[Callable[[], bool]]:
        return held_alone(self._path, END)

    def all(self) -> Sequence[StoredWebhook]:
        return self._found(" ORDER BY business_id, id")

    def of(self, business_id: str) -> Sequence[StoredWebhook]:
        return self._found(" WHERE business_id = ? ORDER BY id", business_id)

    def find(self, business_id: str, id: str) -> StoredWebhook | None:
        found = self._found(" WHERE business_id = ? AND id = ?", business_id, id)
        return found[0] if found else None

    def add(self, webhook: StoredWebhook) -> None:
        with self._write() as connection:
            connection.execute(
                "INSERT INTO webhooks (business_id, id, revision, data) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (webhook.business_id, webhook.id, webhook.revision, written(webhook)),
            )

    def put(self, webhook: StoredWebhook) -> bool:
        with self._write() as connection:
            changed = connection.execute(
                "UPDATE webhooks SET revision = revision + 1, data = ?"
                " WHERE business_id = ? AND id = ? AND revision = ?",
                (written(webhook), webhook.business_id, webhook.id, webhook.revision),
            )
            return changed.rowcount == 1

    def _found(self, which: str, *arguments: str) -> list[StoredWebhook]:
        with self._read() as connection:
            rows = connection.execute(SELECT + which, arguments).fetchall()
        return [read(*row) for row in rows]
