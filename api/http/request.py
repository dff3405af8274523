"""The parts of every request: `Route`, `Serving` (the process), `Call` (for a controller) and `Exchange`.

A controller is a module of functions, each made into a route by `command` (api/http/command_route.py) or
`query` (api/http/query_route.py). The function gets a `Call`: the caller, the ids in the path, what was sent.
It never sees Litestar's request, nor the `Exchange`, the state of a request under way.
"""

import re
import time
from asyncio import get_running_loop
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import HTTPRouteHandler
from litestar.types import Method, Scope
from pydantic import BaseModel

from api.http.api_keys import Caller, Keys
from api.http.cors import Cors
from api.http.export_slots import ExportSlots
from api.http.gathered_lists import GatheredLists, ListQuestion, lists_on_this_loop
from api.http.gathered_reads import GatheredReads, gathered_on_this_loop
from api.http.ids import Randomness, new_id
from api.http.kept_answers import KeptAnswers
from api.http.kept_texts import KeptTexts
from api.http.ledger_types import Books, Carnet, Ledger, UnknownBusiness
from api.http.loop_bridge import LoopBridge
from api.http.networks import NO_PROXIES, TrustedProxies
from api.http.parsing import MoneyBody, amount_in
from api.http.path_ids import PATH_IDS
from api.http.pepper_secrets import secret_of
from api.http.permissions import SEES_PEOPLE, Permission, Roles
from api.http.problems import Problem
from api.http.rate_limits import Counted, Limits
from api.http.shared_answer import SharedAnswer
from domain.actor import Role
from domain.business.state import Business
from domain.decision import Reads
from domain.ledger.patience import PATIENCE_S
from domain.refusals import NotFound
from projections.engine.freshness import FreshReads
from projections.engine.lag_trend import LagTrend
from projections.engine.tables import ReadTables
from projections.engine.watch import Watch

HttpRequest = Request[Any, Any, Any]

ID = re.compile(r"[0-9A-Za-z_-]{1,40}")
BODY_S = 20.0
TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


# A route


@dataclass(frozen=True, slots=True)
class Route:
    """A route without its function: the source of the permission table, /schema and the 405s."""

    method: str
    path: str
    operation: str
    """Its name in /schema and in the table of permissions."""
    summary: str
    roles: Roles
    status: int = 200
    body: type[BaseModel] | None = None
    parameters: type[BaseModel] | None = None
    answer: type[BaseModel] | None = None
    """The type of its JSON answer; None: only `media` describes the answer."""
    media: tuple[str, ...] = ("application/json",)
    writes: bool = False
    """Takes an Idempotency-Key and `dry_run`."""
    versioned: bool = True
    """Answers with an ETag, and takes If-Match if it writes."""
    codes: tuple[str, ...] = ()
    """Its own refusals, beside those of any route."""
    uploads: tuple[str, ...] = ()
    """The media types of a body that is not JSON."""
    payers: bool = False
    """Whether a customer also reaches a package that they paid for and somebody else has."""
    nobodys: bool = False
    """Whether its answer is the same for every customer, with nothing personal in it."""
    of_caller: bool = False
    """Whether it tells of the caller alone."""
    carries: bool = False
    """Whether it only carries other requests, each of which its own route judges."""
    location: str | None = None
    """The address of what it creates, with members of the answer in braces."""
    is_counted: bool = True
    """Whether a rate limit counts its requests."""
    takes_long: bool = False
    """It reads whole ledgers or does many things: each step waits as long as it may, instead of `patience_s` in all."""
    description: str = ""
    """What it does, for the reader of /schema."""

    @property
    def tag(self) -> str:
        """The group of operations it belongs to."""
        return self.operation.partition(".")[0]

    @property
    def methods(self) -> tuple[Method, ...]:
        """HEAD is taken wherever GET is (RFC 9110, section 9.1)."""
        return ("GET", "HEAD") if self.method == "GET" else ("POST",)

    @property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(re.sub(r"\{\w+\}", "[^/]+", self.path))

    @property
    def litestar_path(self) -> str:
        return re.sub(r"\{(\w+)\}", r"{\1:str}", self.path)

    @property
    def path_parameters(self) -> list[str]:
        return re.findall(r"\{(\w+)\}", self.path)


def handler_of(route: Route) -> HTTPRouteHandler:
    """The framework's handler of a route; call it with the function."""
    return HTTPRouteHandler(
        route.litestar_path,
        http_method=route.methods,
        status_code=route.status,
        name=route.operation,
        opt={"route": route},
    )


# The process


@dataclass(frozen=True, slots=True)
class FixedTerms:
    """The terms of a business that never change."""

    currency: str
    time_zone: str


