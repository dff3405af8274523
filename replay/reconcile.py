"""Comparing read models with a fold of the ledger, stream by stream, at the same position.

A rebuild compares two tables made by the same code; this makes no table and only reads. It covers the read models
whose rows are made of one stream each and name it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from domain.ledger.contract import LedgerRecorder
from domain.ledger.reading import reading
from projections.engine.definition import Key, Projection, Row, key_columns
from projections.engine.shares import END
from projections.engine.snapshot import Snapshot
from projections.engine.streams import StreamFolds, Values
from projections.engine.zones import by_local_rules

FACTS_PER_RANGE = 5_000
FACTS_PER_PAGE = 2_000

Progress = Callable[[int, int], None]
"""Called with the facts checked and the facts in all."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that differs between the table and the ledger. None: absent there."""

    read_model: str
    key: Key
    table: Row | None
    ledger: Row | None


@dataclass(frozen=True, slots=True)
class Range:
    """Streams behind `after`, up to `last`, and the facts of the ledger up to there."""

    after: str
    last: str
    facts: int


def comparable(projections: Sequence[Projection]) -> list[Projection]:
    """The read models that can be compared: each row is made of one stream, and names it."""
    return [each for each in projections if each.by_stream and each.stream_column is not None]


def reconcile(
    recorder: LedgerRecorder,
    snapshot: Snapshot,
    projections: Sequence[Projection],
    progress: Progress = lambda done, of: None,
) -> Iterator[Difference]:
    """Every row of these read models that differs. Memory does not grow with the ledger.

    Raises UnreadableFact, the errors of a read model, UnknownBusiness, LedgerUnavailable.
    """
    together: dict[int, list[Projection]] = {}
    for projection in projections:
        together.setdefault(snapshot.checkpoints[projection.name].position, []).append(projection)
    ranges = _ranges(recorder)
    for position, group in together.items():
        for each in ranges:
            made = _fold(recorder, group, each, position)
            for projection, rows in zip(group, made, strict=True):
                yield from _compare(snapshot, projection, recorder.business_id, each, rows)
            progress(each.facts, ranges[-1].facts)


def _ranges(recorder: LedgerRecorder) -> list[Range]:
    ranges, after = [], ""
    for last, facts in recorder.cuts(FACTS_PER_RANGE):
        ranges.append(Range(after, last, facts))
        after = last
    return [*ranges, Range(after, END, recorder.head().position)]


def _fold(
    recorder: LedgerRecorder, projections: Sequence[Projection], streams: Range, position: int
) -> list[list[Values]]:
    """The rows of each read model that facts up to a position make."""
    folds = StreamFolds(projections, reading)
    after = (streams.after, 2**31 - 1) if streams.after else ("", 0)
    while page := recorder.by_stream(after, streams.last, position, folds.others, FACTS_PER_PAGE):
        folds.take(page)
        after = (page[-1].stream_id, page[-1].version)
    folds.end()
    if folds.error is not None:
        raise folds.error
    return [each.rows for each in folds.each]


def _compare(
    snapshot: Snapshot, projection: Projection, business_id: str, streams: Range, made: Sequence[Values]
) -> Iterator[Difference]:
    """The rows of some streams that differ: first those of the table, then those that only the ledger has."""
    table = snapshot.tables[projection.name]
    names = [column.name for column in table.columns]
    places = [names.index(column.name) for column in key_columns(table)]
    left = {tuple([values[place] for place in places]): values for values in made}
    stream = table.c[str(projection.stream_column)]
    own = (table.c.business_id == business_id) & (stream > streams.after) & (stream <= streams.last)
    for found in snapshot.connection.execute(select(table).where(own)).yield_per(1_000):
        key = tuple([found[place] for place in places])
        expected = left.pop(key, None)
        if expected == tuple(found):
            continue
        row = dict(zip(names, found, strict=True))
        right = None if expected is None else dict(zip(names, expected, strict=True))
        # A row that other rules of a time zone made is computed anew, and is no difference.
        if right is None or by_local_rules(projection, row) != right:
            yield Difference(projection.name, key, row, right)
    for key, values in left.items():
        yield Difference(projection.name, key, None, dict(zip(names, values, strict=True)))
