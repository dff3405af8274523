"""What PostgreSQL says when it cannot serve, for people who run it."""

import psycopg
from psycopg import errors

PARTLY = "it was restored in part: restore the whole (docs/how-to/back-up.md), then run `carnet migrate`"
RIGHTS = "docs/how-to/run-on-postgresql.md says which rights a login needs"


def why(error: BaseException | None) -> str | None:
    """Why the database refuses its service, and what mends it; None where the fault may be ours."""
    match error:
        case errors.InsufficientPrivilege():
            return f"{error}; {RIGHTS}"
        case errors.UndefinedTable() | errors.UndefinedColumn() | errors.UndefinedFunction():
            return f"{error}; {PARTLY}"
        case psycopg.OperationalError():
            return str(error)
        case _:
            return None
