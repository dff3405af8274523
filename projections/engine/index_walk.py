"""A page of a filtered list at the cost of the page: walk one index in the order of the list, look up the rest.

A filter is a `Source`: legs, each of which gives keys of the list in its order straight from an index. Of the
filters that are asked for, the one that holds the fewest keys is walked, a window at a time; the rows of a window
are found by their keys and judged by all conditions at once, until the page is full. Which filter holds few is
looked up by counting, never further than `PROBE`, so a filter that holds a whole table costs no more to judge.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import ColumnElement, CompoundSelect, Connection, Select, Table, func, literal, select, union

from projections.engine.definition import Row

T = TypeVar("T")

PROBE = 1_000
"""Keys that are counted of a filter, at the most."""
WINDOW_MAX = 2_000
ALL = 2**31 - 1
LEGS_MAX = 400
"""SQLite takes no more than 500 questions in one."""
WALKED_MAX = 4_000
"""Keys that are walked through before a filter that has to be sorted is tried instead."""

ListKey: TypeAlias = tuple[Any, ...]
"""What a list is ordered by; it tells its rows apart and never changes."""
Leg: TypeAlias = Callable[[ListKey | None, int], Select[Any]]
"""At most so many keys behind a key: the next ones in the order of the list, or any."""
Look: TypeAlias = Callable[[Sequence[ListKey]], list[Row]]
"""Those rows at these keys that meet every condition, in the order of the list."""

INDEXES_ONLY = (
    "SELECT set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),"
    " set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true),"
    " set_config('enable_sort', 'off', true)"
)
"""Of a transaction that walks on PostgreSQL: the plan is ours, whatever is known of a table that grows faster
than its statistics."""


@dataclass(frozen=True)
class Source:
    """The keys that one filter lets through, and maybe others: rows are judged afterwards.

    `in_order` is false for one whose keys lie in another order in their index. Its legs are in no order, and all
    that they give is read and sorted; `unindexed` keeps the key itself from being looked up.
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


def walk(connection: Connection, walked: FilteredList, after: ListKey | None, limit: int) -> list[Row]:
    """At most `limit` rows behind a key."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(INDEXES_ONLY)
    source = _narrowest(connection, walked, after)
    reserve = next((other for other in walked.sources if not other.in_order), None)
    found: list[Row] = []
    passed, window = 0, min(max(2 * limit, 100), WINDOW_MAX)
    while len(found) < limit:
        keys = _keys(connection, walked, source, after, window)
        found += walked.look(keys) if keys else []
        if len(keys) < window:
            break
        after, passed, window = keys[-1], passed + len(keys), min(2 * window, WINDOW_MAX)
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
    """Keys of all legs, none of them further than PROBE."""
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
    """Several limited questions as one; a key that several answer comes once."""
    return asked[0] if len(asked) == 1 else union(*(select(each.subquery()) for each in asked))


def unindexed(column: ColumnElement[T]) -> ColumnElement[T]:
    """A column as no index knows it, so that a condition on it leads nobody to another index than is meant.

    PostgreSQL takes two equal columns of an index for a single row while it has no statistics, and then cannot tell
    a good index from a bad one.
    """
    same: ColumnElement[T] = func.coalesce(column, column)
    return same


def there_is(table: Table, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether the table has such a row, looked up for each row of the list by itself.

    EXISTS says the same, but PostgreSQL may make a join of it that reads all of the table.
    """
    found = select(literal(1)).select_from(table).where(*conditions).limit(1)
    return found.scalar_subquery().is_not(None)
