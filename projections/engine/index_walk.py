"""A page of a filtered list at the cost of the page: walk one index in the order of the list, look up the rest.

A filter is a `Source`: legs that give keys of the list in its order, straight from an index. `walk` takes the
filter with the fewest keys, a window of keys at a time. It looks up the rows of a window by their keys, judges them
by all conditions, and ends when the page is full. Keys of a filter are counted only up to `PROBE`, so a filter that
lets the whole table through costs no more to count.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    FromClause,
    Select,
    func,
    literal,
    select,
    union,
)

from projections.engine.definition import Row

T = TypeVar("T")

PROBE = 1_000
"""Keys that are counted of each leg of a filter, at most."""
WINDOW_MAX = 2_000
ALL = 2**31 - 1
LEGS_MAX = 400
"""Legs of a source, at most: SQLite takes no more than 500 SELECTs in one statement."""
WALKED_MAX = 4_000
"""Keys that are walked before a filter that has to be sorted is tried instead."""

ListKey: TypeAlias = tuple[Any, ...]
"""The values that a list is ordered by: unique for each row and never changed."""
Leg: TypeAlias = Callable[[ListKey | None, int], Select[Any]]
"""From a key and a limit, the query for at most so many keys behind it: the next in the list's order, or any."""
Look: TypeAlias = Callable[[Sequence[ListKey], int], list[Row]]
"""The rows at these keys that meet every condition, in the order of the list."""

INDEXES_ONLY = (
    "SELECT set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),"
    " set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),"
    " set_config('enable_sort', 'off', true), set_config('plan_cache_mode', 'auto', true)"
)
"""Settings of a walking transaction on PostgreSQL: the planner has to use the index, even while a table grows
faster than its statistics."""


@dataclass(frozen=True)
class Source:
    """The keys that one filter lets through, possibly with others: rows are judged afterwards.

    `in_order` is false when the index holds the keys in another order: then all keys of the legs are read and
    sorted. Such a leg wraps its key in `unindexed`, so that the key itself is not looked up.
    """

    legs: Sequence[Leg]
    in_order: bool = True


@dataclass(frozen=True)
class FilteredList:
    """A list in the order of its key. `everything` walks all of it."""

    everything: Leg
    look: Look
    sources: Sequence[Source]
    descending: bool = False


def use_indexes(connection: Connection) -> None:
    """Make PostgreSQL use indexes in the rest of this transaction; SQLite does so anyway."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(INDEXES_ONLY)


def walk(connection: Connection, walked: FilteredList, after: ListKey | None, limit: int) -> list[Row]:
    """At most `limit` rows behind a key."""
    use_indexes(connection)
    source = _narrowest(connection, walked, after)
    reserve = next((other for other in walked.sources if not other.in_order), None)
    found: list[Row] = []
    passed, window = 0, min(limit, WINDOW_MAX)
    while len(found) < limit:
        keys = _keys(connection, walked, source, after, window)
        found += walked.look(keys, limit - len(found)) if keys else []
        if len(keys) < window:
            break
        after, passed, window = keys[-1], passed + len(keys), min(4 * window, WINDOW_MAX)
        if passed >= WALKED_MAX and reserve is not None:
            source, reserve = reserve, None
    return found[:limit]


def _narrowest(connection: Connection, walked: FilteredList, after: ListKey | None) -> Source:
    everything = Source((walked.everything,))
    if len(walked.sources) == 1 and walked.sources[0].in_order:
        return walked.sources[0]
    held = [(_count(connection, source, after), source) for source in walked.sources]
    usable = [(count, source) for count, source in held if source.in_order or count < PROBE]
    return min(usable, key=lambda each: each[0])[1] if usable else everything


def _count(connection: Connection, source: Source, after: ListKey | None) -> int:
    """The number of keys of all legs, each leg counted up to PROBE."""
    held = _all_of([leg(after, PROBE) for leg in source.legs]).subquery()
    return connection.scalar(select(func.count()).select_from(held)) or 0


def _keys(
    connection: Connection, walked: FilteredList, source: Source, after: ListKey | None, window: int
) -> list[ListKey]:
    """The next keys of all legs, each once."""
    each = window if source.in_order else ALL
    keys = _all_of([leg(after, each) for leg in source.legs]).subquery()
    order = [column.desc() if walked.descending else column for column in keys.columns]
    return [tuple(key) for key in connection.execute(select(keys).order_by(*order).limit(window))]


def _all_of(asked: Sequence[Select[Any]]) -> Select[Any] | CompoundSelect[Any]:
    """The union of several limited queries, each key once."""
    return asked[0] if len(asked) == 1 else union(*(select(each.subquery()) for each in asked))


def unindexed(column: ColumnElement[T]) -> ColumnElement[T]:
    """The column in a form that no index matches, so that the planner keeps to the index that is meant.

    Without statistics PostgreSQL expects a single row from equality on two columns of an index, and cannot tell a
    good index from a bad one.
    """
    same: ColumnElement[T] = func.coalesce(column, column)
    return same


def there_is(table: FromClause, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether the table has such a row, looked up separately for each row of the list.

    EXISTS means the same, but PostgreSQL may turn it into a join that reads the whole table.
    """
    found = select(literal(1)).select_from(table).where(*conditions).limit(1)
    return found.scalar_subquery().is_not(None)
