"""Whether ledgers of a SQLite file have grown, and which."""

import sqlite3
from dataclasses import dataclass, field

SLACK_MS = 60_000
"""How long before its commit a fact may have got its moment."""


@dataclass(frozen=True, slots=True)
class GrowthMark:
    """The state of a file: equal versions mean that nothing was committed."""

    version: int
    taken_at: int = field(compare=False)
    """Milliseconds since 1970."""


def mark(watcher: sqlite3.Connection, now_ms: int) -> GrowthMark:
    """On a connection that writes nothing: the version changes with every commit of another one."""
    (version,) = watcher.execute("PRAGMA data_version").fetchone()
    return GrowthMark(version, now_ms)


def heads(connection: sqlite3.Connection, since: object, now_ms: int) -> list[tuple[str, int]]:
    """(business id, position) of every ledger, or of those that have grown since a mark."""
    if isinstance(since, GrowthMark):
        # A clock that was set back gives moments before the mark.
        moment = min(since.taken_at, now_ms) - SLACK_MS
        grown = "SELECT business_id, position FROM ledgers WHERE recorded_at >= ?"
        return connection.execute(grown, (moment,)).fetchall()
    return connection.execute("SELECT business_id, position FROM ledgers ORDER BY business_id").fetchall()
