"""What becomes of a message, whatever channel it goes by: it is written, skipped, sent, tried again, or given up."""

import logging
from collections.abc import Callable
from dataclasses import replace

from api.http.ledger_types import Carnet, MessageState, StoredMessage
from api.outbound.planning import TRIED_FOR_MS
from api.outbound.reminders import record_sent, was_recorded
from api.outbound.sign_in_letters import CardLinks
from api.outbound.writing import Writer, Written
from domain.ledger.errors import Contention, LedgerUnavailable

EACH = 20
"""Messages of one business in one round, so that a busy one delays no other."""
RETRY_MS_MIN, RETRY_MS_MAX = 60_000, 6 * 3_600_000

log = logging.getLogger("carnet.mail")


class Settling:
    """Keeps the outcomes of the messages of all businesses. `now_ms` gives ms since 1970."""

    def __init__(self, carnet: Carnet, now_ms: Callable[[], int], links: CardLinks | None = None) -> None:
        self._carnet = carnet
        self._outbox = carnet.store.outbox
        self._writer = Writer(carnet, links)
        self._now_ms = now_ms

    def written(self, message: StoredMessage) -> Written | None:
        """The letter and the address; None once it is settled otherwise. One that cannot be written delays no other."""
        try:
            if self._was_recorded(message):
                self.settle(message, "sent", None)
                return None
            written = self._writer.written(message)
        except (LedgerUnavailable, Contention):
            raise
        except Exception as error:
            log.error("message %s of %s: %s", message.id, message.business_id, type(error).__name__)
            self.try_again(message, "unwritable")
            return None
        if isinstance(written, str):
            self.settle(message, "skipped", written)
            return None
        return written

    def _was_recorded(self, message: StoredMessage) -> bool:
        """Whether a reminder was sent and recorded before a crash."""
        ledger = self._carnet.ledger(message.business_id)
        return message.kind == "expiry_reminder" and was_recorded(ledger, message)

    def sent(self, message: StoredMessage, written: Written) -> None:
        """Raises LedgerUnavailable, Contention: it is sent again, as after a crash."""
        if written.last_day is not None:
            record_sent(self._carnet.ledger(message.business_id), message, written.last_day)
        self.settle(message, "sent", None)

    def try_again(self, message: StoredMessage, reason: str) -> None:
        """Later each time; given up once it was tried for long enough."""
        now_ms, attempts = self._now_ms(), message.attempts + 1
        if now_ms - message.recorded_at >= TRIED_FOR_MS:
            self.settle(message, "given_up", reason)
            return
        wait_ms = min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** min(attempts - 1, 20))
        due_at = min(now_ms + wait_ms, message.recorded_at + TRIED_FOR_MS)
        self._outbox.put(replace(message, attempts=attempts, due_at=due_at, reason=reason))

    def settle(self, message: StoredMessage, state: MessageState, reason: str | None) -> None:
        attempts = message.attempts + (state != "skipped")
        settled = replace(message, state=state, attempts=attempts, settled_at=self._now_ms(), reason=reason)
        self._outbox.put(settled)
        if state == "given_up":
            log.warning("message %s of %s is given up (%s)", message.id, message.business_id, reason)
