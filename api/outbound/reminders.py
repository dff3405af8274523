"""A reminder that was sent is recorded in the ledger, once, under a request key made from the id of its message.

It is recorded before the message is written down as sent. A crash between the two is made good by `was_recorded`: the
message is written down, and nothing is sent again.
"""

import logging
from datetime import date

from api.http.ledger_types import Carnet, Ledger, RequestKey, StoredMessage
from domain.actor import Actor, Role
from domain.decision import Reads
from domain.ledger.mapper import Meta
from domain.ledger.orders import Order
from domain.package.commands import RecordReminderSent
from domain.refusals import Refused
from domain.use_cases.record_reminder_sent import RECORD_REMINDER_SENT

MAIL = Meta(actor=Actor(id="mail", role=Role.INTEGRATION, via="system"))

log = logging.getLogger("carnet.mail")


def was_recorded(ledger: Ledger, message: StoredMessage) -> bool:
    """Whether this message was sent and recorded before. Raises LedgerUnavailable."""
    request = _request(ledger, message)
    known = ledger.recorder.load(Reads(), [request.key]).answered.get(request.key)
    return known is not None and known.is_of(request.fingerprint)


def told_by_another_channel(carnet: Carnet, message: StoredMessage) -> bool:
    """Whether the same reminder was sent and recorded by another channel. Raises LedgerUnavailable."""
    ledger = carnet.ledger(message.business_id)
    about = carnet.store.outbox.messages(
        message.business_id, after=(message.position - 1, ""), limit=10, thing_id=message.thing_id
    )
    same = [each for each in about if each.position == message.position and each.id != message.id]
    return any(was_recorded(ledger, each) for each in same)


def record_sent(ledger: Ledger, message: StoredMessage, expires_on: date) -> None:
    """Record that the customer was told of this day. Raises LedgerUnavailable, Contention.

    A day that was changed while the message went is not recorded: the customer is to be told of the new one.
    """
    told = RecordReminderSent(package_id=message.thing_id, expires_on=expires_on)
    (result,) = ledger.execute([Order(RECORD_REMINDER_SENT, told, MAIL, _request(ledger, message))])
    if isinstance(result, Refused):
        log.warning(
            "message %s of %s was sent and is not recorded as a reminder (%s)",
            message.id,
            message.business_id,
            type(result).__name__,
        )


def _request(ledger: Ledger, message: StoredMessage) -> RequestKey:
    key = f"mail/{message.id}"
    return ledger.request(key, key.encode())
