"""A command over HTTP: the request becomes a domain command, the result an answer that is kept for ever.

    @command("/v1/services", "services.define", "Define a service", body=ServiceBody, answer=ServiceShown,
             location="/v1/services/{id}")
    def define(call: Command[ServiceBody]) -> Ask:
        id = call.new("svc", call.body.id)
        return Ask(DefineService(service_id=id, service=…), lambda books, decision: shown(books, id))

The function is pure but for the ids it asks for. `Ask.answer` renders the answer from the books as the
command left them: a pydantic model, whose JSON is stored with the request and sent again, byte for byte, to
whoever repeats it. A text member may be `domain.values.RECORDED_AT` where the command's own moment
belongs. `people` names the customers whose directory data is in the answer, so that erasure finds it.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from litestar import Response, post
from litestar.concurrency import sync_to_thread
from litestar.handlers import HTTPRouteHandler
from pydantic import BaseModel
from pydantic_core import from_json, to_json

from api.bodies import Sent, read_body, read_parameters
from api.frame import Asked, Call, NewIds, Route, frame_of, request_id_of
from api.problems import Flaw, Problem, invalid
from domain.ledger.books import Books
from domain.ledger.commands import Decision
from domain.ledger.execute import Answer, Done, Order, RequestKey, Result
from domain.ledger.grouping import Outcome, result_of
from domain.ledger.mapper import Meta
from domain.ledger.recorder import Person
from domain.refusals import Refused
from domain.values import RECORDED_AT, Value

B = TypeVar("B", bound=BaseModel)

KEY = re.compile(r"[\x20-\x7e]{1,255}")
ETAG = re.compile(r'"v([0-9]{1,9})"')
TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


class CommandParameters(Value):
    """The parameters of every command."""

    dry_run: bool = False
    """Answer what would happen, and write nothing."""


@dataclass(frozen=True, kw_only=True)
class Command(Call, Generic[B]):
    """A command as a controller sees it."""

    body: B
    ids: NewIds

    def new(self, prefix: str, chosen: str | None = None) -> str:
        """The id the caller chose, or a new one; a dry run shows null in its place."""
        return self.ids.new(prefix, chosen)


@dataclass(frozen=True, slots=True)
class Ask:
    """What a request asks the ledger for, and how the outcome is shown."""

    command: Value
    answer: Callable[[Books, Decision], BaseModel | Mapping[str, Any]]
    shows: tuple[str, ...] | Callable[[Books, Decision], tuple[str, ...]] = ()
    """Customers whose names or contacts the answer holds; a function where only the books can tell."""
    people: tuple[Person, ...] = ()
    """Directory rows that are stored with the facts."""
    made_from: int | None = None
    """The version the command was made from, where it was: refused as `version-mismatch` on another."""


Translate = Callable[[Command[B]], Ask]


def command(
    path: str,
    operation: str,
    summary: str,
    *,
    body: type[B],
    answer: type[BaseModel],
    location: str | None = None,
    codes: tuple[str, ...] = (),
    looks: bool = False,
) -> Callable[[Translate[B]], HTTPRouteHandler]:
    """Make a function into the POST route of a command.

    `location` is the address of what it creates, with members of the answer in braces. `codes` are the
    refusals that /schema tells of beside those that any command may meet. `looks`: the function asks the
    database something, so that it must not run on the event loop.
    """
    route = Route(
        "POST", path, operation, summary, 201, body, CommandParameters, answer, writes=True, codes=codes
    )

    def made(translate: Translate[B]) -> HTTPRouteHandler:
        async def handle(request: Asked) -> Response[bytes]:
            raw = await request.body()
            if looks or not frame_of(request).knows(request.scope["state"]["caller"].business_id):
                return await sync_to_thread(_answered, request, raw, body, translate, location)
            call, order = _ordered(request, raw, body, translate)
            if order.request is None:
                return await sync_to_thread(_previewed, call, order)
            return created(await _done(call, order), location)

        return post(route.litestar_path, opt={"route": route}, name=operation)(handle)

    return made


def _answered(
    request: Asked, raw: bytes, body: type[B], translate: Translate[B], location: str | None
) -> Response[bytes]:
    call, order = _ordered(request, raw, body, translate)
    if order.request is None:
        return _previewed(call, order)
    return created(_not_refused(call.ledger.execute_grouped(order)), location)


async def _done(call: Call, order: Order) -> Done:
    """Have the order carried out with others of its business, holding no thread meanwhile."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Outcome] = loop.create_future()

    def settle(outcome: Outcome) -> None:
        with suppress(RuntimeError):  # the server has stopped, and nobody waits
            loop.call_soon_threadsafe(_tell, future, outcome)

    call.ledger.submit(order, settle)
    return _not_refused(result_of(await future))


