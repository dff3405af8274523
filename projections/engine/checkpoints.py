"""Checkpoints: the position each read table has reached in each ledger, and the table that is live for a read model.

A checkpoint is moved in the transaction that writes the rows, so the two can never disagree. It belongs to a
physical table, not to a read model: a table being rebuilt has its own checkpoints, and a switch changes only
`read_tables`.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, TypeAlias

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Index,
    Integer,
    MetaData,
    Row,
    Select,
    Table,
    Text,
    any_,
    bindparam,
    func,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from projections.engine.definition import Projection
from projections.engine.rows import array

ERROR_LENGTH_MAX = 500
BUSINESSES_PER_QUERY = 1000

LIVE, BUILDING, OLD = "live", "building", "old"

metadata = MetaData()

CHECKPOINTS = Table(
    "checkpoints",
    metadata,
    Column("business_id", Text, primary_key=True),
    Column("physical", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("stopped_at", BigInteger),
    Column("error", Text),
    Column("updated_at", BigInteger, nullable=False),
    # Room on each page, so that moving a checkpoint touches no index.
    postgresql_with={"fillfactor": 50},
)

read_tables = Table(
    "read_tables",
    metadata,
    Column("physical", Text, primary_key=True),
    Column("projection", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    # Raised when a checkpoint may count as lower than before. A runner that remembers checkpoints compares it.
    Column("generation", BigInteger, nullable=False, default=1),
)
Index(
    "read_tables_live",
    read_tables.c.projection,
    read_tables.c.version,
    unique=True,
    postgresql_where=read_tables.c.state == LIVE,
    sqlite_where=read_tables.c.state == LIVE,
)


@dataclass(frozen=True, slots=True)
class Stop:
    """The reason why a read table takes no more facts of a business: the failed position and its error."""

    position: int
    error: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The last position contained in the table (0: none). Everything up to it is there, nothing after it."""

    projection: str
    physical: str
    position: int
    stop: Stop | None = None


def error_text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:ERROR_LENGTH_MAX]


Versions: TypeAlias = tuple[tuple[str, int], ...]


def _versions(projections: Iterable[Projection]) -> Versions:
    return tuple((projection.name, projection.version) for projection in projections)


# Statements: composed once for each set of read models, because composing costs more than running them.


@lru_cache(maxsize=256)
def _live(versions: Versions) -> Select[Any]:
    wanted = tuple_(read_tables.c.projection, read_tables.c.version).in_(versions)
    return (
        select(read_tables.c.projection, read_tables.c.physical, read_tables.c.generation)
        .where(read_tables.c.state == LIVE, wanted)
        # The same order everywhere, so that two processes that make the same checkpoints cannot deadlock.
        .order_by(read_tables.c.physical)
    )


_OWN = (CHECKPOINTS.c.physical == read_tables.c.physical) & (
    CHECKPOINTS.c.business_id == bindparam("business_id", type_=Text)
)
_PLACE = (CHECKPOINTS.c.position, CHECKPOINTS.c.stopped_at, CHECKPOINTS.c.error)


@lru_cache(maxsize=256)
def _read(versions: Versions) -> Select[Any]:
    return _live(versions).outerjoin_from(read_tables, CHECKPOINTS, _OWN).add_columns(*_PLACE)


def _of_businesses(dialect: str) -> ColumnElement[bool]:
    """The businesses as one array on PostgreSQL, so that the statement does not depend on their number."""
    own = CHECKPOINTS.c.business_id
    if dialect == "postgresql":
        return own == any_(bindparam("business_ids", type_=ARRAY(Text)))
    return own.in_(bindparam("business_ids", expanding=True))


@lru_cache(maxsize=256)
def _lock(versions: Versions, dialect: str) -> Select[Any]:
    return (
        _live(versions)
        .join_from(read_tables, CHECKPOINTS, CHECKPOINTS.c.physical == read_tables.c.physical)
        .where(_of_businesses(dialect))
        .add_columns(CHECKPOINTS.c.business_id, *_PLACE)
        .with_for_update(of=CHECKPOINTS, skip_locked=True)
    )


@lru_cache(maxsize=256)
def _lowest(versions: Versions, dialect: str) -> Select[Any]:
    running = func.min(CHECKPOINTS.c.position).filter(CHECKPOINTS.c.stopped_at.is_(None))
    return (
        _live(versions)
        .join_from(read_tables, CHECKPOINTS, CHECKPOINTS.c.physical == read_tables.c.physical)
        .with_only_columns(CHECKPOINTS.c.business_id, running.label("position"))
        .where(_of_businesses(dialect))
        .order_by(None)
        .group_by(CHECKPOINTS.c.business_id)
        .having(func.count() == bindparam("tables", type_=Integer))
    )


# Reading


def live_tables(connection: Connection, projections: Iterable[Projection]) -> dict[str, str]:
    """Projection name → the physical table that is live for its version; absent where none was made."""
    return {row.projection: row.physical for row in connection.execute(_live(_versions(projections)))}


def generations(connection: Connection, projections: Iterable[Projection]) -> tuple[tuple[str, int], ...]:
    """The live tables with their generations. An equal result means that no checkpoint went back."""
    found = connection.execute(_live(_versions(projections)))
    return tuple((row.physical, row.generation) for row in found)


def _checkpoint(row: Row[Any]) -> Checkpoint:
    stop = None if row.stopped_at is None else Stop(row.stopped_at, row.error)
    return Checkpoint(row.projection, row.physical, row.position or 0, stop)


def read(
    connection: Connection, projections: Iterable[Projection], business_id: str
) -> dict[str, Checkpoint]:
    """Projection name → its live table's checkpoint; absent only where no table was made."""
    found = connection.execute(_read(_versions(projections)), {"business_id": business_id})
    return {row.projection: _checkpoint(row) for row in found}


