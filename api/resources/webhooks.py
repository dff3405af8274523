"""The receivers of facts: owners name them, pause them, and send them facts again.

They are stored beside the ledger, as keys are, and see to their idempotency themselves. The secret is derived from the
server's pepper and shown once, in the first answer to the request that made it; it is stored nowhere.
"""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Any, TypeVar

from litestar.concurrency import sync_to_thread
from litestar.handlers import HTTPRouteHandler
from msgspec import structs
from pydantic import BaseModel

from api.http.body import body_of
from api.http.command_route import Command, CommandParameters, created, dry_run, read_command
from api.http.ids import encode
from api.http.ledger_types import RequestKey, StoredWebhook
from api.http.parsing import EmptyBody
from api.http.permissions import OWNER
from api.http.problems import Flaw, invalid
from api.http.query import Found, ListParameters, Query
from api.http.query_route import query
from api.http.receiver_addresses import flaw_of_url
from api.http.request import HttpRequest
from api.http.responses import Reply
from api.http.route import Route, handler_of
from api.http.webhook_secrets import secret_of, secret_text
from api.resources.webhook_bodies import IssuedWebhook, ReplayBody, Webhook, WebhookBody, WebhookPage
from domain.fact_registry import FACTS
from domain.ledger.orders import Done
from domain.messages.due import MESSAGE_DUE
from domain.moments import from_milliseconds, rfc3339, to_milliseconds
from domain.refusals import LimitReached, NotFound
from domain.values import RECORDED_AT

WEBHOOKS_MAX = 20
"""Of one business, without those that were removed."""
FACT_NAMES = frozenset(fact.stored_name for fact in FACTS) | {MESSAGE_DUE}

B = TypeVar("B", bound=BaseModel)
Change = Callable[[StoredWebhook], StoredWebhook]


def _route(
    path: str, operation: str, summary: str, body: type[BaseModel], answer: type[Webhook], description: str
) -> Route:
    return Route(
        "POST",
        path,
        operation,
        summary,
        OWNER,
        201,
        body,
        CommandParameters,
        answer,
        writes=True,
        versioned=False,
        description=description,
    )


ADD = _route(
    "/v1/webhooks",
    "webhooks.add",
    "Send facts to a receiver from now on",
    WebhookBody,
    IssuedWebhook,
    "Each fact is posted as the feed of facts shows it, in order, signed by the Standard Webhooks specification. The"
    " secret is in the first answer, and in no other: a repeated request is answered with `secret: null`. At most 20 of"
    " a business.",
)
PAUSE = _route(
    "/v1/webhooks/{webhook_id}/pause",
    "webhooks.pause",
    "Send nothing until it is resumed",
    EmptyBody,
    Webhook,
    "Facts wait in the ledger meanwhile, and none is lost.",
)
RESUME = _route(
    "/v1/webhooks/{webhook_id}/resume",
    "webhooks.resume",
    "Send again, from where it stopped",
    EmptyBody,
    Webhook,
    "After a pause, or when it was disabled. The next fact is tried at once.",
)
REMOVE = _route(
    "/v1/webhooks/{webhook_id}/removal",
    "webhooks.remove",
    "Send nothing any more",
    EmptyBody,
    Webhook,
    "Removing it again changes nothing.",
)
REPLAY = _route(
    "/v1/webhooks/{webhook_id}/replay",
    "webhooks.replay",
    "Send the facts after a position, also again",
    ReplayBody,
    Webhook,
    "Each fact keeps the `webhook-id` it had. A later position skips facts. A pause stays.",
)
ROTATE = _route(
    "/v1/webhooks/{webhook_id}/rotation",
    "webhooks.rotate",
    "Make a new secret",
    EmptyBody,
    IssuedWebhook,
    "For 24 hours each request is signed under both secrets, the new one and the one before.",
)


# Listing


