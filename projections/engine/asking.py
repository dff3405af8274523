"""Questions to the read tables that need no definition of a read model, and no SQLAlchemy.

with asking(where, schema) as ask:
    for standing in standings(store, ask, VERSIONS.items(), fingerprint_of): …

A command that ends at once would take longer to import the read models than to ask. Whoever has a connection of
SQLAlchemy asks the same questions by it (`ReadTables.asking`).
"""

import re
import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from domain.ledger.contract import Store
from projections.engine.checkpoint import Standing, checkpoint_of
from projections.engine.served import SHARED, Named, chosen, read_of

LOCK_WAIT_S = 3.0
"""Seconds that a statement waits for a lock before it fails."""
FACTS_LOOKED_AT = 500
"""Facts after a checkpoint among which one is looked for that this code cannot read."""
PARAMETER = re.compile(r"(?<!:):(\w+)")
TABLES_OF_SQLITE = "SELECT name FROM sqlite_schema WHERE type = 'table'"
TABLES_OF_POSTGRESQL = (
    "SELECT relname AS name FROM pg_class"
    " WHERE relnamespace = to_regnamespace(CAST(:schema AS text)) AND relkind IN ('r', 'p')"
)
BOOKKEEPING = frozenset({"checkpoints", "cohorts", "read_tables"})
IN_A_COHORT = (
    "SELECT 1 AS one FROM cohorts WHERE physical = :physical AND EXISTS (SELECT 1 FROM checkpoints"
    f" WHERE checkpoints.physical = '{SHARED}' AND checkpoints.cohort = cohorts.cohort) LIMIT 1"
)


class Ask(Protocol):
    """Rows of an answer, their columns by name. Parameters stand in the statement as `:name`."""

    def __call__(self, statement: str, **values: object) -> Sequence[Any]: ...


@contextmanager
def asking(where: str, schema: str | None) -> Iterator[Ask]:
    """Ask by a connection of our own. `schema`: on PostgreSQL, where `where` is its URL; else it is a file.

    Raises sqlite3.Error; on PostgreSQL RoleNeeded, LedgerUnavailable.
    """
    if schema is None:
        with closing(
            sqlite3.connect(f"{Path(where).absolute().as_uri()}?mode=rw", uri=True, timeout=LOCK_WAIT_S)
        ) as file:
            file.row_factory = _named_row
            yield lambda statement, **values: file.execute(statement, values).fetchall()
        return
    from domain.ledger.postgres.connections import named_rows, our_errors
    from projections.engine.postgres_connection import connecting

    with our_errors(), closing(connecting(where, schema, LOCK_WAIT_S)()) as connection:
        yield lambda statement, **values: named_rows(connection, PARAMETER.sub(r"%(\1)s", statement), values)


def _named_row(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> Any:
    return namedtuple("Row", [column[0] for column in cursor.description])(*row)


# The questions


def tables(ask: Ask, schema: str | None) -> set[str]:
    """The tables there are."""
    found = ask(TABLES_OF_SQLITE) if schema is None else ask(TABLES_OF_POSTGRESQL, schema=schema)
    return {row.name for row in found}


def missing(ask: Ask, schema: str | None, named: Iterable[Named]) -> list[str]:
    """The read models without a table, or with rows that no checkpoint speaks for."""
    named = tuple(named)
    there = tables(ask, schema)
    if not there >= BOOKKEEPING:
        return [name for name, _ in named]
    served = ask(f"SELECT projection, physical FROM read_tables WHERE {chosen(named, 'served')}")
    whole = {row.projection for row in served if row.physical in there and is_kept(ask, row.physical)}
    return [name for name, _ in named if name not in whole]


def is_kept(ask: Ask, physical: str) -> bool:
    """False for rows without any checkpoint, which a restore in part leaves: nobody knows how far they have come."""
    if not ask(f"SELECT 1 AS one FROM {physical} LIMIT 1"):
        return True
    if ask("SELECT 1 AS one FROM checkpoints WHERE physical = :physical LIMIT 1", physical=physical):
        return True
    return bool(ask(IN_A_COHORT, physical=physical))


def standings(
    store: Store,
    ask: Ask,
    named: Iterable[Named],
    fingerprint_of: Callable[[str], str],
    business_id: str | None = None,
) -> Iterator[Standing]:
    """Every read model in every ledger, or in one; in the order in which they are named."""
    named = tuple(named)
    for business, head in store.heads():
        if business_id in (None, business):
            rows = {row.projection: row for row in ask(read_of(named), business_id=business)}
            for name, _ in named:
                if name in rows:
                    yield Standing(business, head, checkpoint_of(rows[name], fingerprint_of))


def all_readable(store: Store, behind: Iterable[Standing]) -> bool:
    """Whether this code can read the next facts of all these read models, whatever they handle."""
    from domain.fact import UnreadableFact
    from domain.ledger.mapper import recorded

    try:
        for business_id, after in {(each.business_id, each.checkpoint.position) for each in behind}:
            found = store.facts_of({business_id: (after, FACTS_LOOKED_AT)})
            for fact in found.get(business_id, ()):
                recorded(fact)
    except UnreadableFact:
        return False
    return True


def count_lapsed(ask: Ask, schema: str | None, cards: str, business_id: str, *, before: datetime) -> int:
    """The packages that expired before a moment without a fact that says so. `cards`: the table of the cards."""
    if schema is not None:  # row-level security shows the rows of this business alone
        ask("SELECT set_config('carnet.business', :business_id, true)", business_id=business_id)
    counted = f"SELECT count(*) AS n FROM {cards} WHERE business_id = :business_id AND lapses_at < :before"
    (row,) = ask(counted, business_id=business_id, before=int(before.timestamp() * 1000))
    return int(row.n)