def lock(
    connection: Connection, projections: Iterable[Projection], business_ids: Collection[str]
) -> dict[str, list[Checkpoint]]:
    """Business → the checkpoints of its live tables, locked until the transaction ends.

    Leaves out checkpoints that are locked elsewhere or do not exist yet. Never waits for a lock.
    """
    statement = _lock(_versions(projections), connection.dialect.name)
    found: dict[str, list[Checkpoint]] = {business_id: [] for business_id in business_ids}
    for row in connection.execute(statement, {"business_ids": list(business_ids)}):
        found[row.business_id].append(_checkpoint(row))
    return found


def lowest(
    connection: Connection, projections: Iterable[Projection], tables: int, business_ids: Iterable[str]
) -> dict[str, int | None]:
    """Business → its lowest checkpoint over the live tables that are not stopped (None: all are).

    `tables` is the number of live tables. Leaves out a business that lacks a checkpoint for one of them.
    """
    found: dict[str, int | None] = {}
    remaining = iter(business_ids)
    while chunk := list(islice(remaining, BUSINESSES_PER_QUERY)):
        bound = {"business_ids": chunk, "tables": tables}
        for row in connection.execute(_lowest(_versions(projections), connection.dialect.name), bound):
            found[row.business_id] = row.position
    return found


# Making and moving


def open_missing(
    connection: Connection, projections: Iterable[Projection], business_ids: Iterable[str], now_ms: int
) -> bool:
    """Make checkpoints at position 0 for the live tables that have none; False when none was missing.

    Keeps the same order everywhere, so that two processes that make the same checkpoints cannot deadlock.
    """
    ids = sorted(business_ids)
    live = sorted(live_tables(connection, projections).values())
    there = select(CHECKPOINTS.c.business_id, CHECKPOINTS.c.physical)
    found = connection.execute(there.where(_of_businesses(connection.dialect.name)), {"business_ids": ids})
    known = {(row.business_id, row.physical) for row in found}
    missing = [
        {"business_id": business_id, "physical": physical, "position": 0, "updated_at": now_ms}
        for business_id in ids
        for physical in live
        if (business_id, physical) not in known
    ]
    if missing:
        connection.execute(inserting(connection.dialect, CHECKPOINTS).on_conflict_do_nothing(), missing)
    return bool(missing)


def open_checkpoint(connection: Connection, physical: str, business_id: str, now_ms: int) -> None:
    """Make a checkpoint at position 0 if there is none."""
    connection.execute(
        inserting(connection.dialect, CHECKPOINTS).on_conflict_do_nothing(),
        {"business_id": business_id, "physical": physical, "position": 0, "updated_at": now_ms},
    )


Move: TypeAlias = tuple[str, Checkpoint, Checkpoint]
"""The business, where its checkpoint was, and where it belongs now."""

_MOVE = (
    update(CHECKPOINTS)
    .where(CHECKPOINTS.c.business_id == bindparam("of_business"))
    .where(CHECKPOINTS.c.physical == bindparam("of_table"))
    .where(CHECKPOINTS.c.position == bindparam("from_position"))
    .values({name: bindparam(name) for name in ("position", "stopped_at", "error", "updated_at")})
)
_MOVE_ARRAYS = """
UPDATE checkpoints
   SET position = given.position, stopped_at = given.stopped_at, error = given.error,
       updated_at = %(updated_at)s
  FROM unnest(%(of_business)s::text[], %(of_table)s::text[], %(from_position)s::bigint[],
              %(position)s::bigint[], %(stopped_at)s::bigint[], %(error)s::text[])
       AS given (of_business, of_table, from_position, position, stopped_at, error)
 WHERE business_id = of_business AND physical = of_table AND checkpoints.position = from_position
"""


def move(connection: Connection, moves: Sequence[Move], now_ms: int) -> bool:
    """Move checkpoints, each from where it was; False when another transaction has moved one meanwhile."""
    if not moves:
        return True
    bound = [
        {
            "of_business": business_id,
            "of_table": before.physical,
            "from_position": before.position,
            "position": after.position,
            "stopped_at": after.stop.position if after.stop else None,
            "error": after.stop.error if after.stop else None,
        }
        for business_id, before, after in moves
    ]
    if connection.dialect.name == "postgresql":
        arrays: dict[str, Any] = {name: array(each[name] for each in bound) for name in bound[0]}
        moved = connection.exec_driver_sql(_MOVE_ARRAYS, arrays | {"updated_at": now_ms})
    else:
        moved = connection.execute(_MOVE, [{**each, "updated_at": now_ms} for each in bound])
    return moved.rowcount == len(moves)


def clear_stop(connection: Connection, projection: Projection, business_id: str) -> bool:
    """Let a stopped table try again; False when it was not stopped."""
    physical = live_tables(connection, [projection]).get(projection.name)
    cleared = connection.execute(
        update(CHECKPOINTS)
        .where(CHECKPOINTS.c.physical == physical, CHECKPOINTS.c.business_id == business_id)
        .where(CHECKPOINTS.c.stopped_at.is_not(None))
        .values(stopped_at=None, error=None)
    )
    connection.execute(
        update(read_tables)
        .where(read_tables.c.physical == physical)
        .values(generation=read_tables.c.generation + 1)
    )
    return cleared.rowcount == 1


def inserting(dialect: Dialect, table: Table) -> "postgresql.Insert | sqlite.Insert":
    """An INSERT with ON CONFLICT in the dialect of the database."""
    return postgresql.insert(table) if dialect.name == "postgresql" else sqlite.insert(table)
