"""A question over HTTP: one thing folded from its stream, or a page of a list from a read model.

@query("/v1/services/{service_id}", "services.show", "One service", roles=READERS, answer=Service)
def show_service(call: Query[NoParameters]) -> Found:
    id = call.id("service_id")
    books = call.look(Reads({id: 0}))
    return call.thing(shown_service(books, id, …), books, id)

@query("/v1/services", "services.list", "Services", roles=READERS, answer=ServicePage,
       parameters=CatalogueFilter)
def list_services(call: Query[CatalogueFilter]) -> Found:
    with call.snapshot("services") as snapshot:
        rows = services(snapshot, call.business_id, call.after(), call.parameters.limit + 1, retired=…)
        return call.page(ServicePage, rows, key=lambda row: [row["position"]], shown=…, position=…)
"""

import re
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic

from litestar.concurrency import sync_to_thread
from litestar.handlers import HTTPRouteHandler
from pydantic import BaseModel

from api.http.compression import compressed, is_text
from api.http.conditions import is_known, tag_of
from api.http.docstring import docstring_of
from api.http.ledger_types import Books
from api.http.merged_customers import ActsOn
from api.http.ownership import check_own, only_own
from api.http.parsing import read_parameters
from api.http.permissions import Roles
from api.http.problems import Flaw, invalid
from api.http.query import Found, ListReads, NoParameters, Q, Query, Seen
from api.http.request import Exchange, HttpRequest, exchange_of, parameters_of
from api.http.responses import Reply, unchanged
from api.http.route import Route, handler_of
from domain.actor import Role
from domain.decision import Reads
from projections.engine.snapshot import Snapshot, Wanted


def query(
    path: str,
    operation: str,
    summary: str,
    *,
    roles: Roles,
    answer: type[BaseModel] | None = None,
    parameters: type[Q] = NoParameters,  # type: ignore[assignment]
    media: tuple[str, ...] = ("application/json",),
    codes: tuple[str, ...] = (),
    payers: bool = False,
    nobodys: bool = False,
    of_caller: bool = False,
    takes_long: bool = False,
    present: Callable[[Query[Q]], Awaitable[Found]] | None = None,
    kept: bool = False,
    reads: Callable[[Query[Q]], ListReads[Any] | None] | None = None,
) -> Callable[[Callable[[Query[Q]], Found]], HTTPRouteHandler]:
    """Make a function into a GET route; its docstring describes the route in /schema.

    `media` are the representations it can answer with, best first. `present` answers those who are not customers and
    send no parameters, without a thread of their own. `kept`: whether its answer follows from the facts of the business
    and the day alone, so that it is kept until one of them changes. `reads`: what a list reads at first, as far as that
    is known before (else None), so that all lists that are asked for meanwhile, but not by customers, are read
    together. The rest as for `Route`.
    """
    route = Route(
        "GET",
        path,
        operation,
        summary,
        roles,
        parameters=parameters,
        answer=answer,
        media=media,
        codes=codes,
        payers=payers,
        nobodys=nobodys,
        of_caller=of_caller,
        takes_long=takes_long,
    )

    def made(find: Callable[[Query[Q]], Found]) -> HTTPRouteHandler:
        async def handle(request: HttpRequest) -> Reply:
            if present is not None and _is_plain(request):
                found = await present(query_of(request, route, parameters))
            elif reads is not None and not _is_customers(request):
                now = exchange_of(request.scope).frame.carnet.clock()
                same = _same_question(request, route) if kept else None
                found = await _List(request, route, parameters, find, reads, now, same).answer()
            elif kept and not _is_customers(request):
                found = await _kept(request, route, parameters, find)
            else:
                found = await sync_to_thread(_found, request, route, parameters, find)
            return _replied(exchange_of(request.scope), found)

        return handler_of(replace(route, description=docstring_of(find)))(handle)

    return made


def _is_plain(request: HttpRequest) -> bool:
    """Whether nothing must be read before the question is known: ownership, or a moment in the zone of a business."""
    return not _is_customers(request) and not request.scope["query_string"]


def _is_customers(request: HttpRequest) -> bool:
    """Whether a customer asks: what they own is looked up first."""
    return exchange_of(request.scope).caller.role is Role.CUSTOMER


async def _kept(
    request: HttpRequest, route: Route, parameters: type[Q], find: Callable[[Query[Q]], Found]
) -> Found:
    """The answer that was kept for the same question of a reader with the same rights, else a new one."""
    exchange, asked = exchange_of(request.scope), _same_question(request, route)
    caller, frame, now = exchange.caller, exchange.frame, exchange.frame.carnet.clock()
    if asked in frame.answers:
        head = (await frame.present(caller.business_id, Reads())).head.position
        body = frame.answers.of(asked, head, now)
        if body is not None and (_min_position(exchange) or 0) <= head:
            return Found(body, head)
    found = await sync_to_thread(_found, request, route, parameters, find)
    if isinstance(found.body, bytes):
        frame.answers.keep(asked, found.position, found.body, now)
    return found


