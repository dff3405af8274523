"""What a receiver of `message.due` gets: the text, the number, the channel, and the consent that it stands on."""

from typing import Literal, cast

from api.http.ledger_types import StoredMessage
from api.outbound.writing import Written
from domain.business.message_terms import Channel
from domain.messages.asked import MessageKind
from domain.messages.due import MESSAGE_DUE
from domain.moments import from_milliseconds, rfc3339
from domain.people.facts import ConsentName
from domain.values import Value


class ConsentInForce(Value):
    name: ConsentName
    given_at: str


class MessageDue(Value):
    name: Literal["message.due"]
    id: str
    """Also the `webhook-id`: the same on each try. Send nothing twice under it."""
    kind: MessageKind
    channel: Channel
    language: str
    customer_id: str
    to: str
    """E.164."""
    text: str
    basis: Literal["consent", "contract"]
    consent: ConsentInForce | None
    """None: the message is about a contract and needs no consent."""
    thing_id: str
    """The package, booking or rule that it is about, or the customer."""
    due_since: str


def message_due(message: StoredMessage, written: Written) -> MessageDue:
    """A message by a channel of plain text."""
    given = written.consent
    return MessageDue(
        name=MESSAGE_DUE,
        id=message.id,
        kind=cast(MessageKind, message.kind),
        channel=message.channel,
        language=message.language,
        customer_id=message.customer_id,
        to=written.address,
        text=written.letter.short,
        basis="contract" if given is None else "consent",
        consent=None
        if given is None
        else ConsentInForce(name=given.name, given_at=rfc3339(from_milliseconds(given.given_at))),
        thing_id=message.thing_id,
        due_since=rfc3339(from_milliseconds(message.recorded_at)),
    )
