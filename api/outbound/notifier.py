"""The loop that sends webhooks, for facts and for messages: in one process of an installation at a time, each receiver
by itself.

A receiver that is slow or dead holds up one of `THREADS` threads for one try, and is then left alone for a growing
while. Killing the loop loses nothing: what was sent and not written down is sent again with the same `webhook-id`.
"""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from threading import Event

from api.http.ledger_types import Carnet, StoredMessage, StoredWebhook, Whereabouts
from api.outbound.alone_loop import PACE_S, AloneLoop, IsAlone
from api.outbound.courier import Courier, Rest, sender_of
from api.outbound.notifications import Delivery
from api.outbound.settling import EACH
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
        """By the id of a webhook whose facts, or of a business whose messages, are being sent."""
        self._rests: dict[str, Rest] = {}

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
        # Messages first: a sender that was there before its message is then found with it.
        messages, active = self._messages(), self._active()
        due = [each for each in self._due(active) if each.id not in self._under_way]
        if not due and not messages:
            return []
        peppers = self._peppers()
        delivery = Delivery(self._carnet, peppers, self._now_ms, loopback=self._loopback)
        courier = Courier(self._carnet, peppers, self._now_ms, loopback=self._loopback)
        begun = {each.id: pool.submit(self._deliver, delivery, each, go_on) for each in due}
        for id, waiting in messages.items():
            sender = sender_of(id, active)
            begun[id] = pool.submit(self._hand_in, courier, id, sender, waiting, go_on)
        self._under_way |= begun
        return list(begun.values())

    def _active(self) -> list[StoredWebhook]:
        """The receivers that may be sent to from here; those of another database are disabled."""
        store, active = self._carnet.store, []
        webhooks = [each for each in store.webhooks.all() if each.state == "active"]
        here = store.place() if webhooks else ""
        for webhook in webhooks:
            place = webhook.place
            if place != here and (not place or store.whereabouts(place) is not Whereabouts.HERE):
                store.webhooks.put(replace(webhook, state="disabled", reason="restored"))
                log.warning("webhook %s of %s is disabled (restored)", webhook.id, webhook.business_id)
            else:
                active.append(webhook)
        return active

    def _due(self, active: Sequence[StoredWebhook]) -> list[StoredWebhook]:
        """Those with facts that wait."""
        if not active:
            return []
        heads, now_ms = dict(self._carnet.store.heads()), self._now_ms()
        return [
            each
            for each in active
            if each.position < heads.get(each.business_id, 0) and each.due_at <= now_ms
        ]

    def _messages(self) -> dict[str, list[StoredMessage]]:
        """Messages that are due by a channel other than e-mail, by business, where none of them is under way."""
        now_ms, found = self._now_ms(), dict[str, list[StoredMessage]]()
        for message in self._carnet.store.outbox.due(now_ms, EACH, by_email=False):
            id = message.business_id
            if id not in self._under_way and self._rests.setdefault(id, Rest()).until_ms <= now_ms:
                found.setdefault(id, []).append(message)
        return found

    def _hand_in(
        self,
        courier: Courier,
        business_id: str,
        sender: StoredWebhook | None,
        messages: Sequence[StoredMessage],
        go_on: Callable[[], bool],
    ) -> None:
        try:
            courier.deliver(sender, messages, self._rests[business_id], go_on)
        except Exception as error:  # they are tried again in the next round
            log.warning("messages of %s: %s", business_id, type(error).__name__)

    def _deliver(self, delivery: Delivery, webhook: StoredWebhook, go_on: Callable[[], bool]) -> None:
        try:
            delivery.deliver(webhook, go_on)
        except Exception as error:  # one receiver never stops the others; it is tried again in the next round
            log.warning("webhook %s of %s: %s", webhook.id, webhook.business_id, type(error).__name__)

    def _now_ms(self) -> int:
        return to_milliseconds(self._carnet.clock())