@query(
    "/v1/webhooks",
    "webhooks.list",
    "Webhooks, in the order they were made",
    roles=OWNER,
    answer=WebhookPage,
    parameters=ListParameters,
)
def list_webhooks(call: Query[ListParameters]) -> Found:
    """Receivers of facts and how far they are. Never with their secrets."""
    after = call.after()
    webhooks = sorted(call.frame.carnet.store.webhooks.of(call.business_id), key=_place)
    rows = [each for each in webhooks if after is None or _place(each) > after][: call.parameters.limit + 1]
    head = call.ledger.recorder.head().position
    call.check_reachable(head)
    return call.page(WebhookPage, rows, key=_place, shown=_shown, position=head)


def _place(webhook: StoredWebhook) -> list[Any]:
    return [webhook.created_at, webhook.id]


def _shown(webhook: StoredWebhook) -> Webhook:
    tried_again = webhook.state == "active" and webhook.attempts > 0
    return Webhook(
        id=webhook.id,
        url=webhook.url,
        fact_names=webhook.facts,
        description=webhook.description,
        state=webhook.state,
        position=webhook.position,
        attempts=webhook.attempts,
        reason=webhook.reason,
        failing_since=None if webhook.failing_since is None else _moment(webhook.failing_since),
        next_attempt_at=_moment(webhook.due_at) if tried_again else None,
        created_at=_moment(webhook.created_at),
    )


def _moment(milliseconds: int) -> str:
    return rfc3339(from_milliseconds(milliseconds))


# Adding


@handler_of(ADD)
async def add(request: HttpRequest) -> Reply:
    raw = await body_of(request)
    return await sync_to_thread(_added, request, raw)


def _added(request: HttpRequest, raw: bytes) -> Reply:
    call, key = read_command(request, raw, WebhookBody)
    if key is None:
        _check(call)
        _check_room(call)
        planned = _planned(call, call.new("whk"))
        return dry_run(call, planned.model_dump(), [], planned.position)
    id = f"whk_{encode(int.from_bytes(_drawn(call, key)[:16]), 26)}"

    def make() -> str:
        _check(call)
        _check_room(call)
        return _planned(call, id).model_dump_json()

    done = call.ledger.answer_once(key, make)
    shown = IssuedWebhook.model_validate_json(done.body)
    store = call.frame.carnet.store
    store.webhooks.add(
        StoredWebhook(
            business_id=call.business_id,
            id=shown.id,
            url=shown.url,
            facts=shown.fact_names,
            description=shown.description,
            place=store.place(),
            position=shown.position,
            created_at=to_milliseconds(done.recorded_at),
        )
    )
    return _told_once(call, done, shown.id, "")


def _told_once(call: Command[Any], done: Done, id: str, mark: str) -> Reply:
    """The first answer with the secret, and any other as it is stored: without it."""
    if done.replayed:
        return created(done, None)
    secret = secret_text(secret_of(call.frame.pepper, id, mark))
    stored = IssuedWebhook.model_validate_json(done.body)
    told = stored.model_copy(update={"secret": secret, "secret_shown": True})
    return created(structs.replace(done, body=told.model_dump_json()), None)


def _check(call: Command[WebhookBody]) -> None:
    """Raises validation-failed for an address that is not to be sent to, and for a fact that does not exist."""
    flaw = flaw_of_url(call.body.url, loopback=call.frame.loopback_webhooks)
    if flaw is not None:
        raise invalid([Flaw("/url", "url", flaw)])
    for nth, name in enumerate(call.body.fact_names):
        if name not in FACT_NAMES:
            raise invalid([Flaw(f"/fact_names/{nth}", "unknown-fact", "is not the name of a fact")])


def _check_room(call: Command[WebhookBody]) -> None:
    kept = call.frame.carnet.store.webhooks.of(call.business_id)
    if sum(each.state != "removed" for each in kept) >= WEBHOOKS_MAX:
        raise LimitReached("webhooks", limit=WEBHOOKS_MAX)


def _planned(call: Command[WebhookBody], id: str) -> IssuedWebhook:
    body = call.body
    return IssuedWebhook(
        id=id,
        url=body.url,
        fact_names=tuple(dict.fromkeys(body.fact_names)),
        description=body.description,
        state="active",
        position=call.ledger.recorder.head().position,
        attempts=0,
        reason=None,
        failing_since=None,
        next_attempt_at=None,
        created_at=RECORDED_AT,
        secret=None,
        secret_shown=False,
    )


