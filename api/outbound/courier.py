"""From messages that wait to the receiver that sends them as text or WhatsApp messages: one request a message, signed.

Each is a webhook `message.due`. It counts as sent once the receiver has answered 200 to 299; what is uncertain is sent
again, with the same `webhook-id`, for three days. It is written anew each time: nothing that was sent is kept.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from api.http.ledger_types import Carnet, StoredMessage, StoredWebhook
from api.outbound.message_due import message_due
from api.outbound.receiver import Post, ReceiverUnusable, receiver
from api.outbound.settling import Settling
from api.outbound.signing import signed_headers
from api.outbound.writing import Written
from domain.messages.due import MESSAGE_DUE

GONE = 410
THE_RECEIVERS_FAULT = frozenset({401, 403, 404, 408, GONE, 425, 429})
"""Answers below 500 that another message would get too."""
REST_MS_MIN, REST_MS_MAX = 1_000, 60_000
"""How long a receiver that cannot be used is left alone."""

log = logging.getLogger("carnet.webhooks")


def sender_of(business_id: str, active: Iterable[StoredWebhook]) -> StoredWebhook | None:
    """The one receiver that sends a business's messages: the oldest that names them. With two, each would send all."""
    naming = [each for each in active if each.business_id == business_id and MESSAGE_DUE in each.facts]
    return min(naming, key=lambda each: (each.created_at, each.id), default=None)


@dataclass(slots=True)
class Rest:
    """How long the sender of one business is left alone, after it could not be used."""

    until_ms: int = 0
    length_ms: int = 0

    def begin(self, now_ms: int) -> None:
        self.length_ms = min(REST_MS_MAX, max(REST_MS_MIN, 2 * self.length_ms))
        self.until_ms = now_ms + self.length_ms


class Courier:
    """Hands messages to one receiver at a time. `now_ms` gives ms since 1970."""

    def __init__(
        self, carnet: Carnet, peppers: Sequence[bytes], now_ms: Callable[[], int], *, loopback: bool
    ) -> None:
        self._webhooks = carnet.store.webhooks
        self._settling = Settling(carnet, now_ms)
        self._peppers = peppers
        self._now_ms = now_ms
        self._loopback = loopback

    def deliver(
        self,
        webhook: StoredWebhook | None,
        messages: Sequence[StoredMessage],
        rest: Rest,
        go_on: Callable[[], bool],
    ) -> None:
        """Hand in messages of one business, until the receiver cannot be used. Raises LedgerUnavailable, Contention."""
        if webhook is None:
            for message in messages:
                self._settling.try_again(message, "no-receiver")
            return
        # Read after the messages: they are signed by the secrets that the owner has by now.
        current = self._webhooks.find(webhook.business_id, webhook.id)
        if current is None or current.state != "active":
            return
        with receiver(current.url, loopback=self._loopback) as post:
            for message in messages:
                if not go_on():
                    return
                written = self._settling.written(message)
                if written is not None and not self._handed_in(post, current, message, written):
                    rest.begin(self._now_ms())
                    return
        rest.length_ms = 0

    def _handed_in(
        self, post: Post, webhook: StoredWebhook, message: StoredMessage, written: Written
    ) -> bool:
        """Hand in one message. False: the receiver can take no other either."""
        body = message_due(message, written).model_dump_json().encode()
        try:
            status = post(signed_headers(webhook, self._peppers, message.id, self._now_ms(), body), body)
        except ReceiverUnusable as error:
            self._settling.try_again(message, str(error))
            return False
        if 200 <= status <= 299:
            self._settling.sent(message, written)
            return True
        if status == GONE:
            self._disable(webhook)
        self._settling.try_again(message, f"http-{status}")
        return 400 <= status <= 499 and status not in THE_RECEIVERS_FAULT

    def _disable(self, webhook: StoredWebhook) -> None:
        """Also beside a change by the owner, or by the facts that it is sent."""
        log.warning("webhook %s of %s is disabled (http-%d)", webhook.id, webhook.business_id, GONE)
        while True:
            known = self._webhooks.find(webhook.business_id, webhook.id)
            if known is None or known.state != "active":
                return
            if self._webhooks.put(replace(known, state="disabled", reason=f"http-{GONE}")):
                return
