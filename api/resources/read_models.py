"""The read models behind lists and reports: how far each is, and what each fact of a stream does to its rows."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import JsonValue
from pydantic_core import to_jsonable_python

from api.http.cursors import behind
from api.http.ledger_fact import LedgerFact, StreamId, shown_fact
from api.http.permissions import BOOKKEEPERS
from api.http.query import Found, ListParameters, Page, Query
from api.http.query_route import query
from domain.moments import rfc3339, to_milliseconds
from domain.refusals import NotFound
from domain.values import Value
from projections.engine.definition import Row, key_names
from projections.engine.lag_trend import Sample
from projections.engine.outage import told_as_unavailable
from projections.engine.progress import ModelStanding, RebuildProgress, model_standings
from replay.steps import RowChange, Step, steps

State = Literal["live", "building", "stopped", "unreadable", "ahead", "missing"]


class Stop(Value):
    """The fact at which it takes no more, until `carnet resume` or, for one that newer code wrote, that newer code."""

    position: int
    stream_id: str | None
    name: str | None
    reason: str


class Rebuilding(Value):
    """A rebuild in progress, of this business's facts."""

    facts_done: int
    facts: int
    share: float
    """From 0 to 1."""
    facts_per_second: int | None
    """Null until two parts of the work are done."""
    seconds_left: int | None


class ReadModel(Value):
    name: str
    version: int
    state: State
    """`live` answers lists. `building` is a new version that has not all facts yet, `stopped` met a fact that it cannot
    take, `unreadable` one that newer code wrote, `ahead` has facts that the ledger has not, after a restore, and
    `missing` has no table."""
    position: int
    """The last fact that is in it."""
    head: int
    """The last fact of the ledger."""
    lag: int
    """Facts that it still has to take."""
    stop: Stop | None
    lags: tuple[int | None, ...]
    """The lag at each of `sampled_at`; null where it is not known, as too many other businesses were farther behind."""
    rebuild: Rebuilding | None


class ReadModelPage(Page[ReadModel]):
    sampled_at: tuple[str, ...]
    """When the process that answers looked at the lags: every ten seconds of its last ten minutes, oldest first."""


@query(
    "/v1/read-models",
    "read_models.list",
    "How far each read model is",
    roles=BOOKKEEPERS,
    answer=ReadModelPage,
    parameters=ListParameters,
)
def list_read_models(call: Query[ListParameters]) -> Found:
    """Lists are read from read models, which are made of the facts. Tells version, state and lag of each in this
    business, where and why one has stopped, and how far a rebuild is. The lags of the last ten minutes are those that
    the process that answers has seen: they are kept in its memory alone.
    """
    call.check_reachable_now()
    now_ms = to_milliseconds(call.frame.carnet.clock())
    with told_as_unavailable():
        standings = model_standings(call.frame.views, call.business_id, now_ms)
    # Read after the checkpoints, so that none of them is above it.
    head = call.ledger.recorder.head().position
    trend = call.frame.trend.of(call.business_id)
    rows = behind([{"name": each.projection.name, "of": each} for each in standings], call.after(), "name")
    return call.page(
        ReadModelPage,
        rows,
        key=lambda row: [row["name"]],
        shown=lambda row: _shown(call, row["of"], head, trend),
        position=head,
        sampled_at=tuple(rfc3339(sample.moment) for sample in trend),
    )


def _shown(call: Query[Any], of: ModelStanding, head: int, trend: Sequence[Sample]) -> ReadModel:
    checkpoint = of.checkpoint
    position = 0 if checkpoint is None else checkpoint.position
    state: State = "live"
    stopped = None
    unreadable = call.frame.reads.unreadable.get(call.business_id)
    if checkpoint is None:
        state = "missing"
    elif checkpoint.stop is not None:
        state, stopped = "stopped", _stopped(call, checkpoint.stop.position, checkpoint.stop.error)
    elif position > head:
        state = "ahead"
    elif unreadable is not None and unreadable.position > position and unreadable.concerns(of.projection):
        state, stopped = "unreadable", _stopped(call, unreadable.position, unreadable.reason)
    elif checkpoint.building:
        state = "building"
    return ReadModel(
        name=of.projection.name,
        version=of.projection.version,
        state=state,
        position=position,
        head=head,
        lag=max(0, head - position),
        stop=stopped,
        lags=tuple(
            None if sample.lags is None else sample.lags.get(of.projection.name, 0) for sample in trend
        ),
        rebuild=None if of.rebuild is None else _rebuilding(of.rebuild),
    )


