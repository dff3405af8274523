"""The messages to customers, and what became of them: for managers who look after those that did not arrive."""

from typing import Literal

from api.http.ledger_types import StoredMessage
from api.http.permissions import MANAGERS
from api.http.query import Found, ListParameters, Page, Query
from api.http.query_route import query
from domain.business.message_terms import Channel
from domain.messages.asked import MessageKind
from domain.moments import from_milliseconds, rfc3339
from domain.values import BookingId, CustomerId, PackageId, TopUpId, Value

THINGS = (("package", "pkg_"), ("booking", "bkg_"), ("top_up", "top_"))
"""What a message may be about, beside the customer → the prefix of its ids."""


class MessageFilter(ListParameters):
    state: Literal["waiting", "sent", "skipped", "given_up"] | None = None
    customer_id: CustomerId | None = None
    package_id: PackageId | None = None
    booking_id: BookingId | None = None
    top_up_id: TopUpId | None = None


class Message(Value):
    """A message, without its text and its address: neither is kept."""

    id: str
    """The first part of its Message-ID, or the `webhook-id` of its `message.due`."""
    kind: MessageKind
    channel: Channel
    language: Literal["en", "hu"]
    customer_id: str
    """Who it goes to."""
    package_id: str | None
    """The package that it is about, and so with the next two."""
    booking_id: str | None
    top_up_id: str | None
    position: int
    """Of the fact that asked for it; of a reminder of a session or a greeting, that of the ledger when it came due."""
    recorded_at: str
    """Of that fact."""
    state: Literal["waiting", "sent", "skipped", "given_up"]
    """`sent`: the mail server, or the receiver of `message.due`, has taken it."""
    attempts: int
    next_attempt_at: str | None
    """While it waits."""
    settled_at: str | None
    """When it was sent, skipped or given up."""
    reason: str | None
    """Why it was skipped or given up, or why the last try failed, such as `no-address`, `smtp-550`, `unreachable`."""


class MessagePage(Page[Message]):
    pass


@query(
    "/v1/messages",
    "messages.list",
    "Messages to customers, in the order of the facts that asked for them",
    roles=MANAGERS,
    answer=MessagePage,
    parameters=MessageFilter,
)
def list_messages(call: Query[MessageFilter]) -> Found:
    """What waits, what was sent, and what was not, with the reason. A message is tried for three days."""
    asked = call.parameters
    known = call.after()
    after = (0, "") if known is None else (int(known[0]), str(known[1]))
    things = [each for each in (asked.package_id, asked.booking_id, asked.top_up_id) if each is not None]
    if len(things) > 1:
        return call.page(
            MessagePage, [], key=_key, shown=_shown, position=call.ledger.recorder.head().position
        )
    rows = call.frame.carnet.store.outbox.messages(
        call.business_id,
        after=after,
        limit=asked.limit + 1,
        state=asked.state,
        thing_id=things[0] if things else None,
        customer_id=asked.customer_id,
    )
    head = call.ledger.recorder.head().position
    call.check_reachable(head)
    return call.page(MessagePage, rows, key=_key, shown=_shown, position=head)


def _shown(message: StoredMessage) -> Message:
    waits = message.state == "waiting"
    return Message.model_validate(
        {
            "id": message.id,
            "kind": message.kind,
            "channel": message.channel,
            "language": message.language,
            "customer_id": message.customer_id,
            **{f"{thing}_id": _about(message, prefix) for thing, prefix in THINGS},
            "position": message.position,
            "recorded_at": _moment(message.recorded_at),
            "state": message.state,
            "attempts": message.attempts,
            "next_attempt_at": _moment(message.due_at) if waits else None,
            "settled_at": None if message.settled_at is None else _moment(message.settled_at),
            "reason": message.reason,
        }
    )


def _about(message: StoredMessage, prefix: str) -> str | None:
    return message.thing_id if message.thing_id.startswith(prefix) else None


def _key(message: StoredMessage) -> list[object]:
    return [message.position, message.id]


def _moment(milliseconds: int) -> str:
    return rfc3339(from_milliseconds(milliseconds))


HANDLERS = (list_messages,)
