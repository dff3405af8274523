"""The HTTP application: every route, with one admission, one error handler and one set of headers.

    app = create_app(carnet, views, pepper=…)

`admit` authenticates the caller, counts the request and checks the roles of the route, before anything of the
body is read. Every error is answered with a problem (api/http/problems.py).
"""

import logging
import time
import traceback
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

import structlog
from litestar import Litestar, Request
from litestar.concurrency import sync_to_thread
from litestar.datastructures import MutableScopeHeaders, State
from litestar.handlers import HTTPRouteHandler
from litestar.types import (
    ASGIApp,
    ExceptionHandler,
    HTTPResponseStartEvent,
    HTTPScope,
    Message,
    Receive,
    Scope,
    Send,
)

from api.http.api_keys import Caller, Keys, unauthenticated
from api.http.conditions import check_conditions
from api.http.cors import Cors
from api.http.ledger_types import Carnet
from api.http.methods import Methods
from api.http.networks import NO_PROXIES, TrustedProxies, network_of
from api.http.ownership import refuse_unowned
from api.http.problem_of import problem_of
from api.http.problem_reply import ProblemReply
from api.http.problems import Problem
from api.http.rate_limits import Counted, Limits
from api.http.request import Exchange, HttpRequest, check_may, exchange_of
from api.http.request_head import flaw_of_head
from api.http.route import Route, route_of
from api.http.serving import BODY_S, Serving
from api.resources.schema import schema_of
from api.server.present_role import present_role
from api.server.routes import HANDLERS
from domain.ledger.errors import ClockSkew
from domain.ledger.patience import begin
from domain.refusals import Refused
from projections.engine.freshness import FreshReads
from projections.engine.lag_trend import LagTrend
from projections.engine.runner import Runner
from projections.engine.tables import ReadTables
from projections.engine.watch import Watch

HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"server", b"carnet"),  # instead of the name that granian would give
)

log = structlog.get_logger("carnet.api")


def create_app(
    carnet: Carnet,
    views: ReadTables,
    *,
    pepper: bytes,
    previous_pepper: bytes | None = None,
    rate: int = 200,
    processes: int = 1,
    runner: Runner | None = None,
    cors_origins: Sequence[str] = (),
    loopback_webhooks: bool = False,
    proxies: TrustedProxies = NO_PROXIES,
    body_s: float = BODY_S,
    pages: bool = False,
    mails_links: bool = False,
    handlers: Sequence[HTTPRouteHandler] = HANDLERS,
) -> Litestar:
    """The API on these ledgers and read models. `rate` is requests a second over all processes.

    With a `runner`, a list catches up itself on facts that no other runner is applying; the caller starts the
    runner. Pages of `cors_origins` may read the answers. With `loopback_webhooks`, webhooks may go to
    this machine, for tests. `proxies` are believed about who the client is. A body must come within `body_s`
    seconds, as `body_of` says. `pages`: whether people find pages beside the API. `mails_links`: whether customers
    get a link to their card by e-mail. Raises TypeError for a route open to customers that does not say whose things
    it shows.
    """
    routes = [handler.opt["route"] for handler in handlers]
    refuse_unowned(routes)
    watch = Watch(carnet.store, views)
    frame = Serving(
        carnet=carnet,
        views=views,
        reads=FreshReads(carnet.store, views, runner),
        watch=watch,
        trend=LagTrend(watch, carnet.clock),
        keys=Keys(
            carnet.store,
            pepper,
            previous_pepper=previous_pepper,
            present_role=partial(present_role, carnet),
        ),
        limits=Limits(rate, processes),
        pepper=pepper,
        previous_pepper=previous_pepper,
        make_document=partial(schema_of, routes),
        cors=Cors(cors_origins) if cors_origins else None,
        loopback_webhooks=loopback_webhooks,
        proxies=proxies,
        body_s=body_s,
        mails_links=mails_links,
    )
    app = Litestar(
        route_handlers=handlers,
        before_request=admit,  # like a guard, without the copy of the handler that a guard costs
        exception_handlers={Exception: cast("ExceptionHandler[Exception]", answer_problem)},
        before_send=[complete],
        openapi_config=None,
        logging_config=None,
        state=State({"frame": frame, "methods": Methods((each.path, each.methods) for each in routes)}),
    )
    answering = app.asgi_handler
    if pages:
        from api.pages.app import create_pages, in_front

        paths = {route.operation: route.path for route in routes}
        answering = in_front(create_pages(app, paths, frame.secrets("session")), answering)
    app.asgi_handler = _with_head_checked(answering)
    return app


# Admission


def _with_head_checked(routes: ASGIApp) -> ASGIApp:
    """The application behind a check of each head, which comes before a route is looked for."""

    async def check(scope: Scope, receive: Receive, send: Send) -> None:
        exchange = exchange_of(scope)
        _name_client(scope, exchange.frame.proxies)
        problem = flaw_of_head(cast("HTTPScope", scope), exchange.headers)
        if problem is None:
            return await routes(scope, receive, send)
        reply = answer_problem(Request(scope, receive, send), problem)
        return await reply.to_asgi_response()(scope, receive, send)

    return check


def _name_client(scope: Scope, proxies: TrustedProxies) -> None:
    """Replace a trusted proxy by the client it names."""
    peer = scope["client"]
    if peer is not None and proxies.trusts(peer[0]):
        scope["client"] = (proxies.client_of(peer[0], scope["headers"]), 0)


