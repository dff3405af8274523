"""Comparing read models with a fold of the ledger, stream by stream, at the same position.

A rebuild compares two tables made by the same code; this makes no table and only reads. It covers the read models
whose rows are made of one stream each and name it.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import func, select

from domain.ledger.contract import LedgerRecorder
from domain.ledger.numbers import END
from domain.ledger.reading import reading
from projections.engine.definition import Key, Projection, Row, key_columns
from projections.engine.snapshot import Snapshot
from projections.engine.streams import StreamFolds, Values
from projections.engine.zones import by_local_rules

FACTS_PER_RANGE = 5_000
FACTS_PER_PAGE = 2_000
STREAMS_PER_QUERY = 1_000
LAST_VERSION = 2**31 - 1

Progress = Callable[[int, int], None]
"""Called with the facts checked and the facts in all."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that differs between the table and the ledger. None: absent there."""

    read_model: str
    key: Key
    table: Row | None
    ledger: Row | None


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
    cuts = [*recorder.cuts(FACTS_PER_RANGE), (END, recorder.head().position)]
    for position, group in together.items():
        compared = dict.fromkeys((each.name for each in group), 0)
        after = ("", 0)
        for last, facts in cuts:
            made = _fold(recorder, group, after, last, position)
            for projection, rows in zip(group, made, strict=True):
                compared[projection.name] += yield from _compare(
                    snapshot, projection, recorder.business_id, rows
                )
            progress(facts, cuts[-1][1])
            after = (last, LAST_VERSION)
        for projection in group:
            yield from _surplus(recorder, snapshot, projection, position, compared[projection.name])


def _fold(
    recorder: LedgerRecorder,
    projections: Sequence[Projection],
    after: tuple[str, int],
    last: str,
    position: int,
) -> list[list[Values]]:
    """The rows of each read model that facts up to a position make, of the streams behind `after` up to `last`."""
    folds = StreamFolds(projections, reading)
    while page := recorder.by_stream(after, last, position, folds.others, FACTS_PER_PAGE):
        folds.take(page)
        after = (page[-1].stream_id, page[-1].version)
    folds.end()
    if folds.error is not None:
        raise folds.error
    return [each.rows for each in folds.each]


def _compare(
    snapshot: Snapshot, projection: Projection, business_id: str, made: Sequence[Values]
) -> Generator[Difference, None, int]:
    """The rows of the streams that made these that differ: first those of the table, then those that only the ledger
    has. Returns how many rows of the table were compared."""
    table = snapshot.tables[projection.name]
    names = [column.name for column in table.columns]
    places = [names.index(column.name) for column in key_columns(table)]
    left = {tuple([values[place] for place in places]): values for values in made}
    of_stream = names.index(str(projection.stream_column))
    stream = table.c[str(projection.stream_column)]
    compared = 0
    ids = list({values[of_stream] for values in made})
    for first in range(0, len(ids), STREAMS_PER_QUERY):
        own = (table.c.business_id == business_id) & stream.in_(ids[first : first + STREAMS_PER_QUERY])
        for found in snapshot.connection.execute(select(table).where(own)):
            compared += 1
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
    return compared


def _surplus(
    recorder: LedgerRecorder, snapshot: Snapshot, projection: Projection, position: int, compared: int
) -> Iterator[Difference]:
    """The rows of a table that are of streams which make none, where it has more rows than were compared."""
    table = snapshot.tables[projection.name]
    own, stream = table.c.business_id == recorder.business_id, table.c[str(projection.stream_column)]
    count = select(func.count()).select_from(table).where(own)
    if snapshot.connection.execute(count).scalar_one() == compared:
        return
    rows = snapshot.connection.execute(select(table).where(own).order_by(stream)).yield_per(1_000).mappings()
    for id, of_stream in groupby(rows, key=lambda row: str(row[stream.name])):
        if not _fold(recorder, [projection], (id, 0), id, position)[0]:
            for row in of_stream:
                key = tuple(row[column.name] for column in key_columns(table))
                yield Difference(projection.name, key, dict(row), None)
