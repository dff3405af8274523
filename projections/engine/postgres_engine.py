"""Connections to the read tables on PostgreSQL; imported only where they lie there."""

from typing import Any

from pydantic_core import from_json
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError

from domain.ledger.patience import ends_at
from domain.ledger.postgres.connections import ANSWER_S, PatientConnection, hung_up, with_json
from projections.engine.postgres_connection import connecting
from projections.engine.sqlite_engine import as_json


def postgres_engine(url: str, schema: str, pool_size: int, lock_wait_s: float) -> Engine:
    opened = connecting(url, schema, lock_wait_s)

    def connect() -> PatientConnection:
        connection = opened()
        # SQLAlchemy would give these to a connection that it makes itself.
        with_json(connection, from_json, as_json)
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
