"""A command over HTTP: the request becomes a domain command, the result an answer that is stored for ever.

    @command("/v1/services", "services.define", "Define a service", roles=MANAGERS, body=ServiceBody,
             answer=Service, location="/v1/services/{id}")
    def define_service(call: Command[ServiceBody]) -> CommandRequest:
        id = call.new("svc", call.body.id)
        asked = DefineService(service_id=id, service=…)
        return CommandRequest(DEFINE_SERVICE, asked, lambda books, decision: shown_service(books, id, …))

The function is pure, except for new ids and for reads with `looks`. `CommandRequest.answer` renders the
answer from the books as the command left them, as a pydantic model or its members. Its JSON is stored with
the request and sent again, byte for byte, when the request is repeated. A member whose name ends in `_at` may
be `domain.values.RECORDED_AT` in place of the command's own moment. `shows` names the people whose directory
data is in the answer, so that erasure finds it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Generic, TypeVar

from litestar.concurrency import sync_to_thread
from litestar.handlers import HTTPRouteHandler
from pydantic import BaseModel
from pydantic_core import from_json, to_json

from api.http.body import body_of
from api.http.conditions import tag_of, versions_of
from api.http.docstring import docstring_of
from api.http.idempotency_key import idempotency_key
from api.http.ledger_types import Books, Recorder, RequestKey
from api.http.parsing import BODY_BYTES_MAX, Sent, read_body, read_parameters
from api.http.permissions import Roles
from api.http.problems import Problem
from api.http.request import Call, Exchange, HttpRequest, NewIds, exchange_of, header_lines, parameters_of
from api.http.responses import Header, Reply
from api.http.route import Route, handler_of
from domain.actor import Role
from domain.decision import Decision, Reads, UseCase
from domain.ledger.group_commit import result_of
from domain.ledger.mapper import Meta
from domain.ledger.orders import Answer, Done, Order, Result
from domain.membership.state import period_package
from domain.moments import rfc3339
from domain.people.directory import Photo
from domain.points.state import entry_of
from domain.refusals import Refused
from domain.values import RECORDED_AT, Value, with_moment

B = TypeVar("B", bound=BaseModel)


class CommandParameters(Value):
    """The parameters of every command."""

    dry_run: bool = False
    """Answer what the command would do, and write nothing. No Idempotency-Key is needed."""


@dataclass(frozen=True, kw_only=True)
class Command(Call, Generic[B]):
    """A command as a controller sees it."""

    body: B
    ids: NewIds
    parameters: CommandParameters = field(default_factory=CommandParameters)

    def new(self, prefix: str, chosen: str | None = None) -> str:
        """The id the caller chose, or a new one; a dry run shows null in its place."""
        return self.ids.new(prefix, chosen)


@dataclass(frozen=True, slots=True)
class CommandRequest:
    """A command for the ledger, and how its outcome is shown."""

    use_case: UseCase[Any]
    command: Value
    answer: Callable[[Books, Decision], BaseModel | Mapping[str, Any]]
    shows: tuple[str, ...] | Callable[[Books, Decision], tuple[str, ...]] = ()
    """People whose names or contacts the answer holds; a function where they follow from the books."""
    photos: tuple[Photo, ...] = ()
    """Images to store with the answer."""
    reads: Reads | None = None
    """Reads for the answer, beside those of the command."""
    check: Callable[[Recorder], None] | None = None
    """Looks at what stands beside the ledger, under its lock. It raises Refused."""
    made_from: int | None = None
    """The version the command was made from. Another is a `version-mismatch`."""


Translate = Callable[[Command[B]], CommandRequest]
Read = Callable[[bytes, str | None], Sent[B]]
"""Makes a body of its bytes and its Content-Type. Raises Problem."""


@dataclass(frozen=True, slots=True)
class Upload(Generic[B]):
    """A body that is not JSON: how it is read, its media types, and its largest size in bytes."""

    read: Read[B]
    media: tuple[str, ...]
    bytes_max: int


def command(
    path: str,
    operation: str,
    summary: str,
    *,
    roles: Roles,
    body: type[B],
    answer: type[BaseModel],
    location: str | None = None,
    codes: tuple[str, ...] = (),
    looks: bool = False,
    versioned: bool = True,
    upload: Upload[B] | None = None,
    follows: Callable[[Command[B], Done], None] | None = None,
) -> Callable[[Translate[B]], HTTPRouteHandler]:
    """Make a function into the POST route of a command; its docstring describes the route in /schema.

    `location`: the address of what it creates, with members of the answer in braces. `codes`: its refusals in
    /schema, beside those of any command. `looks`: the function reads the database or computes for long, so it
    runs off the event loop. `versioned`: it is about one thing, and may be asked for a version of it. `upload`: the
    body is not JSON. `follows`: a change outside the ledger, made after the command, and again whenever it is
    repeated, because a crash may have come between.
    """
    route = Route(
        "POST",
        path,
        operation,
        summary,
        roles,
        201,
        None if upload else body,
        CommandParameters,
        answer,
        writes=True,
        versioned=versioned and upload is None,
        codes=codes,
        uploads=upload.media if upload else (),
        location=location,
    )
    read = upload.read if upload else partial(_read_json, body)
    bytes_max = upload.bytes_max if upload else BODY_BYTES_MAX

    def made(translate: Translate[B]) -> HTTPRouteHandler:
        async def handle(request: HttpRequest) -> Reply:
            exchange = exchange_of(request.scope)
            raw = await body_of(request, bytes_max)
            if looks or follows or not exchange.frame.knows(exchange.caller.business_id):
                return await sync_to_thread(_answered, request, raw, read, translate, location, follows)
            call, order, shown = _ordered(request, raw, read, translate)
            if order.request is None:
                return await sync_to_thread(_previewed, call, order)
            outcomes, ledger = exchange.frame.outcomes(), call.ledger
            outcome = await outcomes.of(lambda settle: ledger.submit(order, settle))
            done = _not_refused(result_of(outcome))
            exchange.frame.positions[exchange.caller.business_id] = done.last
            return created(done, location, shown)

        return handler_of(replace(route, description=docstring_of(translate)))(handle)

    return made


def _read_json(body: type[B], raw: bytes, content_type: str | None) -> Sent[B]:
    return read_body(raw, content_type, body)


def _answered(
    request: HttpRequest,
    raw: bytes,
    read: Read[B],
    translate: Translate[B],
    location: str | None,
    follows: Callable[[Command[B], Done], None] | None,
) -> Reply:
    try:
        call, order, shown = _ordered(request, raw, read, translate)
    except (Problem, Refused):
        # What the function looks at may have changed since the request was answered.
        call, known = _answered_before(request, raw, read)
        if known is None:
            raise
        if follows is not None:
            follows(call, known)
        return created(known, location)
    if order.request is None:
        return _previewed(call, order)
    done = _not_refused(call.ledger.execute_grouped(order))
    if follows is not None:
        follows(call, done)
    return created(done, location, shown)


def _answered_before(request: HttpRequest, raw: bytes, read: Read[B]) -> tuple[Command[B], Done | None]:
    """The stored answer of this request; None for a new one. Raises what `read_upload` raises, and Erased."""
    call, key = read_upload(request, raw, read)
    return call, None if key is None else call.ledger.answered(key)


def _not_refused(result: Result) -> Done:
    if isinstance(result, Refused):
        raise result
    return result


def _ordered(
    request: HttpRequest, raw: bytes, read: Read[B], translate: Translate[B]
) -> tuple[Command[B], Order, "RenderedAnswer"]:
    """The request as an order, and the place of its answer. An order without a request key is a dry run."""
    call, key = read_upload(request, raw, read)
    exchange = exchange_of(request.scope)
    if_match = _if_match(request, exchange)
    ask = translate(call)
    shown = RenderedAnswer()
    order = Order(
        use_case=ask.use_case,
        command=ask.command,
        meta=Meta(actor=call.caller.actor, request_id=call.request_id, correlation=exchange.traceparent),
        request=key,
        answer=_kept(ask, shown),
        photos=ask.photos,
        shows=ask.reads,
        if_match=_allowed(if_match, ask.made_from),
        new_ids=tuple(call.ids.made),
        check=ask.check,
    )
    return call, order, shown


def read_command(request: HttpRequest, raw: bytes, body: type[B]) -> tuple[Command[B], RequestKey | None]:
    """The call of a request that writes, and its request key; None for a dry run.

    Raises Problem: idempotency-key-missing, unknown-parameter, and what `read_body` raises.
    """
    return read_upload(request, raw, partial(_read_json, body))


def read_upload(
    request: HttpRequest, raw: bytes, read: Read[B], takes: type[CommandParameters] = CommandParameters
) -> tuple[Command[B], RequestKey | None]:
    """As `read_command`, for a body that `read` reads. Parameters that `takes` adds make requests differ too."""
    exchange = exchange_of(request.scope)
    parameters = read_parameters(parameters_of(request), takes)
    needs_no_key = parameters.dry_run and exchange.header(b"idempotency-key") is None
    key = None if needs_no_key else idempotency_key(exchange)
    sent = read(raw, exchange.header(b"content-type"))
    call = Command(
        frame=exchange.frame,
        caller=exchange.caller,
        path=request.path_params,
        request_id=exchange.request_id,
        body=sent.value,
        ids=NewIds(random=exchange.frame.random),
        parameters=parameters,
    )
    if key is None or parameters.dry_run:
        return call, None
    if takes is not CommandParameters:
        sent = replace(sent, canonical=b"\n".join((parameters.model_dump_json().encode(), sent.canonical)))
    return call, _request_key(call, key, request, sent)


@dataclass(slots=True)
class RenderedAnswer:
    """The answer of a command as last rendered, before its moment is filled in."""

    text: str = ""
    members: Mapping[str, Any] | None = None

    def members_of(self, done: Done) -> Mapping[str, Any]:
        """The members of the stored answer.

        The rendered ones serve if they are what was stored. They are parsed from it if it was stored before,
        or by a concurrent repetition of the request.
        """
        if self.members is not None and (done.body == self.text or done.body == self._recorded(done)):
            return self.members
        found: Mapping[str, Any] = from_json(done.body)
        return found

    def _recorded(self, done: Done) -> str:
        return with_moment(self.text, rfc3339(done.recorded_at))


def _kept(ask: CommandRequest, shown: RenderedAnswer) -> Callable[[Books, Decision], Answer]:
    def answer(books: Books, decision: Decision) -> Answer:
        shows = ask.shows(books, decision) if callable(ask.shows) else ask.shows
        told = ask.answer(books, decision)
        shown.text = to_json(told).decode()
        shown.members = told if isinstance(told, dict) else dict(told)
        return Answer(shown.text, tuple(dict.fromkeys(map(books.survivor_of, shows))))

    return answer


# Headers of every request that writes


def _request_key(call: Call, key: str, request: HttpRequest, sent: Sent[Any]) -> RequestKey:
    """The key, with a fingerprint of method, path and body: all that makes two requests the same.

    A customer's keys are prefixed with their id, so that no key gives another customer's answer.
    """
    if call.role is Role.CUSTOMER:
        key = f"{call.caller.actor.id}/{key}"
    asked = [request.method.encode(), request.scope["path"].encode(), sent.canonical]
    return call.ledger.request(key, b"\n".join(asked))


def _if_match(request: HttpRequest, exchange: Exchange) -> tuple[int, ...] | None:
    """The versions that If-Match allows; None for any. Raises validation-failed."""
    if exchange.header(b"if-match") is None:
        return None
    return versions_of(header_lines(request, b"if-match"))


def _allowed(if_match: tuple[int, ...] | None, made_from: int | None) -> tuple[int, ...] | None:
    """The versions a command may meet: the one it was made from, unless If-Match allows only others."""
    if made_from is None or (if_match is not None and made_from not in if_match):
        return if_match
    return (made_from,)


# Answers


def created(done: Done, location: str | None, shown: RenderedAnswer | None = None) -> Reply:
    """The 201 of a command: the same body whether it was done now or long ago."""
    body = (shown or RenderedAnswer()).members_of(done)
    headers: list[Header] = [_position(done.last)]
    if done.replayed:
        headers.append((b"idempotency-replayed", b"true"))
    if isinstance(version := body.get("version"), int):
        headers.append((b"etag", tag_of(version)))
    if location is not None and (address := _address(location, body)) is not None:
        headers.append((b"location", address.encode()))
    return Reply(201, done.body.encode(), headers)


def _address(location: str, body: Mapping[str, Any]) -> str | None:
    """The address of what was created; None for several things at once."""
    try:
        return location.format_map(body)
    except KeyError:
        return None


def _position(position: int) -> Header:
    return b"ledger-position", b"%d" % position


def _previewed(call: Command[Any], order: Order) -> Reply:
    preview = call.ledger.preview(order)
    facts = [
        {"name": fact.name, "version": fact.version, "data": from_json(fact.data)} for fact in preview.facts
    ]
    return dry_run(call, from_json(preview.body), facts, preview.position)


def dry_run(call: Command[Any], body: dict[str, Any], facts: list[dict[str, Any]], position: int) -> Reply:
    """The 200 of a dry run: the 201 it would be, and the facts. New ids and the moment are null."""
    # Ids of points are derived from their source, that of a first period from its membership.
    made = {*call.ids.made, *map(entry_of, call.ids.made), *(period_package(id, 1) for id in call.ids.made)}
    told = _without({**body, "dry_run": True, "facts": facts}, frozenset(made))
    return Reply(200, to_json(told), [_position(position)])


def _without(value: Any, unknown: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {
            name: None if part == RECORDED_AT and name.endswith("_at") else _without(part, unknown)
            for name, part in value.items()
        }
    if isinstance(value, list):
        return [_without(part, unknown) for part in value]
    return None if isinstance(value, str) and value in unknown else value