def _stopped(call: Query[Any], position: int, error: str) -> Stop:
    fact = next(iter(call.ledger.recorder.facts(after=position - 1, limit=1)), None)
    return Stop(
        position=position,
        stream_id=None if fact is None else fact.stream_id,
        name=None if fact is None else fact.name,
        reason=_told(error),
    )


def _told(error: str) -> str:
    """An error without the statement of the database, which stands on lines of its own."""
    return error.partition("\n")[0]


def _rebuilding(of: RebuildProgress) -> Rebuilding:
    return Rebuilding(
        facts_done=of.facts_done,
        facts=of.facts,
        share=of.facts_done * 100 // of.facts / 100,
        facts_per_second=of.facts_per_second,
        seconds_left=of.seconds_left,
    )


# Fact by fact


class StepParameters(ListParameters):
    stream_id: StreamId
    """The stream whose facts are followed: a package, a booking, a customer …"""


class ChangedRow(Value):
    """A row as the table holds it, by column; moments in UTC."""

    key: dict[str, JsonValue]
    before: dict[str, JsonValue] | None
    """Null where there was none."""
    after: dict[str, JsonValue] | None
    """Null where there is none any more."""


class ReadModelStep(Value):
    version: int
    fact: LedgerFact
    handled: bool
    """Whether the read model takes this fact."""
    rows: tuple[ChangedRow, ...]
    """The rows that the fact touched."""
    rows_elsewhere: int
    """Rows that belong to other streams and change with it too, as in a merge of two customers."""
    error: str | None
    """Why the read model cannot take the fact; no step follows then."""


class ReadModelStepPage(Page[ReadModelStep]):
    read_model_version: int


@query(
    "/v1/read-models/{name}/steps",
    "read_models.steps",
    "What each fact of a stream does to the rows of a read model",
    roles=BOOKKEEPERS,
    answer=ReadModelStepPage,
    parameters=StepParameters,
)
def list_steps(call: Query[StepParameters]) -> Found:
    """One stream, one read model, fact by fact: the row before, the fact, the row after. It is folded from the facts
    when it is asked, and reads no table. The first 20,000 facts of a stream can be followed.
    """
    name, stream_id = call.path["name"], call.parameters.stream_id
    projection = call.frame.views.projections.get(name)
    if projection is None:
        raise NotFound("read model", name)
    (after,) = call.after() or [0]
    found = steps(call.ledger.recorder, projection, stream_id, after, call.parameters.limit + 1)
    if not found and not after:
        raise NotFound("stream", stream_id)
    head = call.ledger.recorder.head().position
    call.check_reachable(head)
    columns = key_names(projection.table)
    return call.page(
        ReadModelStepPage,
        found,
        key=lambda step: [step.recorded.version],
        shown=lambda step: _step(step, columns),
        position=head,
        read_model_version=projection.version,
    )


def _step(step: Step, columns: tuple[str, ...]) -> ReadModelStep:
    return ReadModelStep(
        version=step.recorded.version,
        fact=shown_fact(step.recorded.stored),
        handled=step.handled,
        rows=tuple(_row(change, columns) for change in step.changes),
        rows_elsewhere=step.elsewhere,
        error=None if step.error is None else _told(step.error),
    )


def _row(change: RowChange, columns: tuple[str, ...]) -> ChangedRow:
    return ChangedRow(
        key=_plain(dict(zip(columns, change.key, strict=True))),
        before=None if change.before is None else _plain(change.before),
        after=None if change.after is None else _plain(change.after),
    )


def _plain(row: Mapping[str, Any] | Row) -> dict[str, JsonValue]:
    told: dict[str, JsonValue] = {
        name: rfc3339(value) if isinstance(value, datetime) else to_jsonable_python(value)
        for name, value in row.items()
        if name != "business_id"
    }
    return told


HANDLERS = (list_read_models, list_steps)