def _same_question(request: HttpRequest, route: Route) -> Hashable:
    """Equal for questions of readers with the same rights that have the same answer."""
    caller = exchange_of(request.scope).caller
    rights = (caller.business_id, caller.role, caller.scopes)
    return (route.operation, *rights, *request.path_params.values(), request.scope["query_string"])


@dataclass(frozen=True, slots=True)
class _List(Generic[Q]):
    """A list that is asked for: see `ListQuestion`."""

    request: HttpRequest
    route: Route
    parameters: type[Q]
    find: Callable[[Query[Q]], Found]
    reads: Callable[[Query[Q]], ListReads[Any] | None]
    now: datetime
    same: Hashable
    """Equal for questions that have the same kept answer; None where none is kept."""
    read: list[tuple[Query[Q], ListReads[Any]]] = field(default_factory=list)
    """What `wanted` has told."""

    @property
    def business_id(self) -> str:
        return exchange_of(self.request.scope).caller.business_id

    def kept(self, books: Books) -> Found | None:
        exchange, head = exchange_of(self.request.scope), books.head.position
        exchange.frame.positions[self.business_id] = head
        if self.same is None:
            return None
        body = exchange.frame.answers.of(self.same, head, self.now)
        return None if body is None or (_min_position(exchange) or 0) > head else Found(body, head)

    def wanted(self) -> Wanted | None:
        call = query_of(self.request, self.route, self.parameters)
        reads = self.reads(call)
        if reads is None or not reads.places.is_short:
            return None
        self.read.append((call, reads))
        return Wanted(call.business_id, reads.names, reads.places.first)

    def found(self, books: Books, snapshot: Snapshot) -> Found:
        call, reads = self.read[-1]
        call.note(books)
        return self.find(replace(call, seen=Seen(reads, books, snapshot)))

    async def answer(self) -> Found:
        """It is found together with others, where all is known that has to be read; else alone."""
        frame = exchange_of(self.request.scope).frame
        found: Found | None = await frame.list_answer(self)
        if found is None:
            found = await sync_to_thread(_found, self.request, self.route, self.parameters, self.find)
        if self.same is not None and isinstance(found.body, bytes):
            frame.answers.keep(self.same, found.position, found.body, self.now)
        return found


def _found(
    request: HttpRequest, route: Route, parameters: type[Q], find: Callable[[Query[Q]], Found]
) -> Found:
    call = query_of(request, route, parameters)
    try:
        return find(call)
    except ActsOn as other:
        return find(replace(call, path={**call.path, "customer_id": other.survivor_id}))


def query_of(request: HttpRequest, route: Route, parameters: type[Q]) -> Query[Q]:
    """The question of a request. Raises Problem."""
    exchange = exchange_of(request.scope)
    call = Query(
        frame=exchange.frame,
        caller=exchange.caller,
        path=request.path_params,
        request_id=exchange.request_id,
        parameters=read_parameters(parameters_of(request), parameters),
        operation=route.operation,
        at_least=_min_position(exchange),
        accept=exchange.header(b"accept") or "*/*",
    )
    if call.role is Role.CUSTOMER:
        check_own(call, payers=route.payers)
        call = replace(call, parameters=only_own(call, call.parameters))
    return call


def _replied(exchange: Exchange, found: Found) -> Reply:
    headers = [(b"ledger-position", b"%d" % found.position), *found.headers]
    if found.version is not None:
        tag = tag_of(found.version)
        headers.append((b"etag", tag))
        known = exchange.header(b"if-none-match")
        if known is not None and is_known([known], tag.decode()) and found.is_as_tagged():
            return unchanged(headers)
    body = _written(found.body)
    if found.version is None and is_text(found.media_type):
        body, coding = compressed(body, exchange.header(b"accept-encoding"))
        headers += coding
    return Reply(200, body, headers, found.media_type)


def _written(body: BaseModel | bytes | Callable[[], bytes]) -> bytes:
    if isinstance(body, BaseModel):
        return body.model_dump_json().encode()
    return body if isinstance(body, bytes) else body()


def _min_position(exchange: Exchange) -> int | None:
    given = exchange.header(b"ledger-min-position")
    if given is None:
        return None
    if not re.fullmatch(r"[0-9]{1,16}", given):
        detail = "must be a position: a whole number from 0"
        raise invalid([Flaw("/Ledger-Min-Position", "int-parsing", detail, "header")])
    return int(given)
