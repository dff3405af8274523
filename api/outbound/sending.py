"""From messages that wait to the mail server: sent, skipped, tried again, or given up.

A mail server that cannot be reached is left alone for a growing while. Each message has a next try of its own, later
each time, until three days after its fact. A message that was sent when a crash came before that was written down is
sent again, with the same Message-ID.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack

from api.http.ledger_types import Carnet, StoredMessage
from api.outbound.letters import Letter
from api.outbound.mail_server import MailConnection, MailRefused, MailServer, MailServerUnusable
from api.outbound.planning import TRIED_FOR_MS
from api.outbound.settling import EACH, Settling
from api.outbound.sign_in_letters import CardLinks

UNTRIED_MS = 3_600_000
REST_MS_MIN, REST_MS_MAX = 1_000, 60_000
"""How long a mail server that cannot be used is left alone."""

log = logging.getLogger("carnet.mail")


class Session:
    """Connected from the first letter on, and anew where the server has hung up after a letter."""

    def __init__(self, server: MailServer) -> None:
        self._server = server
        self._stack = ExitStack()
        self._connection: MailConnection | None = None

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def is_open(self) -> bool:
        return self._connection is not None

    def hand_in(self, letter: Letter, email: str, id: str) -> None:
        """Raises MailRefused, MailServerUnusable."""
        if self._connection is not None:
            try:
                return self._connection.send(letter, email, id)
            except MailServerUnusable:
                self._connection = None
                self._stack.close()
        self._connection = self._stack.enter_context(self._server.connected())
        return self._connection.send(letter, email, id)


class Sender:
    """Sends what waits. One thread of one process does so at a time. `now_ms` gives ms since 1970."""

    def __init__(
        self,
        carnet: Carnet,
        server: MailServer | None,
        now_ms: Callable[[], int],
        links: CardLinks | None = None,
    ) -> None:
        self._outbox = carnet.store.outbox
        self._settling = Settling(carnet, now_ms, links)
        self._server = server
        self._now_ms = now_ms
        self._rest_ms = 0
        self._rests_until = 0

    def send_due(self, go_on: Callable[[], bool]) -> None:
        """One round over what is due. Raises LedgerUnavailable."""
        if self._now_ms() < self._rests_until:
            return
        due = self._outbox.due(self._now_ms(), EACH, by_email=True)
        if not due:
            return
        if self._server is None:
            for message in due:
                self._settling.settle(message, "skipped", "no-mail-server")
            return
        try:
            self._send_all(self._server, due, go_on)
            self._rest_ms = 0
        except MailServerUnusable as error:
            self._rest_ms = min(REST_MS_MAX, max(REST_MS_MIN, 2 * self._rest_ms))
            self._rests_until = self._now_ms() + self._rest_ms
            log.warning("the mail server cannot be used (%s); again in %d s", error, self._rest_ms // 1_000)

    def _send_all(self, server: MailServer, due: Sequence[StoredMessage], go_on: Callable[[], bool]) -> None:
        """Raises MailServerUnusable."""
        with Session(server) as session:
            for nth, message in enumerate(due):
                if not go_on():
                    return
                written = self._settling.written(message)
                if written is None:
                    continue
                try:
                    session.hand_in(written.letter, written.address, message.id)
                except MailRefused as error:
                    self._refused(message, error)
                except MailServerUnusable as error:
                    # Without a connection it is the fault of no message, else of this one at most.
                    for each in [message] if session.is_open else due[nth:]:
                        self._settling.try_again(each, str(error))
                    raise
                else:
                    self._settling.sent(message, written)

    def give_up_what_nobody_takes(self) -> None:
        """End messages by other channels that no process has tried for long: webhooks are sent by none."""
        now_ms = self._now_ms()
        for message in self._outbox.due(now_ms, EACH, by_email=False):
            if now_ms - message.recorded_at >= TRIED_FOR_MS + UNTRIED_MS:
                self._settling.settle(message, "given_up", message.reason or "no-receiver")

    def _refused(self, message: StoredMessage, error: MailRefused) -> None:
        if error.permanent:
            self._settling.settle(message, "given_up", str(error))
        else:
            self._settling.try_again(message, str(error))
