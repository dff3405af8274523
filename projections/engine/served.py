"""The tables of read models that are kept fresh and answer, chosen in SQL that every driver takes.

Composed as text, so that a command which only looks at checkpoints starts without SQLAlchemy. What is put into it are
names and numbers of this code.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Literal, TypeAlias

LIVE, BUILDING, OLD, DROPPING = "live", "building", "old", "dropping"
"""States of a table."""
SHADOW = "_shadow"
SHARED = ""
"""In place of a table's name: the checkpoint that the tables of a cohort share."""

Which: TypeAlias = Literal["live", "building", "served"]
"""Tables of this code's versions: live ones; those of a version that has no live table yet; both."""
Named: TypeAlias = tuple[str, int]
"""A read model: its name and its version."""


def physical_name_of(name: str, version: int, *, shadow: bool = False) -> str:
    """The name of the table that holds this version; `shadow`: a rebuild of it beside the live one."""
    return f"{name}_v{version}{SHADOW if shadow else ''}"


@lru_cache(maxsize=256)
def chosen(named: tuple[Named, ...], which: Which) -> str:
    """The condition on a row of `read_tables`."""
    ours = _any_of(f"read_tables.projection = '{name}' AND read_tables.version = {n}" for name, n in named)
    live = f"read_tables.state = '{LIVE}' AND {ours}"
    if which == "live":
        return live
    # A table that a rebuild fills has another name, or stands beside a live one: it is left to the rebuild.
    first = _any_of(f"read_tables.physical = '{physical_name_of(*each)}'" for each in named)
    building = (
        f"read_tables.state = '{BUILDING}' AND {ours} AND {first} AND NOT EXISTS (SELECT 1 FROM read_tables AS other"
        " WHERE other.projection = read_tables.projection AND other.version = read_tables.version"
        f" AND other.state = '{LIVE}')"
    )
    return building if which == "building" else f"({live} OR {building})"


def _any_of(conditions: Iterable[str]) -> str:
    return f"({' OR '.join(f'({each})' for each in conditions) or '1 = 0'})"


@lru_cache(maxsize=256)
def read_of(named: tuple[Named, ...]) -> str:
    """The tables that are served, each with its checkpoint in the ledger `:business_id`, if there is one."""
    return (
        "SELECT read_tables.projection, read_tables.physical, read_tables.generation, read_tables.state,"
        " coalesce(own.position, CASE WHEN cohorts.cohort IS NOT NULL THEN shared.position END) AS position,"
        " own.stopped_at, own.error, own.stopped_by"
        " FROM read_tables LEFT JOIN checkpoints AS own"
        " ON own.physical = read_tables.physical AND own.business_id = :business_id"
        " LEFT JOIN checkpoints AS shared"
        f" ON shared.physical = '{SHARED}' AND shared.business_id = :business_id"
        " LEFT JOIN cohorts ON cohorts.cohort = shared.cohort AND cohorts.physical = read_tables.physical"
        f" WHERE {chosen(named, 'served')} ORDER BY read_tables.physical"
    )
