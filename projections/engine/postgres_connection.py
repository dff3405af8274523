"""How a connection to the read tables on PostgreSQL is opened, whoever asks by it."""

import re
from collections.abc import Callable

from domain.ledger.postgres.connections import ANSWER_S, PatientConnection
from domain.ledger.postgres.roles import TO_FOLD
from domain.ledger.postgres.session import session


def connecting(url: str, schema: str, lock_wait_s: float) -> Callable[[], PatientConnection]:
    """A function that opens one. Raises ValueError for a bad schema name."""
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", schema):
        raise ValueError(f"{schema!r} is not a schema name of small letters, digits and underscores")
    ours = session(url, schema, max(ANSWER_S, lock_wait_s), {"lock_timeout": str(int(lock_wait_s * 1000))})

    def connect() -> PatientConnection:
        connection = PatientConnection.connect(url, **ours.arguments)  # the driver alone reads the URL
        connection.autocommit = True
        ours.settle(connection, TO_FOLD, schema)
        connection.autocommit = False
        return connection

    return connect
