"""The inbox of a till that was offline: what it did meanwhile, as a list of commands.

Each command is decided and answered by its own route, in the order of the list, under its own key. The inbox keeps
nothing: a list that is sent again gets the first answer for what is done, and any other command is decided anew.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Annotated, Any, Literal

from litestar.concurrency import sync_to_thread
from pydantic import Field, JsonValue, StringConstraints
from pydantic_core import from_json, to_json

from api.http.body import body_of
from api.http.inner_request import InnerReply, InnerRequest, answered
from api.http.parsing import decoded, encoded, read_body, read_parameters
from api.http.permissions import CARRIERS
from api.http.problems import Flaw, invalid
from api.http.request import Exchange, HttpRequest, exchange_of, parameters_of
from api.http.responses import Header, Reply
from api.http.route import Route, handler_of
from domain.ledger.errors import LedgerUnavailable
from domain.values import Value

COMMANDS_MAX = 200
"""Commands of one inbox."""
BYTES_MAX = 1024 * 1024
"""Bytes of one inbox. The body of each command has the limit of its own route besides."""
PASSES_BY_ITSELF = ("storage-unavailable", "clock-skew", "contention", "rate-limited")
"""Codes that the next command would meet too, so the rest is not tried."""
PATH = "/v1/inbox"

Outcome = Literal["done", "refused", "failed", "not_tried"]


class InboxCommand(Value):
    """One thing that the till did."""

    key: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?$")]
    """Its Idempotency-Key: the one it would be sent with alone."""
    command: Annotated[str, StringConstraints(pattern=r"^/v1(/[0-9A-Za-z_-]{1,60}){1,6}$", max_length=300)]
    """The path of a command, such as `/v1/packages/pkg_…/redemptions`."""
    body: JsonValue = Field(default_factory=dict)
    """What that command takes: the `effective_at` of what happened earlier stands here, and the `id` of what the till
    made."""


class InboxBody(Value):
    commands: Annotated[tuple[InboxCommand, ...], Field(min_length=1, max_length=COMMANDS_MAX)]
    """In the order in which things were done."""


class InboxRow(Value):
    """What became of one command."""

    index: int
    """Its place in the list, from 0."""
    key: str
    outcome: Outcome
    """`refused`: its request must change, or a person must decide. `failed` and `not_tried`: send it again."""
    status: int | None
    """The status that its own route answered."""
    replayed: bool
    """Whether it was done before, and this is the answer of then."""
    body: JsonValue
    """What its own route answered; null if it was not tried."""


class InboxAnswer(Value):
    commands: int
    done: int
    refused: int
    failed: int
    not_tried: int
    retry_after_s: int | None
    """When to send again what failed or was not tried, if that is known."""
    rows: tuple[InboxRow, ...]
    """One for each command, in the order of the list."""


INBOX = Route(
    "POST",
    PATH,
    "inbox.send",
    "Send what a till did while it was offline",
    CARRIERS,
    200,
    InboxBody,
    None,
    InboxAnswer,
    versioned=False,
    carries=True,
    codes=("validation-failed", "malformed-body", "request-timeout", "body-too-large"),
    description="At most 200 commands and 1 MiB. Each is decided by its own route, in order, as if it had been sent"
    " alone: with its permission, its limits, its key and its answer. A refusal keeps none behind it from being"
    " tried. When the store cannot be reached, or the key has sent too much, the rest is not tried."
    " Send the same list again at any time: what is done is not done twice.",
)


@handler_of(INBOX)
async def inbox(request: HttpRequest) -> Reply:
    read_parameters(parameters_of(request), Value)
    raw = await body_of(request, BYTES_MAX)
    commands = _read(raw, exchange_of(request.scope).header(b"content-type"))
    replies = [reply async for reply in _replies(request, commands)]
    return Reply(200, to_json(_told(commands, replies)), await _position(request, replies))


def _read(raw: bytes, content_type: str | None) -> list[InnerRequest]:
    """The commands of the list. Of each body only the JSON is read here: its own route reads the rest.

    Raises Problem, also for a list with one entry that is no command.
    """
    sent = decoded(raw, content_type)
    given = sent.get("commands")
    entries: list[Any] = given if isinstance(given, list) else []
    bodies = [_body(entry, f"/commands/{index}") for index, entry in enumerate(entries)]
    outside = [{**entry, "body": {}} if isinstance(entry, dict) else entry for entry in entries]
    envelope = encoded({**sent, "commands": outside if isinstance(given, list) else given}, "/commands")
    commands = read_body(envelope, content_type, InboxBody).value.commands
    nested = [index for index, each in enumerate(commands) if each.command == PATH]
    if nested:
        flaws = [
            Flaw(f"/commands/{index}/command", "not-allowed", "must not be the inbox") for index in nested
        ]
        raise invalid(flaws)
    return [InnerRequest(each.command, body, each.key) for each, body in zip(commands, bodies, strict=True)]


def _body(entry: Any, where: str) -> bytes:
    return encoded(entry.get("body", {}) if isinstance(entry, dict) else {}, f"{where}/body")


async def _replies(request: HttpRequest, commands: Sequence[InnerRequest]) -> AsyncIterator[InnerReply]:
    """The replies, to the first that the rest would get too."""
    for command in commands:
        reply = await answered(request.app, request.scope, command)
        yield reply
        if _outcome(reply) == "failed" and from_json(reply.body)["code"] in PASSES_BY_ITSELF:
            return


def _outcome(reply: InnerReply) -> Outcome:
    if reply.status < 400:
        return "done"
    return "failed" if reply.status == 429 or reply.status >= 500 else "refused"


def _told(commands: Sequence[InnerRequest], replies: Sequence[InnerReply]) -> InboxAnswer:
    tried = [
        InboxRow(
            index=index,
            key=commands[index].key,
            outcome=_outcome(reply),
            status=reply.status,
            replayed=reply.replayed,
            body=from_json(reply.body),
        )
        for index, reply in enumerate(replies)
    ]
    rest = [
        InboxRow(
            index=index, key=commands[index].key, outcome="not_tried", status=None, replayed=False, body=None
        )
        for index in range(len(tried), len(commands))
    ]
    outcomes = [row.outcome for row in (*tried, *rest)]
    waits = [reply.retry_after_s for reply in replies if reply.retry_after_s is not None]
    return InboxAnswer(
        commands=len(commands),
        done=outcomes.count("done"),
        refused=outcomes.count("refused"),
        failed=outcomes.count("failed"),
        not_tried=outcomes.count("not_tried"),
        retry_after_s=max(waits, default=None),
        rows=(*tried, *rest),
    )


async def _position(request: HttpRequest, replies: Sequence[InnerReply]) -> list[Header]:
    """The latest position that an answer is true for; none where the store cannot be reached."""
    position = max((reply.position for reply in replies if reply.position is not None), default=None)
    if position is None:
        with suppress(LedgerUnavailable):
            position = await sync_to_thread(_head, exchange_of(request.scope))
    return [] if position is None else [(b"ledger-position", b"%d" % position)]


def _head(exchange: Exchange) -> int:
    return exchange.frame.ledger(exchange.caller.business_id).recorder.head().position


HANDLERS = (inbox,)
