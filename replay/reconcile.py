"""Comparing read models with a fold of the ledger, package by package, at the same position.

A rebuild compares two tables made by the same code; this makes no table and only reads. It covers the read models
whose rows belong to packages.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import get_args

from sqlalchemy import Connection, Table, func, select

from domain.decision import Reads
from domain.ledger.contract import LedgerRecorder
from domain.ledger.mapper import Recorded, recorded
from domain.package.facts import FACTS as PACKAGE_FACTS
from domain.package.facts import OpeningFact
from projections.engine.definition import Key, Projection, Row, fold, key_columns
from projections.engine.tables import Snapshot
from projections.engine.zones import by_local_rules

PACKAGES_PER_PAGE = 200

Progress = Callable[[int, int], None]
"""Called with the facts checked and the facts in all."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that differs between the table and the ledger. None: absent there."""

    read_model: str
    key: Key
    table: Row | None
    ledger: Row | None


def of_packages(projections: Sequence[Projection]) -> list[Projection]:
    """The read models that can be compared: keyed by package, and made of the facts of packages alone."""
    return [
        each
        for each in projections
        if "package_id" in each.table.primary_key and each.handles.issubset(PACKAGE_FACTS)
    ]


def reconcile(
    recorder: LedgerRecorder,
    snapshot: Snapshot,
    projections: Sequence[Projection],
    progress: Progress = lambda done, of: None,
) -> Iterator[Difference]:
    """Every row of these read models that differs. Memory does not grow with the ledger.

    Raises UnreadableFact, UnknownBusiness, LedgerUnavailable.
    """
    counted = {projection.name: 0 for projection in projections}
    last = max((snapshot.checkpoints[name].position for name in counted), default=0)
    for ids, position in _packages(recorder, last):
        streams = recorder.load(Reads(dict.fromkeys(ids, 0))).facts
        facts = [recorded(stored) for stored in streams if stored.position <= last]
        for projection in projections:
            found = _rows(snapshot, projection, recorder.business_id, ids)
            counted[projection.name] += len(found)
            yield from _compare(projection, found, _fold(snapshot, projection, facts))
        progress(position, last)
    for projection in projections:
        yield from _strangers(snapshot, projection, recorder, counted[projection.name])


def _packages(recorder: LedgerRecorder, last: int) -> Iterator[tuple[list[str], int]]:
    """Packages opened up to a position, a page at a time, with the position of its last one."""
    opened, after = tuple(fact.stored_name for fact in get_args(OpeningFact)), 0
    while page := recorder.select_notifications(after + 1, PACKAGES_PER_PAGE, stop=last, topics=opened):
        after = page[-1].id
        yield [str(opening.originator_id) for opening in page], after


def _fold(snapshot: Snapshot, projection: Projection, facts: Sequence[Recorded]) -> dict[Key, Row]:
    """The rows that facts up to the table's own checkpoint make."""
    position = snapshot.checkpoints[projection.name].position
    return fold(projection, (fact for fact in facts if fact.position <= position))


def _rows(snapshot: Snapshot, projection: Projection, business_id: str, ids: Sequence[str]) -> dict[Key, Row]:
    table = snapshot.tables[projection.name]
    query = select(table).where(table.c.business_id == business_id, table.c.package_id.in_(ids))
    names = [column.name for column in table.columns]
    rows = (dict(zip(names, values, strict=True)) for values in snapshot.connection.execute(query))
    return {_key(table, row): row for row in rows}


def _key(table: Table, row: Row) -> Key:
    return tuple(row[column.name] for column in key_columns(table))


def _compare(projection: Projection, table: dict[Key, Row], ledger: dict[Key, Row]) -> Iterator[Difference]:
    for key in dict.fromkeys((*table, *ledger)):
        found, made = table.get(key), ledger.get(key)
        # A row that other rules of a time zone made is computed anew, and is no difference.
        if found != made and (found is None or by_local_rules(projection, found) != made):
            yield Difference(projection.name, key, table.get(key), ledger.get(key))


def _strangers(
    snapshot: Snapshot, projection: Projection, recorder: LedgerRecorder, known: int
) -> Iterator[Difference]:
    """Rows of packages that were never sold. Searched only when the table has more rows than were compared."""
    table = snapshot.tables[projection.name]
    if _count(snapshot.connection, table, recorder.business_id) == known:
        return
    query = select(table.c.package_id).where(table.c.business_id == recorder.business_id).distinct()
    for (id,) in snapshot.connection.execute(query, execution_options={"yield_per": 1_000}):
        if not recorder.stream(id, upto_version=1):
            rows = _rows(snapshot, projection, recorder.business_id, [id])
            yield from (Difference(projection.name, key, row, None) for key, row in rows.items())


def _count(connection: Connection, table: Table, business_id: str) -> int:
    count = select(func.count()).select_from(table).where(table.c.business_id == business_id)
    return connection.scalars(count).one()
