"""Routes about the process: alive, ready, and the OpenAPI document."""

from functools import lru_cache

from litestar.concurrency import sync_to_thread

from api.http.fixed_document import FixedDocument
from api.http.open_route import open_route
from api.http.problems import Problem
from api.http.request import HttpRequest, exchange_of, frame_of
from api.http.responses import Reply
from api.http.serving import Serving
from domain.values import Value
from projections.engine.outage import told_as_unavailable


class Liveness(Value):
    """The process answers."""

    alive: bool = True


class Readiness(Value):
    """The database answers."""

    ready: bool = True
    lag: int
    """Facts that the slowest read model still has to take, over all businesses."""
    building: int
    """Read models of which a new version is not complete yet: their lists answer `projection-lagging` until then."""
    stopped: int
    """Read models stopped at a fact, counted for each business."""
    unreadable: int
    """Businesses with facts that newer code wrote and this process cannot read: it leaves their lists to newer code."""
    read_only: bool
    """Whether the books cannot be written here: reads are answered, and commands refused."""


@open_route("/livez", "process.live", "Whether the process answers", answer=Liveness, is_counted=False)
async def live(request: HttpRequest) -> Reply:
    """It looks at nothing else, and no rate limit counts it."""
    return _json(Liveness())


@open_route(
    "/readyz",
    "process.ready",
    "Whether the database answers",
    answer=Readiness,
    codes=("storage-unavailable", "clock-skew", "not-ready"),
    is_counted=False,
)
async def ready(request: HttpRequest) -> Reply:
    """Send requests only to a process that is ready. `lag` and `stopped` tell of the read models behind lists.
    No rate limit counts it; who asks while others do gets their answer."""
    frame = frame_of(request)
    return _json(await frame.readiness.of(lambda: _readiness(frame)))


def _readiness(frame: Serving) -> Readiness:
    """Raises LedgerUnavailable when the ledgers or the read models cannot be reached, ClockSkew, Problem not-ready."""
    if not frame.keys.have_the_pepper():
        raise Problem(
            "not-ready", "the keys in the database were made under another pepper than this process has"
        )
    frame.carnet.host_clock.check()
    with told_as_unavailable():
        lag = frame.watch.lag()
    return Readiness(
        lag=lag.facts,
        stopped=lag.stopped,
        building=lag.building,
        unreadable=len(frame.reads.unreadable),
        read_only=frame.carnet.store.read_only,
    )


@open_route("/schema", "schema.show", "This document (OpenAPI 3.1)")
async def schema(request: HttpRequest) -> Reply:
    """Make a client of it, or read it with any viewer of OpenAPI."""
    frame = frame_of(request)
    document = await sync_to_thread(lambda: frame.document)
    return _schema(document).reply(exchange_of(request.scope))


@lru_cache(maxsize=2)
def _schema(document: bytes) -> FixedDocument:
    return FixedDocument(document)


def _json(value: Value) -> Reply:
    return Reply(200, value.model_dump_json().encode())


HANDLERS = (live, ready, schema)
