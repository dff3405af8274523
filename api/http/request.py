"""The parts of every request: `Call` (for a controller) and `Exchange` (for this layer).

A controller is a module of functions, each made into a route by `command` (api/http/command_route.py) or
`query` (api/http/query_route.py). The function gets a `Call`: the caller, the ids in the path, what was sent.
It never sees Litestar's request, nor the `Exchange`, the state of a request under way.
"""

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.types import Scope

from api.http.api_keys import Caller
from api.http.ids import Randomness, new_id
from api.http.ledger_types import Ledger
from api.http.parsing import MoneyBody, amount_in
from api.http.path_ids import PATH_IDS
from api.http.permissions import SEES_PEOPLE, Permission
from api.http.problems import Problem
from api.http.rate_limits import Counted
from api.http.serving import Serving
from domain.actor import Role
from domain.decision import Reads
from domain.refusals import NotFound

HttpRequest = Request[Any, Any, Any]

ID = re.compile(r"[0-9A-Za-z_-]{1,40}")
TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


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
