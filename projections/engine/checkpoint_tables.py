"""The tables of checkpoints and of read tables, and the questions asked of them.

Tables that stand at the same position of a ledger share a checkpoint: the row with no table's name, which names their
cohort. A table that stands elsewhere, or has stopped, has a row of its own. In a ledger a table has one of the two.

A question is composed once for each set of read models, because composing costs more than asking.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, TypeAlias

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    Select,
    Subquery,
    Table,
    Text,
    TextClause,
    and_,
    event,
    func,
    null,
    select,
    text,
    tuple_,
    union_all,
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
    # Of the row that is shared: whose it is.
    Column("cohort", Text),
)
leave_room(CHECKPOINTS, 50)  # moving a checkpoint then touches no index
SHARED = served.SHARED
COHORTS = Table(
    "cohorts",
    metadata,
    Column("cohort", Text, primary_key=True),
    Column("physical", Text, primary_key=True),
)
"""The tables of each cohort. None is added to it later: another set of tables is another cohort."""
STOPPED = "checkpoints_stopped"
INDEX_STOPPED = f"CREATE INDEX {STOPPED} ON checkpoints (physical) WHERE stopped_at IS NOT NULL"
"""Said as statements, here and below: an option of the dialect would import PostgreSQL's modules on SQLite too."""

ALTERING = 0x6361726E6574
"""The PostgreSQL advisory lock of those who make, switch or drop read tables ("carnet"). A runner shares it, so that a
table and its cohorts stay until its transaction ends, and so does whoever makes a cohort."""
LOCK_SHARED = f"pg_advisory_xact_lock_shared({ALTERING})"
TRY_SHARED = f"pg_try_advisory_xact_lock_shared({ALTERING})"

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


def _places() -> Subquery:
    """Business, table and its place, whether the row is its own or shared."""
    own, shared = CHECKPOINTS.c, CHECKPOINTS.join(COHORTS, COHORTS.c.cohort == CHECKPOINTS.c.cohort)
    columns = (own.position, own.stopped_at, own.error, own.stopped_by)
    nothing = (null().label(name) for name in ("stopped_at", "error", "stopped_by"))
    alone = select(own.business_id, own.physical, *columns).where(own.physical != SHARED)
    together = select(own.business_id, COHORTS.c.physical, own.position, *nothing)
    return union_all(alone, together.select_from(shared).where(own.physical == SHARED)).subquery("places")


PLACES = _places()
"""The checkpoint of every table in every ledger, for questions. Writers lock and write the rows themselves."""


@lru_cache(maxsize=256)
def read_of(versions: Versions) -> TextClause:
    return text(served.read_of(_named(versions)))


def is_stopped(projections: Iterable[Projection]) -> ColumnElement[bool]:
    """Whether a checkpoint has stopped, in the eyes of this code. Needs `read_tables` beside `CHECKPOINTS`."""
    ours = tuple_(read_tables.c.projection, func.coalesce(CHECKPOINTS.c.stopped_by, ""))
    named = [(name, by) for name, _, by in versions_of(projections)]
    return and_(CHECKPOINTS.c.stopped_at.is_not(None), ours.in_(named))


@lru_cache(maxsize=256)
def lowest_of(versions: Versions, which: Which, dialect: str) -> TextClause:
    """The lowest position of the businesses `:business_ids`, of those with a place for each of `:tables` tables.

    The tables of a cohort are counted once, and not in each business.
    """
    asked = (
        "= ANY (:business_ids)"
        if dialect == "postgresql"
        else "IN (SELECT value FROM json_each(:business_ids))"
    )
    chosen = served.chosen(_named(versions), which)
    ours = " OR ".join(
        f"read_tables.projection = '{name}' AND stopped_by = '{by}'" for name, _, by in versions
    )
    return text(
        "SELECT business_id, min(position) AS position FROM ("
        "SELECT checkpoints.business_id, checkpoints.position, held.tables"
        " FROM (SELECT cohorts.cohort, count(*) AS tables FROM cohorts JOIN read_tables"
        f" ON read_tables.physical = cohorts.physical WHERE {chosen} GROUP BY cohorts.cohort) AS held"
        " JOIN checkpoints ON checkpoints.cohort = held.cohort"
        f" WHERE checkpoints.business_id {asked} AND checkpoints.physical = '{SHARED}'"
        " UNION ALL "
        "SELECT checkpoints.business_id,"
        f" CASE WHEN stopped_at IS NULL OR NOT coalesce({ours or '1 = 0'}, false) THEN position END, 1"
        " FROM checkpoints JOIN read_tables ON read_tables.physical = checkpoints.physical"
        f" WHERE checkpoints.business_id {asked} AND {chosen}"
        ") AS found GROUP BY business_id HAVING sum(tables) = :tables"
    )