@dataclass
class Serving:
    """The parts that all requests of a process share. One for each application; used from many threads."""

    carnet: Carnet
    views: ReadTables
    reads: FreshReads
    watch: Watch
    trend: LagTrend
    keys: Keys
    limits: Limits
    pepper: bytes
    previous_pepper: bytes | None = None
    make_document: Callable[[], bytes] = lambda: b"{}"
    """Makes the OpenAPI document of the routes."""
    cors: Cors | None = None
    patience_s: float = PATIENCE_S
    """How long a request may wait in all, for threads, connections, locks and the database, in seconds."""
    body_s: float = BODY_S
    """How long the body of a request may take to come, as `body_of` says, in seconds."""
    proxies: TrustedProxies = NO_PROXIES
    """The proxies that are believed about who the client is."""
    loopback_webhooks: bool = False
    """Whether webhooks may go to this machine, also by HTTP."""
    mails_links: bool = False
    """Whether customers get a link to their card by e-mail where they ask for one."""
    random: Randomness = field(default_factory=Randomness)
    exports: ExportSlots = field(default_factory=ExportSlots)
    readiness: SharedAnswer = field(default_factory=SharedAnswer)
    answers: KeptAnswers = field(default_factory=KeptAnswers)
    texts: KeptTexts = field(default_factory=KeptTexts)
    """Members of lists as they were written."""
    positions: dict[str, int] = field(default_factory=dict)
    """Business → a position of its ledger that this process has seen, usually the last."""
    _terms: dict[str, FixedTerms] = field(default_factory=dict)
    _outcomes: LoopBridge | None = None
    _gathered: GatheredReads | None = None
    _lists: GatheredLists | None = None

    @cached_property
    def document(self) -> bytes:
        """The OpenAPI document, made when it is first asked for: that takes as long as many requests."""
        return self.make_document()

    def outcomes(self) -> LoopBridge:
        """The bridge to the running event loop. A process has one loop, a test several in turn."""
        loop = get_running_loop()
        if self._outcomes is None or self._outcomes.loop is not loop:
            self._outcomes = LoopBridge(loop)
        return self._outcomes

    def ledger(self, business_id: str) -> Ledger:
        return self.carnet.ledger(business_id)

    async def present(self, business_id: str, wanted: Reads) -> Books:
        """Streams as they stand now, without their facts; questions that come together share a round trip.

        Raises UnreadableFact, UnknownBusiness, LedgerUnavailable.
        """
        gathered = self._gathered = gathered_on_this_loop(self._gathered, self.carnet.present)
        books = await gathered.of(business_id, wanted)
        self.positions[business_id] = books.head.position
        return books

    async def list_answer(self, question: ListQuestion) -> Any:
        """A list that is found together with others that are asked for meanwhile; None where it must be found alone.

        Raises as `present`, and whatever the question raises.
        """
        lists = self._lists = lists_on_this_loop(self._lists, self.carnet.present, self.views)
        return await lists.answer(question)

    def look(self, business_id: str, wanted: Reads) -> Books:
        """Streams as they stand now, with facts, people and the head, of one moment and in one round trip.

        Raises UnreadableFact, UnknownBusiness, LedgerUnavailable.
        """
        books = self.ledger(business_id).look(wanted)
        self.positions[business_id] = books.head.position
        return books

    def knows(self, business_id: str) -> bool:
        """Whether the terms and the secret of this business are cached, so that nothing must be read
        first."""
        return business_id in self._terms

    def terms(self, business_id: str) -> FixedTerms:
        """Currency and zone, read once. Raises UnknownBusiness for a ledger whose business was never
        opened."""
        if business_id not in self._terms:
            found = self.look(business_id, Reads({business_id: 0})).business_or_none()
            if not isinstance(found, Business):
                raise UnknownBusiness(business_id)
            self.carnet.fingerprint(business_id, b"")  # caches its secret as well
            self._terms[business_id] = FixedTerms(found.currency, found.time_zone)
        return self._terms[business_id]

    def secret(self, purpose: str) -> bytes:
        """The secret of the installation for one purpose, such as signing cursors."""
        return secret_of(self.pepper, purpose)

    def secrets(self, purpose: str) -> list[bytes]:
        """The same, and what it was under the pepper before."""
        peppers = (self.pepper, self.previous_pepper)
        return [secret_of(pepper, purpose) for pepper in peppers if pepper is not None]


# A request, for a controller


