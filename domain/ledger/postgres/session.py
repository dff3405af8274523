"""The settings of a session: the same answers whatever a role, a database, the environment or a pooler set otherwise.

They are said twice. As options of the start of a connection they hold before its first statement. A pooler such as
PgBouncer drops or refuses those, so they are set once more when the connection is open.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from domain.ledger.errors import WrongSchema
from domain.ledger.postgres.roles import act

LOCK_MS = 2000
PINNED = {
    "jit": "off",
    "row_security": "on",
    "array_nulls": "on",
    "transform_null_equals": "off",
    "standard_conforming_strings": "on",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "gin_fuzzy_search_limit": "0",
    "DateStyle": "ISO",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
    "default_transaction_deferrable": "off",
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
}
"""Settings by which the same statement would mean something else, or take another time."""
SETTLE = (
    "SELECT (SELECT count(set_config(name, value, false)) FROM unnest(%s::text[], %s::text[]) AS pinned (name, value)),"
    " set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'remote_apply'"
    " THEN 'remote_apply' ELSE 'on' END, false),"
    " CASE WHEN current_setting('server_version_num')::integer >= 170000"
    " THEN set_config('transaction_timeout', '0', false) END"
)
"""Everything again, as the variables PGTZ and PGDATESTYLE come after the options, and what cannot be an option: some
settings are not known to every version, and what is acknowledged is on the disk at least."""
POOLED = (
    "a pooler stands between Carnet and PostgreSQL that shares sessions or refuses their settings: name PostgreSQL"
    " itself in CARNET_DATABASE, as Carnet keeps a pool of its own, or let PgBouncer keep sessions"
    " (pool_mode = session, ignore_startup_parameters = options)"
)


@dataclass(frozen=True, slots=True)
class Session:
    """How a kind of connection is opened, and what it is told once it is open."""

    arguments: Mapping[str, Any]
    """Of `psycopg.connect`."""
    pinned: Mapping[str, str]

    def pin(self, connection: psycopg.Connection[Any]) -> None:
        """The settings, once the connection is open."""
        # Nothing is prepared: a name of a prepared statement may be another's behind a pooler.
        connection.execute(SETTLE, [list(self.pinned), list(self.pinned.values())], prepare=False)

    def settle(self, connection: psycopg.Connection[Any], roles: Sequence[str], schema: str) -> None:
        """The settings, and the role that the connection acts as."""
        self.pin(connection)
        act(connection, roles, schema)


def of_ledgers(url: str, schema: str, answer_s: float) -> Session:
    """With our schema, time limits, and plans that suit keyed access.

    Every query of the ledger is by key. Without statistics (a new database, the middle of an import) the
    planner may still read a whole table and keep that plan, so it is told not to.
    """
    # The server ends a slow statement a little before we would close the connection on it.
    statement_ms = int(answer_s * 900)
    keyed = {
        "lock_timeout": str(max(LOCK_MS, int(answer_s * 600))),
        "statement_timeout": str(statement_ms),
        "idle_in_transaction_session_timeout": "60000",
        "plan_cache_mode": "force_generic_plan",
        "enable_seqscan": "off",
    }
    made = session(url, f"{schema},pg_temp", answer_s, keyed)
    return Session({"autocommit": True, "prepare_threshold": 0, **made.arguments}, made.pinned)


def session(url: str, search_path: str, answer_s: float, more: Mapping[str, str]) -> Session:
    """What every connection of ours is opened with, whatever the role, the database or the environment say.

    `more`: settings of this kind of connection. Options of the URL or the environment come first, so that ours count.
    Short queries never pay for compilation (jit).
    """
    pinned = {**PINNED, "search_path": search_path, **more}
    theirs = conninfo_to_dict(url).get("options") or os.environ.get("PGOPTIONS") or ""
    ours = (f"-c {name}={value.replace(' ', chr(92) + ' ')}" for name, value in pinned.items())
    arguments = {
        "application_name": "carnet",
        "client_encoding": "UTF8",
        "options": " ".join([str(theirs), *ours]).strip(),
        "connect_timeout": max(1, round(answer_s)),
        "keepalives_idle": 5,
        "keepalives_interval": 1,
        "keepalives_count": 3,
        "tcp_user_timeout": int(answer_s * 1000),
    }
    return Session(arguments, pinned)


def refuse_pooler(connection: psycopg.Connection[Any], another: psycopg.Connection[Any]) -> None:
    """Raise WrongSchema where two connections share a session, as behind PgBouncer in transaction mode.

    Each is asked twice, out of turn: some poolers hand their sessions out in turn.
    """
    first, second, again, last = map(_pid, (connection, another, another, connection))
    if first == second or (first, second) != (last, again):
        raise WrongSchema(POOLED)


def _pid(connection: psycopg.Connection[Any]) -> int:
    """The process of the server that answers; a pooler makes up the one that the driver knows."""
    (pid,) = connection.execute("SELECT pg_backend_pid()", prepare=False).fetchone() or (0,)
    return int(pid)
