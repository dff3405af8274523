"""What operators and auditors ask for: health, the schema, the pages of problems, the feed of facts."""

from typing import Annotated, Any

from litestar import get
from litestar.concurrency import sync_to_thread
from litestar.handlers import HTTPRouteHandler
from pydantic import Field, JsonValue
from pydantic_core import from_json

from api.http.problems import KINDS, Problem
from api.http.query_route import Found, ListParameters, NoParameters, Page, Query, query
from api.http.request import Asked, Frame, Route, frame_of
from api.http.responses import Reply
from domain.ledger.envelope import StoredFact
from domain.refusals import NotFound
from domain.values import Value, from_milliseconds, rfc3339
from projections.engine.outage import told_as_unavailable
from projections.engine.status import totals

# The process


class Liveness(Value):
    """The process answers."""

    alive: bool = True


class Readiness(Value):
    """The database answers."""

    ready: bool = True
    lag: int
    """How many facts the slowest read model has still to take, over all businesses."""
    stopped: int
    """Read models that have stopped at a fact, counted for each business."""


def _open(path: str, operation: str, summary: str, answer: type[Value] | None, media: str) -> Route:
    codes = ("storage-unavailable", "not-found")
    return Route("GET", path, operation, summary, answer=answer, media=(media,), codes=codes)


LIVE = _open("/livez", "process.live", "Whether the process answers", Liveness, "application/json")
READY = _open("/readyz", "process.ready", "Whether the database answers", Readiness, "application/json")
SCHEMA = _open("/schema", "schema.show", "This document (OpenAPI 3.1)", None, "application/json")
PROBLEM = _open("/problems/{code}", "problems.show", "What a problem means", None, "text/plain")


@get(LIVE.litestar_path, opt={"route": LIVE})
async def live() -> Reply:
    return _json(Liveness())


@get(READY.litestar_path, opt={"route": READY})
async def ready(request: Asked) -> Reply:
    return _json(await sync_to_thread(_readiness, frame_of(request)))


def _readiness(frame: Frame) -> Readiness:
    """Raises LedgerUnavailable when the ledgers or the read models cannot be reached."""
    with told_as_unavailable():
        found = totals(frame.carnet.store, frame.views)
    lag = max((each.lag for each in found), default=0)
    return Readiness(lag=lag, stopped=sum(each.stopped for each in found))


@get(SCHEMA.litestar_path, opt={"route": SCHEMA})
async def schema(request: Asked) -> Reply:
    return Reply(200, frame_of(request).document)


@get(PROBLEM.litestar_path, opt={"route": PROBLEM})
async def problem(request: Asked) -> Reply:
    code = request.path_params["code"]
    kind = KINDS.get(code)
    if kind is None:
        raise NotFound("problem", "")
    page = f"{kind.title}\n\n{code} · HTTP {kind.status}\n\n{kind.page}\n"
    return Reply(200, page.encode(), media_type="text/plain; charset=utf-8")


def _json(value: Value) -> Reply:
    return Reply(200, value.model_dump_json().encode())


# The ledger


class FactsParameters(ListParameters):
    after: Annotated[int, Field(ge=0, le=2**53 - 1)] = 0
    """The last position that is already known."""


class LedgerFact(Value):
    position: int
    stream: str
    stream_id: str
    version: int
    name: str
    name_version: int
    recorded_at: str
    data: dict[str, JsonValue]
    meta: dict[str, JsonValue]
    hash: str
    """SHA-256 over the fact and all before it, hex."""


class FactFeed(Page[LedgerFact]):
    """Facts in order of position. No fact ever appears before one that was shown."""


@query(
    "/v1/facts", "facts.list", "The ordered feed of the ledger", answer=FactFeed, parameters=FactsParameters
)
def facts(call: Query[FactsParameters]) -> Found:
    after = (call.after() or [call.parameters.after])[0]
    stored = call.ledger.recorder.facts(after=after, limit=call.parameters.limit + 1)
    # Read after the facts: a head never lies before what was read.
    head = call.ledger.recorder.head().position
    call.check_reachable(head)
    return call.page(FactFeed, stored, key=lambda fact: [fact.position], shown=shown_fact, position=head)


def shown_fact(stored: StoredFact) -> LedgerFact:
    """A fact as an auditor reads it: ids only, no personal data is in it."""
    return LedgerFact(
        position=stored.position,
        stream=stored.kind,
        stream_id=stored.stream_id,
        version=stored.version,
        name=stored.name,
        name_version=stored.name_version,
        recorded_at=rfc3339(from_milliseconds(stored.recorded_at)),
        data=_object(stored.data, stored.position),
        meta=_object(stored.meta, stored.position),
        hash=stored.hash.hex(),
    )


def _object(data: bytes, position: int) -> dict[str, Any]:
    try:
        found = from_json(data)
    except ValueError as error:
        raise Problem(
            "event-unreadable", "a stored fact is damaged", members={"position": position}
        ) from error
    assert isinstance(found, dict)
    return found


class LedgerHead(Value):
    position: int
    """The last position; 0 when nothing was recorded yet."""
    hash: str
    recorded_at: str | None


@query("/v1/ledger/head", "ledger.head", "Position and hash of the ledger", answer=LedgerHead)
def head(call: Query[NoParameters]) -> Found:
    found = call.ledger.recorder.head()
    call.check_reachable(found.position)
    moment = rfc3339(from_milliseconds(found.recorded_at)) if found.position else None
    shown = LedgerHead(position=found.position, hash=found.hash.hex(), recorded_at=moment)
    return Found(shown, found.position)


HANDLERS: tuple[HTTPRouteHandler, ...] = (live, ready, schema, problem, facts, head)