def _drawn(call: Command[Any], key: RequestKey) -> bytes:
    """The same whenever this request is repeated."""
    return sha256(b"\n".join([call.business_id.encode(), key.key.encode(), key.fingerprint])).digest()


# Changing


@handler_of(PAUSE)
async def pause(request: HttpRequest) -> Reply:
    return await _changed(request, EmptyBody, lambda _: lambda known: replace(known, state="paused"))


@handler_of(RESUME)
async def resume(request: HttpRequest) -> Reply:
    def resumed(call: Command[EmptyBody]) -> Change:
        place = call.frame.carnet.store.place()
        return lambda known: replace(_tried_anew(known), state="active", place=place)

    return await _changed(request, EmptyBody, resumed)


@handler_of(REMOVE)
async def remove(request: HttpRequest) -> Reply:
    return await _changed(request, EmptyBody, lambda _: lambda known: replace(known, state="removed"))


@handler_of(REPLAY)
async def replay(request: HttpRequest) -> Reply:
    def replayed(call: Command[ReplayBody]) -> Change:
        position = call.body.position
        if position > call.ledger.recorder.head().position:
            raise invalid([Flaw("/position", "range", "lies above the head of the ledger")])
        return lambda known: replace(_tried_anew(known), position=position, replays=known.replays + 1)

    return await _changed(request, ReplayBody, replayed)


@handler_of(ROTATE)
async def rotate(request: HttpRequest) -> Reply:
    raw = await body_of(request)
    return await sync_to_thread(_rotated, request, raw)


def _rotated(request: HttpRequest, raw: bytes) -> Reply:
    call, key = read_command(request, raw, EmptyBody)
    if key is None:
        planned = _without_secret(_found(call))
        return dry_run(call, planned.model_dump(), [], call.ledger.recorder.head().position)
    mark = _drawn(call, key).hex()
    now_ms = to_milliseconds(call.frame.carnet.clock())

    def rotated(known: StoredWebhook) -> StoredWebhook:
        if known.mark == mark:
            return known
        return replace(known, mark=mark, previous_mark=known.mark, rotated_at=now_ms)

    def make() -> str:
        return _without_secret(_put(call, rotated)).model_dump_json()

    return _told_once(call, call.ledger.answer_once(key, make), call.id("webhook_id"), mark)


def _without_secret(webhook: StoredWebhook) -> IssuedWebhook:
    return IssuedWebhook(**_shown(webhook).model_dump(), secret=None, secret_shown=False)


async def _changed(request: HttpRequest, body: type[B], changes: Callable[[Command[B]], Change]) -> Reply:
    raw = await body_of(request)
    return await sync_to_thread(_change, request, raw, body, changes)


def _change(
    request: HttpRequest, raw: bytes, body: type[B], changes: Callable[[Command[B]], Change]
) -> Reply:
    call, key = read_command(request, raw, body)
    if key is None:
        known = _found(call)
        planned = known if known.state == "removed" else changes(call)(known)
        return dry_run(call, _shown(planned).model_dump(), [], call.ledger.recorder.head().position)
    done = call.ledger.answer_once(key, lambda: _shown(_put(call, changes(call))).model_dump_json())
    return created(done, None)


def _put(call: Command[Any], change: Change) -> StoredWebhook:
    """Raises NotFound. A receiver that was removed stays as it is."""
    while True:
        known = _found(call)
        changed = known if known.state == "removed" else change(known)
        if changed == known or call.frame.carnet.store.webhooks.put(changed):
            return changed


def _found(call: Command[Any]) -> StoredWebhook:
    id = call.id("webhook_id")
    known = call.frame.carnet.store.webhooks.find(call.business_id, id)
    if known is None:
        raise NotFound("webhook", id)
    return known


def _tried_anew(known: StoredWebhook) -> StoredWebhook:
    return replace(known, attempts=0, due_at=0, failing_since=None, reason=None)


HANDLERS: tuple[HTTPRouteHandler, ...] = (add, list_webhooks, pause, resume, replay, rotate, remove)
