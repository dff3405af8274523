"""A route without its function: what is asked of it, who may, and what it answers."""

import re
from dataclasses import dataclass
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import HTTPRouteHandler
from litestar.types import Method
from pydantic import BaseModel

from api.http.permissions import Roles


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


def route_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Route | None:
    handler = connection.scope.get("route_handler")
    route = handler.opt.get("route") if handler is not None else None
    return route if isinstance(route, Route) else None