async def admit(request: HttpRequest) -> None:
    """Authenticate the caller, count the request, and check role, conditions and Accept. Raises Problem."""
    exchange = exchange_of(request.scope)
    route = route_of(request)
    begin(None if route is not None and route.takes_long else exchange.frame.patience_s)
    if route is None:  # OPTIONS, which the framework answers with the methods alone
        return
    if route.roles is not None:
        caller = exchange.known_caller = await _authenticated(request, exchange)
        _count(exchange, "key", caller.key_id)
        check_may(caller, route.roles)
    elif route.is_counted:
        _count(exchange, "address", f"address/{_network(request)}")
    check_conditions(route.method, exchange.headers, versioned=route.versioned)
    if accept := exchange.header(b"accept"):
        _check_accept(accept, route)


async def _authenticated(request: HttpRequest, exchange: Exchange) -> Caller:
    scheme, _, text = (exchange.header(b"authorization") or "").partition(" ")
    text, keys = text.strip(), exchange.frame.keys
    try:
        if scheme.lower() != "bearer":
            raise unauthenticated()
        if caller := keys.remembered_caller(text):
            return caller
        return await sync_to_thread(keys.caller, text)
    except Problem:
        # Slows the guessing of keys down, by address.
        _count(exchange, "address", f"wrong key/{_network(request)}")
        raise


def _count(exchange: Exchange, counted: Counted, name: str) -> None:
    """Raises Problem rate-limited."""
    exchange.counted = counted, 0.0
    exchange.counted = counted, exchange.frame.limits.take(name)


def _network(request: HttpRequest) -> str:
    return network_of(request.client.host) if request.client else ""


def _check_accept(accept: str, route: Route) -> None:
    """Raises Problem not-acceptable when the header Accept allows none of the route's media types."""
    accepted = {part.partition(";")[0].strip().lower() for part in accept.split(",")}
    offered = {"*/*", *route.media, *(f"{media.partition('/')[0]}/*" for media in route.media)}
    if not accepted & offered:
        raise Problem("not-acceptable", f"this address answers with {', '.join(route.media)}")


# Errors


def answer_problem(request: HttpRequest, error: Exception) -> ProblemReply:
    """The problem for an exception. A 5xx is logged by type and place only: its text may hold what was sent."""
    problem = problem_of(error)
    headers = [(name.lower().encode(), value.encode()) for name, value in problem.all_headers.items()]
    if problem.status == 405:
        headers.append((b"allow", _allowed(request.scope).encode()))
    if problem.status in (500, 503):  # 501 is about what was sent
        request_id = exchange_of(request.scope).request_id
        log.error("fault", request_id=request_id, code=problem.code, **_told(error))
    return ProblemReply(problem, headers, by_facts=isinstance(error, Refused))


def _told(error: Exception) -> dict[str, Any]:
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    places = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    # What the clocks say holds nothing of anybody, and only the operator can mend it.
    why = {"why": str(error)} if isinstance(error, ClockSkew) else {}
    return {"error": type(error).__name__, "at": places, **why}


def _allowed(scope: Scope) -> str:
    """All methods of an address, which the framework knows only one by one; nothing for a page, which names its own."""
    methods: Methods = scope["litestar_app"].state["methods"]
    return methods.allow(scope["path"])


# Every answer


async def complete(message: Message, scope: Scope) -> None:
    """Add the headers of every answer, and log it without its body or query."""
    if message["type"] != "http.response.start":
        return
    exchange = exchange_of(scope)
    sent = {name for name, _ in message["headers"]}
    common = [header for header in HEADERS if header[0] not in sent]
    headers = [*message["headers"], *common, (b"request-id", exchange.request_id.encode())]
    if exchange.counted is not None:
        headers += exchange.frame.limits.headers(*exchange.counted)
    if exchange.frame.cors is not None:
        origin, asked = exchange.headers.get(b"origin"), b"access-control-request-method" in exchange.headers
        headers += exchange.frame.cors.headers(origin, preflight=asked and scope.get("method") == "OPTIONS")
    if b"transfer-encoding" in exchange.headers:
        # The library may have passed over a Content-Length, by which a proxy found another end (RFC 9112, 6.3).
        headers.append((b"connection", b"close"))
    message["headers"] = headers
    if scope.get("method") == "OPTIONS" and message["status"] == 204 and (allowed := _allowed(scope)):
        MutableScopeHeaders.from_message(message)["Allow"] = allowed
    level = _level(scope, message["status"])
    if log.is_enabled_for(level):
        _log_answer(level, scope, exchange, message)


def _level(scope: Scope, status: int) -> int:
    """Every write, every refusal of a right and every fault is told; reads only where somebody looks for something."""
    told = scope.get("method") == "POST" or status in (401, 403) or status >= 500
    return logging.INFO if told else logging.DEBUG


def _log_answer(level: int, scope: Scope, exchange: Exchange, start: HTTPResponseStartEvent) -> None:
    # Only the template of the path: an unknown address may hold anything.
    caller, headers = exchange.known_caller, dict(start["headers"])
    position = headers.get(b"ledger-position")
    log.log(
        level,
        "answered",
        request_id=exchange.request_id,
        traceparent=exchange.traceparent,
        method=scope.get("method"),
        path=scope.get("path_template"),
        status=start["status"],
        key_id=caller.key_id if caller is not None else None,
        client=scope["client"][0] if scope["client"] else None,
        business_id=caller.business_id if caller is not None else None,
        position=None if position is None else int(position),
        replayed=b"idempotency-replayed" in headers,
        milliseconds=round((time.perf_counter() - exchange.began) * 1000, 1),
    )
