"""Checkpoints: the position each read table has reached in each ledger, and the tables of a read model.

A checkpoint is moved in the transaction that writes the rows, so the two can never disagree. It belongs to a
physical table, or to a cohort of them (`cohorts`), not to a read model: a table being rebuilt has its own checkpoints,
and a switch changes only `read_tables`.

Each version of a read model has tables of its own, so that several releases of the code share a database. The
table of a new version is building until it is complete: it answers for a business only what is wholly there.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from sqlalchemy import Connection, Dialect, Table, bindparam, delete, update
from sqlalchemy.dialects import sqlite

from projections.engine.checkpoint import Checkpoint, Stop, checkpoint_of
from projections.engine.checkpoint_tables import (
    CHECKPOINTS,
    COHORTS,
    PLACES,
    SHARED,
    STOPPED,
    is_stopped,
    lowest_of,
    metadata,
    read_of,
    read_tables,
    tables_of,
    versions_of,
)
from projections.engine.definition import Projection, fingerprint
from projections.engine.driver import run
from projections.engine.questions import Asked, plain
from projections.engine.rows import array
from projections.engine.served import BUILDING, DROPPING, LIVE, OLD, Which
from projections.engine.sqlite_engine import as_json

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

__all__ = [
    "BUILDING",
    "CHECKPOINTS",
    "COHORTS",
    "DROPPING",
    "LIVE",
    "OLD",
    "PLACES",
    "SHARED",
    "STOPPED",
    "Checkpoint",
    "Stop",
    "is_stopped",
    "metadata",
    "read_tables",
]

ERROR_LENGTH_MAX = 500
BUSINESSES_PER_QUERY = 1000


def error_text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:ERROR_LENGTH_MAX]


# Reading


def live_tables(connection: Connection, projections: Iterable[Projection]) -> dict[str, str]:
    """Projection name → the physical table that is live for its version; absent where none is."""
    return _by_name(connection, projections, "live")


def served_tables(connection: Connection, projections: Iterable[Projection]) -> dict[str, str]:
    """Projection name → its live table, or the one that is building; absent where none was made."""
    return _by_name(connection, projections, "served")


def _by_name(connection: Connection, projections: Iterable[Projection], which: Which) -> dict[str, str]:
    found = connection.execute(tables_of(versions_of(projections), which))
    return {row.projection: row.physical for row in found}


@dataclass(frozen=True, slots=True)
class Served:
    """A table that is kept fresh. An equal generation means that no checkpoint of it went back."""

    projection: str
    physical: str
    generation: int
    building: bool


def served(connection: Connection, projections: Iterable[Projection]) -> tuple[Served, ...]:
    """The tables of these versions that are live or building."""
    found = connection.execute(tables_of(versions_of(projections), "served"))
    return tuple(Served(row.projection, row.physical, row.generation, row.state == BUILDING) for row in found)


def _fingerprints(projections: Iterable[Projection]) -> dict[str, str]:
    return {projection.name: fingerprint(projection) for projection in projections}


def read(
    connection: Connection, projections: Collection[Projection], business_id: str
) -> dict[str, Checkpoint]:
    """Projection name → the checkpoint of its live table, or of the one building; absent only where none was made."""
    found = connection.execute(read_of(versions_of(projections)), {"business_id": business_id})
    by = _fingerprints(projections)
    return {row.projection: checkpoint_of(row, by.__getitem__) for row in found}


class _Found(NamedTuple):
    """A row of `served.read_of`."""

    projection: str
    physical: str
    generation: int
    state: str
    position: int | None
    stopped_at: int | None
    error: str | None
    stopped_by: str | None


class Look:
    """The checkpoints of the same read models, looked up again and again."""

    def __init__(self, projections: Collection[Projection], dialect: Dialect) -> None:
        statement = read_of(versions_of(projections)).text
        if dialect.name == "postgresql":
            statement = statement.replace(":business_id", "%(business_id)s")
        self._question = plain(statement, "business_id", columns=_Found._fields)
        self._by = _fingerprints(projections)

    def asked(self, business_id: str) -> Asked:
        return self._question.with_(business_id=business_id)

    def found(self, rows: Iterable[Mapping[str, Any]]) -> dict[str, Checkpoint]:
        """As `read`."""
        return {row["projection"]: checkpoint_of(_Found(**row), self._by.__getitem__) for row in rows}


def lowest(
    connection: Connection,
    projections: Iterable[Projection],
    tables: int,
    business_ids: Iterable[str],
    which: Which = "live",
) -> dict[str, int | None]:
    """Business → its lowest checkpoint over these tables that are not stopped (None: all are).

    `tables` is their number. Leaves out a business that lacks a checkpoint for one of them.
    """
    found: dict[str, int | None] = {}
    statement = lowest_of(versions_of(projections), which, connection.dialect.name)
    remaining = iter(business_ids)
    while chunk := list(islice(remaining, BUSINESSES_PER_QUERY)):
        asked = chunk if connection.dialect.name == "postgresql" else as_json(chunk)
        for row in connection.execute(statement, {"business_ids": asked, "tables": tables}):
            found[row.business_id] = row.position
    return found


# Moving


Move: TypeAlias = tuple[str, Checkpoint, Checkpoint]
"""The business, where its checkpoint was, and where it belongs now."""

_MOVE = (
    update(CHECKPOINTS)
    .where(CHECKPOINTS.c.business_id == bindparam("of_business"))
    .where(CHECKPOINTS.c.physical == bindparam("of_table"))
    .where(CHECKPOINTS.c.position == bindparam("from_position"))
    .values(
        {name: bindparam(name) for name in ("position", "stopped_at", "error", "stopped_by", "updated_at")}
    )
)
_MOVE_ARRAYS = """
UPDATE checkpoints
   SET position = given.position, stopped_at = given.stopped_at, error = given.error,
       stopped_by = given.stopped_by, updated_at = %(updated_at)s
  FROM unnest(%(of_business)s::text[], %(of_table)s::text[], %(from_position)s::bigint[],
              %(position)s::bigint[], %(stopped_at)s::bigint[], %(error)s::text[], %(stopped_by)s::text[])
       AS given (of_business, of_table, from_position, position, stopped_at, error, stopped_by)
 WHERE business_id = of_business AND physical = of_table AND checkpoints.position = from_position