def _tell(future: "asyncio.Future[Outcome]", outcome: Outcome) -> None:
    if not future.done():  # the client may have gone
        future.set_result(outcome)


def _not_refused(result: Result) -> Done:
    if isinstance(result, Refused):
        raise result
    return result


def _ordered(request: Asked, raw: bytes, body: type[B], translate: Translate[B]) -> tuple[Command[B], Order]:
    """The request as an order; without a request key it is a dry run."""
    call, key = read_command(request, raw, body)
    if_match = _if_match(request)
    ask = translate(call)
    order = Order(
        command=ask.command,
        meta=Meta(actor=call.caller.actor, request_id=call.request_id, correlation=_traceparent(request)),
        request=key,
        answer=_kept(ask),
        people=ask.people,
        if_match=ask.made_from if if_match is None else if_match,
        new_ids=tuple(call.ids.made),
    )
    return call, order


def read_command(request: Asked, raw: bytes, body: type[B]) -> tuple[Command[B], RequestKey | None]:
    """What a request that writes says, and the key it says it under; None for a dry run.

    Raises Problem: idempotency-key-missing, unknown-parameter, and what `read_body` raises.
    """
    parameters = read_parameters(request.query_params.multi_items(), CommandParameters)
    needs_no_key = parameters.dry_run and "idempotency-key" not in request.headers
    key = None if needs_no_key else _idempotency_key(request)
    sent = read_body(raw, request.headers.get("content-type"), body)
    call = Command(
        frame=frame_of(request),
        caller=request.scope["state"]["caller"],
        path=request.path_params,
        request_id=request_id_of(request.scope),
        body=sent.value,
        ids=NewIds(),
    )
    if key is None or parameters.dry_run:
        return call, None
    return call, _request_key(call, key, request, sent)


def _kept(ask: Ask) -> Callable[[Books, Decision], Answer]:
    def answer(books: Books, decision: Decision) -> Answer:
        shows = ask.shows(books, decision) if callable(ask.shows) else ask.shows
        return Answer(to_json(ask.answer(books, decision)).decode(), shows)

    return answer


# What every request that writes carries


def _idempotency_key(request: Asked) -> str:
    """Raises Problem idempotency-key-missing."""
    key = request.headers.get("idempotency-key", "")
    if not KEY.fullmatch(key):
        detail = "Idempotency-Key must be 1 to 255 printable ASCII characters"
        raise Problem("idempotency-key-missing", detail)
    return str(key)


def _request_key(call: Call, key: str, request: Asked, sent: Sent[Any]) -> RequestKey:
    """The key, with the fingerprint of everything that makes two requests the same."""
    asked = [request.method.encode(), request.scope["path"].encode(), sent.canonical]
    return call.ledger.request(key, b"\n".join(asked))


def _if_match(request: Asked) -> int | None:
    given = request.headers.get("if-match")
    if given is None or given.strip() == "*":
        return None
    found = ETAG.fullmatch(given.strip())
    if found is None:
        raise invalid([Flaw("/If-Match", "etag", 'must be an ETag of ours, such as "v17"')])
    return int(found[1])


def _traceparent(request: Asked) -> str | None:
    given = request.headers.get("traceparent", "")
    return str(given) if TRACEPARENT.fullmatch(given) else None


# Answers


def created(done: Done, location: str | None) -> Response[bytes]:
    """The 201 of a command, the same whether it was done now or long ago."""
    body = from_json(done.body)
    headers = {"Ledger-Position": str(done.last)}
    if done.replayed:
        headers["Idempotency-Replayed"] = "true"
    if isinstance(body.get("version"), int):
        headers["ETag"] = f'"v{body["version"]}"'
    if location is not None:
        headers["Location"] = location.format_map(body)
    return Response(done.body.encode(), status_code=201, media_type="application/json", headers=headers)


def _previewed(call: Command[Any], order: Order) -> Response[bytes]:
    preview = call.ledger.preview(order)
    facts = [
        {"name": fact.name, "version": fact.version, "data": from_json(fact.data)} for fact in preview.facts
    ]
    return dry_run(call, from_json(preview.body), facts, preview.position)


def dry_run(
    call: Command[Any], body: dict[str, Any], facts: list[dict[str, Any]], position: int
) -> Response[bytes]:
    """What the 201 would be, and the facts; ids that were only made for it, and its moment, are null."""
    told = _without({**body, "dry_run": True, "facts": facts}, frozenset({*call.ids.made, RECORDED_AT}))
    headers = {"Ledger-Position": str(position)}
    return Response(to_json(told), status_code=200, media_type="application/json", headers=headers)


def _without(value: Any, unknown: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {name: _without(part, unknown) for name, part in value.items()}
    if isinstance(value, list):
        return [_without(part, unknown) for part in value]
    return None if isinstance(value, str) and value in unknown else value
