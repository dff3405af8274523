"""Making the roles of ours, and granting them what they may."""

from importlib.resources import files

import psycopg
from psycopg import errors, sql

from domain.ledger.errors import RoleNeeded
from domain.ledger.postgres.roles import BACKUP, MAY_ACT_AS, OWNER, ROLES, WORKER

TO_MIGRATE = (OWNER, WORKER)
"""Whoever migrates makes tables for both."""


def make_roles(connection: psycopg.Connection) -> bool:
    """Make the missing roles, if permitted; return whether the user can become the owner.

    Raises RoleNeeded where the user may make roles and those of this server are another user's.
    """
    row = connection.execute(
        "SELECT rolsuper, rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
    ).fetchone()
    superuser, may_create = row or (False, False)
    if may_create:
        for role in ROLES:
            _make_role(connection, role, sql.SQL("NOLOGIN"))
    if superuser:
        _make_role(connection, BACKUP, sql.SQL("NOLOGIN BYPASSRLS"))
    elif may_create:
        _join(connection)
    return OWNER in _joined(connection)


def grant(connection: psycopg.Connection, schema: str) -> None:
    """Let each role do what roles.sql says. Call it as the owner of the schema."""
    names = {"schema": sql.Identifier(schema), "backup": sql.Identifier(BACKUP)}
    text = files(__package__).joinpath("roles.sql").read_text("utf-8")
    connection.execute(sql.SQL(text).format(**names))
    if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [BACKUP]).fetchone() is not None:
        text = files(__package__).joinpath("backup_role.sql").read_text("utf-8")
        connection.execute(sql.SQL(text).format(**names))


def _make_role(connection: psycopg.Connection, role: str, options: sql.SQL) -> None:
    known = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    if known is not None:
        return
    try:
        with connection.transaction():
            connection.execute(sql.SQL("CREATE ROLE {} {}").format(sql.Identifier(role), options))
    except (errors.DuplicateObject, errors.UniqueViolation):
        # Another database of the server is being migrated at the same moment.
        return


def _join(connection: psycopg.Connection) -> None:
    """Become a member of the roles that own tables. Since PostgreSQL 16 only who made a role may grant it."""
    missing = [role for role in TO_MIGRATE if role not in _joined(connection)]
    try:
        with connection.transaction():
            for role in missing:
                connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(role)))
    except errors.InsufficientPrivilege as error:
        user = sql.Identifier(connection.info.user).as_string(connection)
        statement = f"GRANT {', '.join(missing)} TO {user}"
        raise RoleNeeded(
            "the roles of this server were made by another user, who alone may grant them: let that user, or a"
            f" superuser, run `{statement}`, and migrate again"
        ) from error


def _joined(connection: psycopg.Connection) -> list[str]:
    """The roles among `TO_MIGRATE` that the user may act as."""
    rows = connection.execute(
        sql.SQL("SELECT rolname FROM pg_roles WHERE rolname = ANY (%s) AND ") + sql.SQL(MAY_ACT_AS),
        [list(TO_MIGRATE)],
    ).fetchall()
    return [role for (role,) in rows]