RETURNING 1
"""


def move(
    connection: Connection, moves: Sequence[Move], now_ms: int, projections: Iterable[Projection] = ()
) -> bool:
    """Move tables' own checkpoints, each from where it was; False when another transaction has moved one meanwhile.

    A stop is told to be of these read models. One that is of none is tried again by the runner.
    """
    if not moves:
        return True
    by = _fingerprints(projections)
    bound = [
        {
            "of_business": business_id,
            "of_table": before.physical,
            "from_position": before.position,
            "position": after.position,
            **stop_columns(after, by),
        }
        for business_id, before, after in moves
    ]
    if connection.dialect.name == "postgresql":
        arrays: dict[str, Any] = {name: array(each[name] for each in bound) for name in bound[0]}
        moved = run(connection, _MOVE_ARRAYS, arrays | {"updated_at": now_ms})
        return len(moved.fetchall()) == len(moves)
    return connection.execute(_MOVE, [{**each, "updated_at": now_ms} for each in bound]).rowcount == len(
        moves
    )


def stop_columns(checkpoint: Checkpoint, fingerprints: Mapping[str, str]) -> dict[str, int | str | None]:
    """The columns that tell why a table has stopped."""
    stop = checkpoint.stop
    return {
        "stopped_at": stop.position if stop else None,
        "error": stop.error if stop else None,
        "stopped_by": fingerprints.get(checkpoint.projection) if stop else None,
    }


def promote(connection: Connection, physical: str) -> bool:
    """Make the table of a new version the live one; False when it no longer was building."""
    promoted = connection.execute(
        update(read_tables)
        .where(read_tables.c.physical == physical, read_tables.c.state == BUILDING)
        .values(state=LIVE)
    )
    return promoted.rowcount == 1


def clear_stop(connection: Connection, projection: Projection, business_id: str) -> bool:
    """Let a stopped table try again; False when it was not stopped."""
    physical = served_tables(connection, [projection]).get(projection.name)
    cleared = connection.execute(
        update(CHECKPOINTS)
        .where(CHECKPOINTS.c.physical == physical, CHECKPOINTS.c.business_id == business_id)
        .where(CHECKPOINTS.c.stopped_at.is_not(None))
        .values(stopped_at=None, error=None, stopped_by=None)
    )
    connection.execute(
        update(read_tables)
        .where(read_tables.c.physical == physical)
        .values(generation=read_tables.c.generation + 1)
    )
    return cleared.rowcount == 1


def forget(connection: Connection, physical: str) -> None:
    """Take away every checkpoint of a table, and the table from its cohorts. Call it within `ReadTables.altering()`."""
    connection.execute(delete(CHECKPOINTS).where(CHECKPOINTS.c.physical == physical))
    connection.execute(delete(COHORTS).where(COHORTS.c.physical == physical))


def inserting(dialect: Dialect, table: Table) -> "postgresql.Insert | sqlite.Insert":
    """An INSERT with ON CONFLICT in the dialect of the database."""
    if dialect.name == "sqlite":
        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql

    return postgresql.insert(table)
