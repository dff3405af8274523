"""The tables of checkpoints and of read tables, and the questions asked of them.

A question is composed once for each set of read models, because composing costs more than asking.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, TypeAlias

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    Select,
    Table,
    Text,
    TextClause,
    and_,
    any_,
    bindparam,
    event,
    func,
    select,
    text,
    tuple_,
)

from projections.engine import served
from projections.engine.definition import Projection, fingerprint, leave_room
from projections.engine.served import LIVE, Which

metadata = MetaData()

CHECKPOINTS = Table(
    "checkpoints",
    metadata,
    Column("business_id", Text, primary_key=True),
    Column("physical", Text, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("stopped_at", BigInteger),
    Column("error", Text),
    # The fingerprint of the read model that stopped. The stop is void for any other.
    Column("stopped_by", Text),
    Column("updated_at", BigInteger, nullable=False),
)
leave_room(CHECKPOINTS, 50)  # moving a checkpoint then touches no index
STOPPED = "checkpoints_stopped"
INDEX_STOPPED = f"CREATE INDEX {STOPPED} ON checkpoints (physical) WHERE stopped_at IS NOT NULL"
"""Said as statements, here and below: an option of the dialect would import PostgreSQL's modules on SQLite too."""

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


@event.listens_for(read_tables, "after_create")
def _allow_one_live_table(_: Table, connection: Connection, **__: Any) -> None:
    connection.exec_driver_sql(
        f"CREATE UNIQUE INDEX read_tables_live ON read_tables (projection, version) WHERE state = '{LIVE}'"
    )


Versions: TypeAlias = tuple[tuple[str, int, str], ...]
"""Of each read model: name, version, fingerprint."""


def versions_of(projections: Iterable[Projection]) -> Versions:
    return tuple((each.name, each.version, fingerprint(each)) for each in projections)


def _named(versions: Versions) -> tuple[served.Named, ...]:
    return tuple((name, version) for name, version, _ in versions)


@lru_cache(maxsize=256)
def tables_of(versions: Versions, which: Which) -> Select[Any]:
    columns = ("projection", "physical", "generation", "state")
    return (
        select(*(read_tables.c[name] for name in columns))
        .where(text(served.chosen(_named(versions), which)))
        # The same order everywhere, so that two processes that make the same checkpoints cannot deadlock.
        .order_by(read_tables.c.physical)
    )


_PLACE = tuple(CHECKPOINTS.c[name] for name in ("position", "stopped_at", "error", "stopped_by"))


@lru_cache(maxsize=256)
def read_of(versions: Versions) -> TextClause:
    return text(served.read_of(_named(versions)))


def of_businesses(dialect: str) -> ColumnElement[bool]:
    """The businesses as one array on PostgreSQL, so that the statement does not depend on their number."""
    own = CHECKPOINTS.c.business_id
    if dialect == "postgresql":
        return own == any_(bindparam("business_ids", type_=ARRAY(Text)))
    return own.in_(bindparam("business_ids", expanding=True))


def _with_checkpoints(versions: Versions, which: Which) -> Select[Any]:
    same = CHECKPOINTS.c.physical == read_tables.c.physical
    return tables_of(versions, which).join_from(read_tables, CHECKPOINTS, same)


def is_stopped(projections: Iterable[Projection]) -> ColumnElement[bool]:
    """Whether a checkpoint has stopped, in the eyes of this code. Needs `read_tables` beside `CHECKPOINTS`."""
    return _is_stopped(versions_of(projections))


def _is_stopped(versions: Versions) -> ColumnElement[bool]:
    ours = tuple_(read_tables.c.projection, func.coalesce(CHECKPOINTS.c.stopped_by, ""))
    return and_(CHECKPOINTS.c.stopped_at.is_not(None), ours.in_([(name, by) for name, _, by in versions]))


@lru_cache(maxsize=256)
def lock_of(versions: Versions, which: Which, dialect: str) -> Select[Any]:
    return (
        _with_checkpoints(versions, which)
        .where(of_businesses(dialect))
        .add_columns(CHECKPOINTS.c.business_id, *_PLACE)
        .with_for_update(of=CHECKPOINTS, skip_locked=True)
    )


@lru_cache(maxsize=256)
def lowest_of(versions: Versions, which: Which, dialect: str) -> Select[Any]:
    running = func.min(CHECKPOINTS.c.position).filter(~_is_stopped(versions))
    return (
        _with_checkpoints(versions, which)
        .with_only_columns(CHECKPOINTS.c.business_id, running.label("position"))
        .where(of_businesses(dialect))
        .order_by(None)
        .group_by(CHECKPOINTS.c.business_id)
        .having(func.count() == bindparam("tables", type_=Integer))
    )
