"""A route that is open to anybody: no key, no business, the same answer for all.

@open_route("/livez", "process.live", "Whether the process answers", answer=Liveness)
async def live(request: HttpRequest) -> Reply:
    return Reply(200, …)
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from litestar.handlers import HTTPRouteHandler
from pydantic import BaseModel

from api.http.docstring import docstring_of
from api.http.permissions import ANYONE
from api.http.request import HttpRequest
from api.http.responses import Reply
from api.http.route import Route, handler_of

Answer = Callable[[HttpRequest], Awaitable[Reply]]


def open_route(
    path: str,
    operation: str,
    summary: str,
    *,
    answer: type[BaseModel] | None = None,
    media: tuple[str, ...] = ("application/json",),
    codes: tuple[str, ...] = (),
    is_counted: bool = True,
) -> Callable[[Answer], HTTPRouteHandler]:
    """Make a function into a GET route for anybody. `media` are its representations, best first; `codes` its
    refusals in /schema. `is_counted`: whether a rate limit counts its requests."""
    route = Route(
        "GET",
        path,
        operation,
        summary,
        ANYONE,
        answer=answer,
        media=media,
        versioned=False,
        codes=codes,
        is_counted=is_counted,
    )

    def made(answer_it: Answer) -> HTTPRouteHandler:
        return handler_of(replace(route, description=docstring_of(answer_it)))(answer_it)

    return made
