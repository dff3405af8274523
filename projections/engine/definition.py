"""The definition of a read model: a table and a pure function from facts to the table's rows.

The same value runs live in small batches, in a rebuild, in a check and, folded in memory, for one thing at
any moment of its past. Any split of the ledger into batches gives the same rows, so `row` and `rows` must
depend on their arguments alone, and a value put into a column must come back from it as it went in.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, TypeAlias

from sqlalchemy import BigInteger, Column, Connection, Dialect, MetaData, String, Table, Text, event
from sqlalchemy.sql.elements import quoted_name
from sqlalchemy.types import TypeDecorator

from domain.fact import Fact
from domain.ledger.mapper import Recorded
from domain.moments import from_milliseconds, to_milliseconds
from projections.engine.served import physical_name_of

Key: TypeAlias = tuple[Any, ...]
"""The values of the primary key after `business_id`: text, whole numbers, dates or moments."""
Place: TypeAlias = tuple[Any, ...]
"""The values of the whole primary key: the business, then the key."""
Row: TypeAlias = dict[str, Any]
"""Column → value, every column of the table."""

NAME = re.compile(r"[a-z][a-z_]{0,29}")
FILLED_PERCENT = "filled_percent"
"""In the `info` of a table: how full PostgreSQL makes its pages. A row that changes then stays on its page."""


class Moment(TypeDecorator[datetime]):
    """A moment in UTC, kept as whole milliseconds since 1970: the same on every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else to_milliseconds(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else from_milliseconds(value)


@dataclass(frozen=True)
class Keyed:
    """One row for each key, replaced as facts come.

    `keys` names the rows that a fact touches. `row` makes each of them from the row before (None: there was
    none), or gives None to delete it. The row before holds every column and must not be changed. Columns that
    `row` leaves out become NULL; those of the primary key are filled in.
    """

    name: str
    version: int
    table: Table
    handles: frozenset[type[Fact]]
    keys: Callable[[Recorded], Sequence[Key]]
    row: Callable[[Row | None, Recorded, Key], Row | None]
    by_zone: Callable[[Row], Row] | None = None
    """Computes the columns anew that the rules of `time_zone` make. The row keeps their mark as `rules`."""
    by_stream: bool = False
    """Whether every row is made of facts of one stream alone, so that it can be made stream by stream. Else the facts
    of a ledger are folded in their order."""
    stream_column: str | None = None
    """The column that holds the id of that stream; None: no column does."""
    step: Callable[[Row | None, Recorded, Key], Row | None] | None = None
    """`row` without the columns that `finish` computes, for folding many facts at once. Its rows need only the columns
    that it reads, and it may change the row before, which nobody else has."""
    finish: Callable[[Row], Row] | None = None
    """Makes the row of what the last `step` left, which it may change."""

    def __post_init__(self) -> None:
        _check(self)


@dataclass(frozen=True)
class Log:
    """Rows that are only ever added: `rows` gives those of one fact, without `business_id`.

    The primary key must tell the rows of all facts apart (a position in it does), so that adding a row a
    second time changes nothing.
    """

    name: str
    version: int
    table: Table
    handles: frozenset[type[Fact]]
    rows: Callable[[Recorded], Sequence[Row]]
    by_stream: bool = False
    """Whether no two streams make a row with the same key."""
    stream_column: str | None = None
    """The column that holds the id of the stream; None: no column does."""

    def __post_init__(self) -> None:
        _check(self)


Projection: TypeAlias = Keyed | Log


def _check(projection: Projection) -> None:
    primary = [column.name for column in projection.table.primary_key]
    if not NAME.fullmatch(projection.name):
        raise TypeError(f"{projection.name!r} must be up to 30 small letters and underscores")
    if projection.version < 1:
        raise TypeError(f"{projection.name}: versions count from 1")
    if primary[:1] != ["business_id"] or len(primary) < 2:
        raise TypeError(f"{projection.name}: the primary key begins with business_id and goes on")


@lru_cache(maxsize=256)
def fingerprint(projection: Projection) -> str:
    """What tells this read model from the same one in code that might get past a fact at which it stopped."""
    facts = sorted((fact.stored_name, fact.stored_version) for fact in projection.handles)
    return sha256(repr((projection.name, projection.version, facts)).encode()).hexdigest()[:16]


def physical_name(projection: Projection, *, shadow: bool = False) -> str:
    """The name of the table that holds this version; `shadow`: a rebuild of it beside the live one."""
    return physical_name_of(projection.name, projection.version, shadow=shadow)


@lru_cache(maxsize=256)
def physical_table(table: Table, physical: str) -> Table:
    """The same table under another name. Its indexes get unique names, because all tables share one schema.

    Text is compared by its bytes, as in the ledger and on SQLite, whatever the collation of the database.
    """
    copy = table.to_metadata(MetaData(), name=physical)
    for column in copy.columns:
        if isinstance(column.type, String):
            column.type = column.type.with_variant(Text(collation="C"), "postgresql")
    for number, index in enumerate(sorted(copy.indexes, key=lambda index: str(index.name)), start=1):
        index.name = quoted_name(f"{physical}_ix{number}", quote=False)
    if FILLED_PERCENT in table.info:
        leave_room(copy, table.info[FILLED_PERCENT])
    return copy


def leave_room(table: Table, percent: int) -> None:
    """Have PostgreSQL fill the pages of a table up to so many percent.

    Said by a statement, as an option of the dialect would import its modules on SQLite too.
    """

    @event.listens_for(table, "after_create")
    def fill(_: Table, connection: Connection, **__: Any) -> None:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"ALTER TABLE {table.name} SET (fillfactor = {percent})")


