"""The loop that sends webhooks: in one process of an installation at a time, each receiver by itself.

A receiver that is slow or dead holds up one of `THREADS` threads for one try, and is then left alone for a growing
while. Killing the loop loses nothing: what was sent and not written down is sent again with the same `webhook-id`.
"""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from threading import Event

from api.http.ledger_types import Carnet, StoredWebhook, Whereabouts
from api.outbound.alone_loop import PACE_S, AloneLoop, IsAlone
from api.outbound.notifications import Delivery
from domain.moments import to_milliseconds

THREADS = 32
"""Receivers that are sent to at once."""

log = logging.getLogger("carnet.webhooks")


class Notifier(AloneLoop):
    """Sends the webhooks of all businesses. `peppers`: the one in use, then the one before it if that still opens."""

    def __init__(self, carnet: Carnet, peppers: Callable[[], Sequence[bytes]], *, loopback: bool) -> None:
        super().__init__("webhooks", log)
        self._carnet = carnet
        self._peppers = peppers
        self._loopback = loopback
        self._under_way: dict[str, Future[None]] = {}

    def alone(self) -> AbstractContextManager[IsAlone]:
        return self._carnet.store.webhooks.alone()

    def work(self, stopping: Event, is_alone: IsAlone) -> None:
        # Leaving the pool waits for the requests under way, so that the lock outlives them.
        ended = Event()
        with ThreadPoolExecutor(THREADS, "carnet-webhook") as pool:
            try:
                while not stopping.is_set() and is_alone():
                    self.begin_round(pool, lambda: not (stopping.is_set() or ended.is_set()))
                    stopping.wait(PACE_S)
            finally:
                ended.set()

    def begin_round(self, pool: ThreadPoolExecutor, go_on: Callable[[], bool]) -> list[Future[None]]:
        """Begin to send to each receiver that is due and not being sent to. Raises LedgerUnavailable."""
        self._under_way = {id: each for id, each in self._under_way.items() if not each.done()}
        due = [each for each in self._due() if each.id not in self._under_way]
        if not due:
            return []
        delivery = Delivery(self._carnet, self._peppers(), self._now_ms, loopback=self._loopback)
        for webhook in due:
            self._under_way[webhook.id] = pool.submit(self._deliver, delivery, webhook, go_on)
        return [self._under_way[webhook.id] for webhook in due]

    def _due(self) -> list[StoredWebhook]:
        store = self._carnet.store
        webhooks = [each for each in store.webhooks.all() if each.state == "active"]
        if not webhooks:
            return []
        heads, now_ms, here = dict(store.heads()), self._now_ms(), store.place()
        due = []
        for webhook in webhooks:
            place = webhook.place
            if place != here and (not place or store.whereabouts(place) is not Whereabouts.HERE):
                store.webhooks.put(replace(webhook, state="disabled", reason="restored"))
                log.warning("webhook %s of %s is disabled (restored)", webhook.id, webhook.business_id)
            elif webhook.position < heads.get(webhook.business_id, 0) and webhook.due_at <= now_ms:
                due.append(webhook)
        return due

    def _deliver(self, delivery: Delivery, webhook: StoredWebhook, go_on: Callable[[], bool]) -> None:
        try:
            delivery.deliver(webhook, go_on)
        except Exception as error:  # one receiver never stops the others; it is tried again in the next round
            log.warning("webhook %s of %s: %s", webhook.id, webhook.business_id, type(error).__name__)

    def _now_ms(self) -> int:
        return to_milliseconds(self._carnet.clock())
