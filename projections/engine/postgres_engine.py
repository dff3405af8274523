"""Connections to the read tables on PostgreSQL; imported only where they lie there."""

import re
from typing import Any

from pydantic_core import from_json
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError

from domain.ledger.patience import ends_at
from domain.ledger.postgres.connections import ANSWER_S, PatientConnection, hung_up, with_json
from domain.ledger.postgres.roles import TO_FOLD
from domain.ledger.postgres.session import session
from projections.engine.sqlite_engine import as_json


def postgres_engine(url: str, schema: str, pool_size: int, lock_wait_s: float) -> Engine:
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", schema):
        raise ValueError(f"{schema!r} is not a schema name of small letters, digits and underscores")
    ours = session(url, schema, ANSWER_S, {"lock_timeout": str(int(lock_wait_s * 1000))})

    def connect() -> PatientConnection:
        connection = PatientConnection.connect(url, **ours.arguments)  # the driver alone reads the URL
        # SQLAlchemy would give these to a connection that it makes itself.
        with_json(connection, from_json, as_json)
        connection.autocommit = True
        ours.settle(connection, TO_FOLD, schema)
        connection.autocommit = False
        return connection

    engine = create_engine(
        "postgresql+psycopg://",
        creator=connect,
        pool_size=pool_size,
        pool_timeout=lock_wait_s,
    )

    @event.listens_for(engine, "checkout")
    def check(connection: Any, _: object, __: object) -> None:
        # After a restart of the server the idle connections are dead: they are thrown away unused.
        if hung_up(connection):
            raise DisconnectionError

    return engine


def be_patient(connection: Connection) -> None:
    """Wait for an answer as long as the request may; other work waits for as long as it takes."""
    driver: Any = connection.connection.driver_connection
    driver.answer_s = None if ends_at() is None else ANSWER_S
