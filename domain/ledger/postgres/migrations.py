"""Migrations of the PostgreSQL schema to this version of the code.

The numbered SQL files of this folder are applied once each, in order, in one transaction under an advisory
lock: any number of processes may migrate at once, and a failure leaves nothing behind. Only `carnet migrate`
migrates; a serving process refuses a schema of another version. A table in use is waited for by short attempts, so
that those who come after wait for one attempt at most.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import LiteralString, cast

import psycopg
from psycopg import sql

from domain.ledger.errors import WrongSchema
from domain.ledger.postgres.connections import ANSWER_S, PatientConnection
from domain.ledger.postgres.role_making import grant, make_roles
from domain.ledger.postgres.roles import OWNER, told_to_migrate
from domain.ledger.postgres.session import refuse_pooler, session
from domain.ledger.postgres.short_attempts import ATTEMPT_MS, PATIENCE_S, in_short_attempts
from domain.ledger.schema_text import digest

SCHEMA = "carnet"

MIGRATION_LOCK = 0x6361726E6574
"""Holds in one database. Roles belong to the whole server: one that is made meanwhile is accepted."""


@cache
def migrations() -> tuple[tuple[int, str, str], ...]:
    """(number, file name, SQL) of every migration, in order."""
    numbered = [file for file in files(__package__).iterdir() if file.name[:4].isdigit()]
    numbered.sort(key=lambda file: file.name)
    return tuple((int(file.name[:4]), file.name, file.read_text("utf-8")) for file in numbered)


def migrate(url: str, schema: str = SCHEMA) -> list[str]:
    """Apply the missing migrations and return their file names.

    When the user may create roles, the roles of roles.sql are made and `carnet_owner` owns the schema; else
    everything belongs to the user (an installation with one role). Raises WrongSchema when the database is
    newer than this code or not encoded in UTF-8, RoleNeeded where the user may not, psycopg.errors.LockNotAvailable
    where a table stays in use for `PATIENCE_S` seconds, psycopg.Error when the server refuses.
    """
    return in_short_attempts(lambda: _migrate(url, schema), patience_s=PATIENCE_S)


def _migrate(url: str, schema: str) -> list[str]:
    with told_to_migrate(), _connected(url, "carnet migrate") as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [MIGRATION_LOCK])
        connection.execute("SELECT set_config('lock_timeout', %s, true)", [f"{ATTEMPT_MS}ms"])
        _require_utf8(connection)
        with_roles = make_roles(connection)
        _make_schema(connection, schema, OWNER if with_roles else None)
        applied = _apply(connection, schema)
        if with_roles:
            grant(connection, schema)
    return applied


def heads(url: str, schema: str = SCHEMA) -> list[tuple[str, int]]:
    """Business and position of every ledger, read by whoever may migrate. Raises psycopg.Error."""
    with owning(url, schema, "carnet migrate") as connection:
        return [(id, position) for id, position in connection.execute("SELECT * FROM heads()")]


@contextmanager
def owning(url: str, schema: str, application: str) -> Iterator[psycopg.Connection]:
    """A transaction as the owner of the schema, for work of any length. Raises psycopg.Error."""
    with _connected(url, application) as connection:
        become_owner(connection, schema)
        yield connection


@contextmanager
def _connected(url: str, application: str) -> Iterator[psycopg.Connection]:
    """A transaction that waits as long as the work takes, with the settings of all connections of ours."""
    ours = session(url, "pg_catalog", ANSWER_S, {})
    arguments = {**ours.arguments, "application_name": application}
    with PatientConnection.connect(url, **arguments) as connection:
        connection.answer_s = None
        connection.autocommit = True
        with PatientConnection.connect(url, **arguments, autocommit=True) as another:
            refuse_pooler(connection, another)
        ours.pin(connection)
        connection.autocommit = False
        yield connection


def require_current(connection: psycopg.Connection, schema: str = SCHEMA) -> None:
    """Raise WrongSchema unless the schema is exactly at this code's last migration."""
    latest = migrations()[-1][0]
    version = _version(connection, schema)
    if version < latest:
        raise WrongSchema(
            f"schema {schema!r} is at version {version}, this program needs {latest}: run `carnet migrate`"
        )
    if version > latest:
        raise WrongSchema(
            f"schema {schema!r} is at version {version}, newer than this program's {latest}: upgrade carnet"
        )
    _refuse_another_build(connection, schema)


