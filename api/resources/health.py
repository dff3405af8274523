"""Routes about the process: alive, ready, the OpenAPI document, the pages of problems."""

from litestar import get
from litestar.concurrency import sync_to_thread

from api.http.permissions import ANYONE
from api.http.problems import KINDS, Problem
from api.http.request import HttpRequest, Route, Serving, frame_of
from api.http.responses import Reply
from domain.refusals import NotFound
from domain.values import Value
from projections.engine.outage import told_as_unavailable
from projections.engine.status import totals


class Liveness(Value):
    """The process answers."""

    alive: bool = True


class Readiness(Value):
    """The database answers."""

    ready: bool = True
    lag: int
    """Facts that the slowest read model still has to take, over all businesses."""
    stopped: int
    """Read models stopped at a fact, counted for each business."""


def _open(
    path: str,
    operation: str,
    summary: str,
    description: str,
    answer: type[Value] | None,
    media: str,
    *own: str,
) -> Route:
    codes = ("storage-unavailable", "not-found", *own)
    return Route(
        "GET",
        path,
        operation,
        summary,
        ANYONE,
        answer=answer,
        media=(media,),
        codes=codes,
        description=description,
    )


LIVE = _open(
    "/livez",
    "process.live",
    "Whether the process answers",
    "It looks at nothing else.",
    Liveness,
    "application/json",
)
READY = _open(
    "/readyz",
    "process.ready",
    "Whether the database answers",
    "Send requests only to a process that is ready. `lag` and `stopped` tell of the read models behind lists.",
    Readiness,
    "application/json",
    "not-ready",
)
SCHEMA = _open(
    "/schema",
    "schema.show",
    "This document (OpenAPI 3.1)",
    "Make a client of it, or read it with any viewer of OpenAPI.",
    None,
    "application/json",
)
PROBLEM = _open(
    "/problems/{code}",
    "problems.show",
    "What a problem means",
    "The `type` of every problem leads here: its cause, and what to do.",
    None,
    "text/plain",
)


@get(LIVE.litestar_path, opt={"route": LIVE})
async def live() -> Reply:
    return _json(Liveness())


@get(READY.litestar_path, opt={"route": READY})
async def ready(request: HttpRequest) -> Reply:
    return _json(await sync_to_thread(_readiness, frame_of(request)))


def _readiness(frame: Serving) -> Readiness:
    """Raises LedgerUnavailable when the ledgers or the read models cannot be reached, Problem not-ready."""
    if not frame.keys.have_the_pepper():
        raise Problem(
            "not-ready", "the keys in the database were made under another pepper than this process has"
        )
    with told_as_unavailable():
        found = totals(frame.carnet.store, frame.views)
    lag = max((each.lag for each in found), default=0)
    return Readiness(lag=lag, stopped=sum(each.stopped for each in found))


@get(SCHEMA.litestar_path, opt={"route": SCHEMA})
async def schema(request: HttpRequest) -> Reply:
    frame = frame_of(request)
    return Reply(200, await sync_to_thread(lambda: frame.document))


@get(PROBLEM.litestar_path, opt={"route": PROBLEM})
async def problem(request: HttpRequest) -> Reply:
    code = request.path_params["code"]
    kind = KINDS.get(code)
    if kind is None:
        raise NotFound("problem", "")
    page = f"{kind.title}\n\n{code} · HTTP {kind.status}\n\n{kind.cause}\n\n{kind.remedy}\n"
    return Reply(200, page.encode(), media_type="text/plain; charset=utf-8")


def _json(value: Value) -> Reply:
    return Reply(200, value.model_dump_json().encode())


HANDLERS = (live, ready, schema, problem)
