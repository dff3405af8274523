"""The receivers of facts of ledgers in memory, for tests."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from threading import Lock

from domain.ledger.webhook import StoredWebhook


class MemoryWebhooks:
    """Implements `domain.ledger.kept_beside.Webhooks`."""

    def __init__(self) -> None:
        self._sending = Lock()
        self._lock = Lock()
        self._webhooks: dict[tuple[str, str], StoredWebhook] = {}

    @contextmanager
    def alone(self) -> Iterator[Callable[[], bool]]:
        held = self._sending.acquire(blocking=False)
        try:
            yield lambda: held
        finally:
            if held:
                self._sending.release()

    def all(self) -> Sequence[StoredWebhook]:
        with self._lock:
            return [self._webhooks[key] for key in sorted(self._webhooks)]

    def of(self, business_id: str) -> Sequence[StoredWebhook]:
        return [each for each in self.all() if each.business_id == business_id]

    def find(self, business_id: str, id: str) -> StoredWebhook | None:
        return self._webhooks.get((business_id, id))

    def add(self, webhook: StoredWebhook) -> None:
        with self._lock:
            self._webhooks.setdefault((webhook.business_id, webhook.id), webhook)

    def put(self, webhook: StoredWebhook) -> bool:
        key = webhook.business_id, webhook.id
        with self._lock:
            known = self._webhooks.get(key)
            if known is None or known.revision != webhook.revision:
                return False
            self._webhooks[key] = replace(webhook, revision=webhook.revision + 1)
            return True
