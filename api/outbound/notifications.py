"""From facts to one receiver: in order of position, one request a fact, each signed; tried again, or given up for good.

The position is kept after each fact that was taken. A crash in between sends that fact again, with the same
`webhook-id`: it is made from the hash of the fact.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from api.http.ledger_fact import shown_fact
from api.http.ledger_types import Carnet, StoredFact, StoredWebhook
from api.http.message_ids import of_fact
from api.outbound.receiver import Post, ReceiverUnusable, receiver
from api.outbound.signing import signed_headers
from domain.fact import UnreadableFact

FACTS_PER_ROUND = 200
RETRY_MS_MIN, RETRY_MS_MAX = 5_000, 6 * 3_600_000
DISABLED_AFTER_MS = 5 * 24 * 3_600_000
"""How long a receiver may fail without a break."""
GONE = 410

log = logging.getLogger("carnet.webhooks")


def webhook_id(stored: StoredFact) -> str:
    """The id of the message of a fact, the same on each try."""
    return of_fact(stored, "email")


class Delivery:
    """Sends to one receiver at a time. `now_ms` gives ms since 1970."""

    def __init__(
        self, carnet: Carnet, peppers: Sequence[bytes], now_ms: Callable[[], int], *, loopback: bool
    ) -> None:
        self._carnet = carnet
        self._webhooks = carnet.store.webhooks
        self._peppers = peppers
        self._now_ms = now_ms
        self._loopback = loopback

    def deliver(self, webhook: StoredWebhook, go_on: Callable[[], bool]) -> None:
        """Send the next facts until one fails, or the receiver was changed. Raises LedgerUnavailable."""
        page = self._carnet.store.ledger(webhook.business_id).facts(
            after=webhook.position, limit=FACTS_PER_ROUND
        )
        # Read after the facts: what the owner was answered before a fact was recorded counts for that fact.
        current = self._webhooks.find(webhook.business_id, webhook.id)
        if current is None or current.state != "active" or _is_set_anew(current, webhook):
            return
        with receiver(webhook.url, loopback=self._loopback) as post:
            for fact in page:
                if webhook.facts and fact.name not in webhook.facts:
                    continue
                if current is None or not go_on():
                    return
                failure = self._failure(post, current, fact)
                if failure is not None:
                    self._failed(current, failure)
                    return
                current = self._moved(current, fact.position)
        if page and current is not None and current.position < page[-1].position:
            self._moved(current, page[-1].position)

    def _failure(self, post: Post, webhook: StoredWebhook, fact: StoredFact) -> str | None:
        """Send one fact; why it failed."""
        try:
            body = shown_fact(fact).model_dump_json().encode()
        except UnreadableFact:
            return "event-unreadable"
        headers = signed_headers(webhook, self._peppers, webhook_id(fact), self._now_ms(), body)
        try:
            status = post(headers, body)
        except ReceiverUnusable as error:
            return str(error)
        return None if 200 <= status <= 299 else f"http-{status}"

    # Outcomes

    def _moved(self, webhook: StoredWebhook, position: int) -> StoredWebhook | None:
        """Keep that all up to a position is delivered. The receiver as it is now; None: no more is to be sent."""

        def moved(known: StoredWebhook) -> StoredWebhook:
            reason = None if known.state == "active" else known.reason
            return replace(known, position=position, attempts=0, due_at=0, failing_since=None, reason=reason)

        kept = self._kept(webhook, moved)
        return kept if kept is not None and kept.state == "active" else None

    def _failed(self, webhook: StoredWebhook, reason: str) -> None:
        now_ms = self._now_ms()

        def failed(known: StoredWebhook) -> StoredWebhook:
            since = now_ms if known.failing_since is None else known.failing_since
            wait_ms = min(RETRY_MS_MAX, RETRY_MS_MIN * 4 ** min(known.attempts, 20))
            over = now_ms - since >= DISABLED_AFTER_MS or reason == f"http-{GONE}"
            return replace(
                known,
                state="disabled" if over and known.state == "active" else known.state,
                attempts=known.attempts + 1,
                due_at=now_ms + wait_ms,
                failing_since=since,
                reason=reason,
            )

        kept = self._kept(webhook, failed)
        if kept is not None and kept.state == "disabled":
            log.warning("webhook %s of %s is disabled (%s)", webhook.id, webhook.business_id, reason)

    def _kept(
        self, webhook: StoredWebhook, change: Callable[[StoredWebhook], StoredWebhook]
    ) -> StoredWebhook | None:
        """Keep an outcome, also beside a change by the owner; None where the owner has set the position meanwhile."""
        while True:
            known = self._webhooks.find(webhook.business_id, webhook.id)
            if known is None or _is_set_anew(known, webhook):
                return None
            changed = change(known)
            if self._webhooks.put(changed):
                return replace(changed, revision=known.revision + 1)


def _is_set_anew(known: StoredWebhook, sent_to: StoredWebhook) -> bool:
    """Whether the position was set since; a replay may set it to where it was."""
    return (known.position, known.replays) != (sent_to.position, sent_to.replays)