def _refuse_another_build(connection: psycopg.Connection, schema: str) -> None:
    """Raise WrongSchema where a migration that was applied said something else than it says now."""
    table = sql.Identifier(schema, "schema_migrations")
    # The first builds kept no digest.
    query = sql.SQL("SELECT version, coalesce(to_jsonb(done) ->> 'digest', '') FROM {} AS done").format(table)
    applied: dict[int, str] = dict(connection.execute(query).fetchall())
    for number, name, text in migrations():
        if applied.get(number, digest(text)) != digest(text):
            raise WrongSchema(
                f"schema {schema!r} was made by an earlier build of Carnet (other: {name}): only that build reads it"
            )


def _version(connection: psycopg.Connection, schema: str) -> int:
    """The last migration applied, 0 when there was none."""
    table = sql.Identifier(schema, "schema_migrations")
    if _one(connection, sql.SQL("SELECT to_regclass({})").format(table.as_string(connection))) is None:
        return 0
    newest = _one(connection, sql.SQL("SELECT max(version) FROM {}").format(table))
    return cast(int, newest or 0)


def _require_utf8(connection: psycopg.Connection) -> None:
    encoding = _one(connection, sql.SQL("SHOW server_encoding"))
    if encoding != "UTF8":
        raise WrongSchema(f"the database is encoded in {encoding}; carnet needs UTF8")


def _make_schema(connection: psycopg.Connection, schema: str, owner: str | None) -> None:
    """Make the schema; until the transaction ends, become its owner and search no other schema."""
    name = sql.Identifier(schema)
    known = connection.execute("SELECT FROM pg_namespace WHERE nspname = %s", [schema]).fetchone()
    if known is None:
        authorization = sql.SQL("AUTHORIZATION {}").format(sql.Identifier(owner)) if owner else sql.SQL("")
        connection.execute(sql.SQL("CREATE SCHEMA {} {}").format(name, authorization))
    become_owner(connection, schema)


def become_owner(connection: psycopg.Connection, schema: str) -> None:
    """Become the owner of a schema, and search no other, until the transaction ends. Raises psycopg.Error."""
    name = sql.Identifier(schema)
    holder = _one(
        connection,
        sql.SQL("SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = {}").format(schema),
    )
    connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.SQL(cast(LiteralString, holder))))
    # The functions keep this path. pg_temp is last, so that no temporary table can replace one of theirs.
    connection.execute(sql.SQL("SET LOCAL search_path = {}, pg_temp").format(name))


def _apply(connection: psycopg.Connection, schema: str) -> list[str]:
    connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_migrations ("
        " version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now(),"
        " digest text NOT NULL DEFAULT '')"
    )
    done = _version(connection, schema)
    if done > migrations()[-1][0]:
        raise WrongSchema(f"schema {schema!r} is at version {done}, newer than this program: upgrade carnet")
    _refuse_another_build(connection, schema)
    missing = [migration for migration in migrations() if migration[0] > done]
    for number, name, text in missing:
        connection.execute(sql.SQL(text))
        connection.execute(
            "INSERT INTO schema_migrations (version, name, digest) VALUES (%s, %s, %s)",
            [number, name, digest(text)],
        )
    return [name for _, name, _ in missing]


def _one(connection: psycopg.Connection, query: sql.Composed | sql.SQL) -> object:
    row = connection.execute(query).fetchone()
    return None if row is None else row[0]
