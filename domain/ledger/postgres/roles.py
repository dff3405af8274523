"""The roles of ours, and the one that a connection acts as.

A user who was granted several acts as one of them, also where its rights are not inherited. A superuser acts as
itself, and so does the user of an installation without roles, who owns the schema.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from domain.ledger.errors import RoleNeeded

if TYPE_CHECKING:
    import psycopg

OWNER = "carnet_owner"
APP = "carnet_app"
WORKER = "carnet_worker"
AUDITOR = "carnet_auditor"
BACKUP = "carnet_backup"
ROLES = (OWNER, APP, WORKER, AUDITOR)
"""Those without any attribute."""

TO_SERVE = (APP, OWNER, WORKER, AUDITOR, BACKUP)
"""Roles for a connection to the ledgers: the first that was granted is taken."""
TO_FOLD = (WORKER, APP, AUDITOR, BACKUP, OWNER)
"""Roles for a connection to the read models."""

MAY_ACT_AS = (
    "CASE WHEN current_setting('server_version_num')::integer >= 160000"
    " THEN pg_has_role(session_user, oid, 'SET') ELSE pg_has_role(session_user, oid, 'MEMBER') END"
)
ACT = (
    "SELECT set_config('role', coalesce(("
    "SELECT rolname FROM pg_roles WHERE rolname = ANY (%s::text[]) AND " + MAY_ACT_AS + ""
    " AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = session_user)"
    " AND NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = %s"
    " AND pg_has_role(session_user, nspowner, 'USAGE') AND nspowner::regrole::text <> ALL (%s::text[]))"
    " ORDER BY array_position(%s::text[], rolname::text) LIMIT 1"
    "), current_setting('role')), false)"
)
GUIDE = "see docs/how-to/run-on-postgresql.md"


def act(connection: "psycopg.Connection[Any]", roles: Sequence[str], schema: str) -> None:
    """Act as the first of these roles that the user was granted, for as long as the connection lasts."""
    named = list(roles)
    connection.execute(ACT, [named, schema, named, named], prepare=False)


def for_business(business_id: str) -> str:
    """The statement after which a transaction sees the rows of this business alone, where row-level security binds."""
    from psycopg import sql

    return sql.SQL("SET LOCAL carnet.business = {}").format(business_id).as_string(None)


def role_needed(error: BaseException | None, role: str) -> RoleNeeded | None:
    """What is told of a right that a user lacks; None for other errors, and for refusals of our own triggers."""
    from psycopg import errors

    told = str(error).partition("\n")[0]
    if not isinstance(error, errors.InsufficientPrivilege) or error.diag.source_function == "exec_stmt_raise":
        return None
    return RoleNeeded(f"{told}: the user of the database needs the role {role} ({GUIDE})")


@contextmanager
def told_to_migrate() -> Iterator[None]:
    """Raise RoleNeeded for what the user may not do, with the statement that a superuser runs to allow it."""
    from psycopg import errors

    try:
        yield
    except errors.InsufficientPrivilege as error:
        told = str(error).partition("\n")[0]
        raise RoleNeeded(f"the user of the database may not migrate ({told}): {GUIDE}") from error
