"""The e-mails to customers, and what became of them: for managers who look after those that did not arrive."""

from typing import Literal

from api.http.ledger_types import StoredMessage
from api.http.permissions import MANAGERS
from api.http.query_route import Found, ListParameters, Page, Query, query
from domain.messages.asked import MessageKind
from domain.moments import from_milliseconds, rfc3339
from domain.values import PackageId, Value


class MessageFilter(ListParameters):
    state: Literal["waiting", "sent", "skipped", "given_up"] | None = None
    package_id: PackageId | None = None


class Message(Value):
    """An e-mail, without its text and its address: neither is kept."""

    id: str
    """The first part of its Message-ID."""
    kind: MessageKind
    language: Literal["en", "hu"]
    customer_id: str
    """Who it goes to."""
    package_id: str
    position: int
    """Of the fact that asked for it."""
    recorded_at: str
    """Of that fact."""
    state: Literal["waiting", "sent", "skipped", "given_up"]
    """`sent`: the mail server has taken it."""
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
    "E-mails to customers, in the order of the facts that asked for them",
    roles=MANAGERS,
    answer=MessagePage,
    parameters=MessageFilter,
)
def list_messages(call: Query[MessageFilter]) -> Found:
    """What waits, what was sent, and what was not, with the reason. A message is tried for three days."""
    asked = call.parameters
    after = (call.after() or [0])[0]
    rows = call.frame.carnet.store.outbox.messages(
        call.business_id,
        after=after,
        limit=asked.limit + 1,
        state=asked.state,
        package_id=asked.package_id,
    )
    head = call.ledger.recorder.head().position
    call.check_reachable(head)
    return call.page(MessagePage, rows, key=lambda row: [row.position], shown=_shown, position=head)


def _shown(message: StoredMessage) -> Message:
    waits = message.state == "waiting"
    return Message.model_validate(
        {
            "id": message.id,
            "kind": message.kind,
            "language": message.language,
            "customer_id": message.customer_id,
            "package_id": message.package_id,
            "position": message.position,
            "recorded_at": _moment(message.recorded_at),
            "state": message.state,
            "attempts": message.attempts,
            "next_attempt_at": _moment(message.due_at) if waits else None,
            "settled_at": None if message.settled_at is None else _moment(message.settled_at),
            "reason": message.reason,
        }
    )


def _moment(milliseconds: int) -> str:
    return rfc3339(from_milliseconds(milliseconds))


HANDLERS = (list_messages,)