def check_may(caller: Caller, permission: Permission, what: str = "this") -> None:
    """Raises Problem forbidden; it names the scope that the key of an integration lacks."""
    if caller.role not in permission:
        raise Problem("forbidden", f"the role {caller.role.value} does not allow {what}")
    if (scope := permission.missing_scope(caller.role, caller.scopes)) is not None:
        detail = f"the key lacks the scope {scope.value}, which {what} needs"
        raise Problem("forbidden", detail, members={"missing_scope": scope.value})


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request as a controller sees it."""

    frame: Serving
    caller: Caller
    path: Mapping[str, str]
    request_id: str

    @property
    def business_id(self) -> str:
        return self.caller.business_id

    @property
    def ledger(self) -> Ledger:
        return self.frame.ledger(self.caller.business_id)

    @property
    def currency(self) -> str:
        return self.frame.terms(self.caller.business_id).currency

    @property
    def time_zone(self) -> str:
        return self.frame.terms(self.caller.business_id).time_zone

    @property
    def sees_people(self) -> bool:
        """Whether the caller sees names and contacts; to others they are null."""
        return SEES_PEOPLE.allows(self.caller.role, self.caller.scopes)

    def sees_people_of(self, customer_id: str) -> bool:
        """Whether the caller sees the people of a customer's household: a customer sees only their own."""
        if self.role is Role.CUSTOMER and customer_id not in (self.caller.actor.id, *self.own_names()):
            return False
        return self.sees_people

    def own_names(self) -> tuple[str, ...]:
        """The customer whose key this is, with all other names of theirs. Reads the database."""
        own = self.caller.actor.id
        return self.frame.look(self.business_id, Reads({own: 0})).names_of(own)

    @property
    def role(self) -> Role:
        return self.caller.role

    def check_may(self, permission: Permission, what: str) -> None:
        """Raises Problem forbidden, as `check_may` does."""
        check_may(self.caller, permission, what)

    def id(self, name: str) -> str:
        """An id of the path. Raises NotFound for a text that no id can have."""
        prefix, kind = PATH_IDS[name]
        given = self.path[name]
        if not given.startswith(f"{prefix}_") or not ID.fullmatch(given[len(prefix) + 1 :]):
            raise NotFound(kind, given[:50])
        return given

    def amount(self, price: MoneyBody | None, where: str) -> int | None:
        """The minor units of a price in the business's currency. Raises validation-failed."""
        if price is None or price.currency is None:
            return None if price is None else price.amount
        return amount_in(self.currency, price, where)


@dataclass(kw_only=True)
class NewIds:
    """The ids made for one command. A dry run leaves them out of its answer."""

    random: Randomness
    made: list[str] = field(default_factory=list)

    def new(self, prefix: str, chosen: str | None = None) -> str:
        """The id the caller chose, or a new one."""
        if chosen is not None:
            return chosen
        self.made.append(new_id(prefix, self.random.bits))
        return self.made[-1]


# A request, for this layer


def route_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Route | None:
    handler = connection.scope.get("route_handler")
    route = handler.opt.get("route") if handler is not None else None
    return route if isinstance(route, Route) else None


@dataclass(slots=True)
class Exchange:
    """One request under way: its headers, and what becomes known of it."""

    frame: Serving
    headers: Mapping[bytes, bytes]
    """By name, in lower case as ASGI gives them."""
    request_id: str
    began: float
    """In seconds of `time.perf_counter()`."""
    known_caller: Caller | None = None
    counted: tuple[Counted, float] | None = None
    """What the request was counted by, and the requests left."""
    read: bool = False
    """Whether the body was read to its end, or is not waited for any more."""

    def header(self, name: bytes) -> str | None:
        """The value of a header; the first one if it was sent twice."""
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    @property
    def traceparent(self) -> str | None:
        """The trace that the caller says it belongs to (W3C Trace Context)."""
        given = self.header(b"traceparent") or ""
        return given if TRACEPARENT.fullmatch(given) else None

    @property
    def caller(self) -> Caller:
        """The caller, once authenticated. A route that is open to anyone has none."""
        assert self.known_caller is not None, "admit() finds out who asks, before any route is taken"
        return self.known_caller


def exchange_of(scope: Scope) -> Exchange:
    """The exchange of an ASGI scope, made on first use."""
    state: dict[str, Any] = scope["state"]
    found: Exchange | None = state.get("exchange")
    if found is None:
        headers = dict(reversed([*scope["headers"]]))
        frame: Serving = scope["litestar_app"].state["frame"]
        request_id = new_id("req", frame.random.bits)
        found = state["exchange"] = Exchange(frame, headers, request_id, time.perf_counter())
    return found


def header_lines(request: HttpRequest, name: bytes) -> list[str]:
    """The values of a header that may be sent in several lines."""
    return [value.decode("latin-1") for sent, value in request.scope["headers"] if sent == name]


def frame_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Serving:
    return exchange_of(connection.scope).frame


def parameters_of(request: HttpRequest) -> Iterable[tuple[str, str]]:
    """The query parameters, in the order sent."""
    return request.query_params.multi_items() if request.scope["query_string"] else ()
