"""From messages that wait to the mail server: sent, skipped, tried again, or given up.

A mail server that cannot be reached is left alone for a growing while. Each message has a next try of its own, later
each time, until three days after its fact. A message that was sent when a crash came before that was written down is
sent again, with the same Message-ID.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date
from typing import cast

from api.http.ledger_types import Carnet, MessageState, StoredMessage
from api.outbound.letters import Letter, letter
from api.outbound.mail_server import MailConnection, MailRefused, MailServer, MailServerUnusable
from api.outbound.planning import TRIED_FOR_MS, package_stream
from api.outbound.reminders import record_sent, was_recorded
from domain.business.facts import BusinessFact
from domain.business.state import evolve as evolve_business
from domain.fact import fold
from domain.ledger.errors import Contention, LedgerUnavailable
from domain.messages.asked import MessageKind
from domain.messages.forbidden import why_skipped
from domain.package.facts import ReminderDue
from domain.people.facts import CustomerFact
from domain.people.profile import Profile, profile_in
from domain.people.state import Customer
from domain.people.state import evolve as evolve_customer

EACH = 20
"""Messages of one business in one round, so that a busy one delays no other."""
RETRY_MS_MIN, RETRY_MS_MAX = 60_000, 6 * 3_600_000
REST_MS_MIN, REST_MS_MAX = 1_000, 60_000
"""How long a mail server that cannot be used is left alone."""

log = logging.getLogger("carnet.mail")


@dataclass(frozen=True, slots=True)
class Written:
    """A letter that may be sent. `last_day`: the last valid day that it reminds of."""

    letter: Letter
    email: str
    last_day: date | None = None


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

    def __init__(self, carnet: Carnet, server: MailServer, now_ms: Callable[[], int]) -> None:
        self._carnet = carnet
        self._outbox = carnet.store.outbox
        self._server = server
        self._now_ms = now_ms
        self._rest_ms = 0
        self._rests_until = 0

    def send_due(self, go_on: Callable[[], bool]) -> None:
        """One round over what is due. Raises LedgerUnavailable."""
        if self._now_ms() < self._rests_until:
            return
        due = self._outbox.due(self._now_ms(), EACH)
        if not due:
            return
        try:
            self._send_all(due, go_on)
            self._rest_ms = 0
        except MailServerUnusable as error:
            self._rest_ms = min(REST_MS_MAX, max(REST_MS_MIN, 2 * self._rest_ms))
            self._rests_until = self._now_ms() + self._rest_ms
            log.warning("the mail server cannot be used (%s); again in %d s", error, self._rest_ms // 1_000)

    def _send_all(self, due: Sequence[StoredMessage], go_on: Callable[[], bool]) -> None:
        """Raises MailServerUnusable."""
        with Session(self._server) as session:
            for nth, message in enumerate(due):
                if not go_on():
                    return
                written = self._written_or_why(message)
                if written is None:
                    continue
                try:
                    session.hand_in(written.letter, written.email, message.id)
                except MailRefused as error:
                    self._refused(message, error)
                except MailServerUnusable as error:
                    # Without a connection it is the fault of no message, else of this one at most.
                    for each in [message] if session.is_open else due[nth:]:
                        self._try_again(each, str(error))
                    raise
                else:
                    self._sent(message, written)

    def _written_or_why(self, message: StoredMessage) -> Written | None:
        """The letter and the address; None once it is settled otherwise. One that cannot be written delays no other."""
        try:
            if self._was_recorded(message):
                self._settle(message, "sent", None)
                return None
            written = self._written(message)
        except (LedgerUnavailable, Contention):
            raise
        except Exception as error:
            log.error("message %s of %s: %s", message.id, message.business_id, type(error).__name__)
            self._try_again(message, "unwritable")
            return None
        if isinstance(written, str):
            self._settle(message, "skipped", written)
            return None
        return written

    def _was_recorded(self, message: StoredMessage) -> bool:
        """Whether a reminder was sent and recorded before a crash."""
        ledger = self._carnet.ledger(message.business_id)
        return message.kind == "expiry_reminder" and was_recorded(ledger, message)

    def _written(self, message: StoredMessage) -> Written | str:
        """The letter and the address, or why it is skipped."""
        ledger = self._carnet.ledger(message.business_id)
        kind = cast(MessageKind, message.kind)
        package = package_stream(self._carnet, message.business_id, message.package_id)
        customer, profile = self._recipient(message)
        email = None if profile is None else profile.email
        confirmed = kind == "package_voided" and self._was_confirmed(message)
        asked = package.facts.get(message.position)
        due = asked if isinstance(asked, ReminderDue) else None
        now = self._carnet.clock()
        why = why_skipped(kind, package.state, customer, email, now, confirmed=confirmed, due=due)
        if why is not None or profile is None or email is None:
            return why or "no-address"
        facts = [cast(BusinessFact, each.fact) for each in ledger.stream(message.business_id)]
        business = fold(evolve_business, None, facts)
        last_day = None if due is None else due.expires_on
        text = letter(
            kind, message.language, business, package.opened, package.state, profile.name, last_day=last_day
        )
        return Written(text, email, last_day)

    def _recipient(self, message: StoredMessage) -> tuple[Customer | None, Profile | None]:
        ledger = self._carnet.ledger(message.business_id)
        customer_id: str | None = message.customer_id
        while customer_id is not None:  # a merged customer's messages go to the survivor
            facts = [cast(CustomerFact, each.fact) for each in ledger.stream(customer_id)]
            people = ledger.recorder.people([customer_id])
            customer = fold(evolve_customer, None, facts) if facts else None
            customer_id = None if customer is None else customer.merged_into
        return customer, profile_in(people[0]) if people else None

    def _was_confirmed(self, message: StoredMessage) -> bool:
        about = self._outbox.messages(
            message.business_id, after=0, limit=2, state="sent", package_id=message.package_id
        )
        return any(each.kind == "package_purchased" for each in about)

    # Outcomes

    def _sent(self, message: StoredMessage, written: Written) -> None:
        """Raises LedgerUnavailable, Contention: it is sent again, as after a crash."""
        if written.last_day is not None:
            record_sent(self._carnet.ledger(message.business_id), message, written.last_day)
        self._settle(message, "sent", None)

    def _refused(self, message: StoredMessage, error: MailRefused) -> None:
        if error.permanent:
            self._settle(message, "given_up", str(error))
        else:
            self._try_again(message, str(error))

    def _try_again(self, message: StoredMessage, reason: str) -> None:
        """Later each time; given up once it was tried for long enough."""
        now_ms, attempts = self._now_ms(), message.attempts + 1
        if now_ms - message.recorded_at >= TRIED_FOR_MS:
            self._settle(message, "given_up", reason)
            return
        wait_ms = min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** min(attempts - 1, 20))
        due_at = min(now_ms + wait_ms, message.recorded_at + TRIED_FOR_MS)
        self._outbox.put(replace(message, attempts=attempts, due_at=due_at, reason=reason))

    def _settle(self, message: StoredMessage, state: MessageState, reason: str | None) -> None:
        attempts = message.attempts + (state != "skipped")
        settled = replace(message, state=state, attempts=attempts, settled_at=self._now_ms(), reason=reason)
        self._outbox.put(settled)
        if state == "given_up":
            log.warning("message %s of %s is given up (%s)", message.id, message.business_id, reason)
