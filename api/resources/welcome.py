"""The way in: what this is, the API for people, and what each problem means. Nothing here needs a key."""

import json
from functools import lru_cache

from litestar.concurrency import sync_to_thread
from pydantic import JsonValue
from pydantic_core import to_json

from api.http.docs_page import docs_page
from api.http.fixed_document import FixedDocument
from api.http.html import VARIES, heading, link, listed, page, paragraph, prefers_html, text
from api.http.open_route import open_route
from api.http.problem_kinds.page import problem_document, problems_document
from api.http.problem_kinds.table import KINDS
from api.http.request import HttpRequest, exchange_of, frame_of
from api.http.responses import Reply
from domain.refusals import NotFound
from domain.values import Value

LINKS = {
    "docs": ("/docs", "The API for people: every route and every type"),
    "schema": ("/schema", "The API for programs: an OpenAPI 3.1 document"),
    "problems": ("/problems", "What each refusal and fault means, and what to do"),
    "live": ("/livez", "Whether the process answers"),
    "ready": ("/readyz", "Whether the database answers"),
}
"""Name → address, and what is there."""
JSON_OR_PAGE = ("application/json", "text/html")


class Welcome(Value):
    """What answers here, and where to go."""

    name: str
    version: str
    description: str
    links: dict[str, str]
    """Name → address."""


class ProblemKind(Value):
    """What a problem means."""

    code: str
    type: str
    status: int
    title: str
    cause: str
    remedy: str
    retry_after_seconds: int | None
    """Seconds after which it is worth asking again; null where asking again changes nothing by itself."""
    rules: dict[str, str] | None
    """The codes that the member `rule` may have, and what is said of each; null where there is no such member."""
    example: dict[str, JsonValue]
    """A problem of this kind as it may be answered."""


class ProblemKinds(Value):
    data: list[ProblemKind]


@open_route("/", "welcome.show", "What answers here, and where to go", answer=Welcome, media=JSON_OR_PAGE)
async def welcome(request: HttpRequest) -> Reply:
    """A page for people, JSON for programs, by `Accept`."""
    document = await _document(request)
    return _welcome(document, _wants_page(request)).reply(exchange_of(request.scope))


@open_route("/docs", "docs.show", "The API for people", media=("text/html",))
async def docs(request: HttpRequest) -> Reply:
    """Every route and every type on one page, made from the OpenAPI document."""
    return _docs(await _document(request)).reply(exchange_of(request.scope))


async def _document(request: HttpRequest) -> bytes:
    """The OpenAPI document, made where it is first asked for."""
    frame = frame_of(request)
    return await sync_to_thread(lambda: frame.document)


@open_route("/problems", "problems.list", "All kinds of problem", answer=ProblemKinds, media=JSON_OR_PAGE)
async def problems(request: HttpRequest) -> Reply:
    """Each with its cause, an example, and what to do; a page for people, by `Accept`."""
    return problems_document(_wants_page(request)).reply(exchange_of(request.scope))


@open_route(
    "/problems/{code}",
    "problems.show",
    "What a problem means, and what to do",
    answer=ProblemKind,
    media=JSON_OR_PAGE,
    codes=("not-found",),
)
async def problem(request: HttpRequest) -> Reply:
    """The `type` of every problem leads here: its cause, an example, and what to do."""
    code = request.path_params["code"]
    if code not in KINDS:
        raise NotFound("problem", "")
    return problem_document(code, _wants_page(request)).reply(exchange_of(request.scope))


def _wants_page(request: HttpRequest) -> bool:
    return prefers_html(exchange_of(request.scope).header(b"accept"))


@lru_cache(maxsize=4)
def _welcome(document: bytes, html: bool) -> FixedDocument:
    info = json.loads(document)["info"]
    if not html:
        links = {name: address for name, (address, _) in LINKS.items()}
        told = Welcome(
            name=info["title"], version=info["version"], description=info["description"], links=links
        )
        return FixedDocument(to_json(told), headers=VARIES)
    return page(
        info["title"],
        heading(f"{info['title']} {info['version']}"),
        paragraph(info["description"]),
        listed(f"{link(address, address)} {text(told)}" for address, told in LINKS.values()),
        paragraph(
            "Everything else stands under `/v1` and needs a key: `Authorization: Bearer carnet_live_…`."
        ),
    )


@lru_cache(maxsize=2)
def _docs(document: bytes) -> FixedDocument:
    return docs_page(document)


HANDLERS = (welcome, docs, problems, problem)