@lru_cache(maxsize=256)
def key_columns(table: Table) -> tuple[Column[Any], ...]:
    """The columns of the primary key after `business_id`."""
    return tuple(table.primary_key)[1:]


@lru_cache(maxsize=256)
def key_names(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in key_columns(table))


@lru_cache(maxsize=256)
def _blank(table: Table) -> Row:
    return dict.fromkeys(column.name for column in table.columns)


def _whole(projection: Projection, named: Row, business_id: str) -> Row:
    """The row with every column, NULL where not named. Raises ValueError for an unknown column."""
    whole = {**_blank(projection.table), **named, "business_id": business_id}
    if len(whole) != len(projection.table.columns):
        unknown = sorted(named.keys() - _blank(projection.table).keys())
        raise ValueError(f"{projection.name} has no column {', '.join(unknown)}")
    return whole


def changed_rows(
    projection: Keyed, rows: Mapping[Key, Row | None], recorded: Recorded, keys: Sequence[Key]
) -> dict[Key, Row | None]:
    """The rows that one fact touches, after it. `rows` stays as it is, so a failure changes nothing."""
    changed: dict[Key, Row | None] = {}
    for key in dict.fromkeys(keys):
        after = projection.row(rows.get(key), recorded, key)
        if after is not None:
            after = _whole(projection, after, recorded.business_id)
            after.update(zip(key_names(projection.table), key, strict=True))
        changed[key] = after
    return changed


def added_rows(projection: Log, recorded: Recorded) -> dict[Key, Row]:
    """The rows that one fact adds, by key."""
    added: dict[Key, Row] = {}
    for named in projection.rows(recorded):
        row = _whole(projection, named, recorded.business_id)
        added.setdefault(tuple(row[name] for name in key_names(projection.table)), row)
    return added


def fold(projection: Projection, facts: Iterable[Recorded]) -> dict[Key, Row]:
    """The rows that facts of one business make, in memory: for one thing, for the past, for a check."""
    rows: dict[Key, Row | None] = {}
    for recorded in facts:
        if type(recorded.fact) not in projection.handles:
            continue
        if isinstance(projection, Keyed):
            rows.update(changed_rows(projection, rows, recorded, projection.keys(recorded)))
        else:
            for key, row in added_rows(projection, recorded).items():
                rows.setdefault(key, row)
    return {key: row for key, row in rows.items() if row is not None}
