"""Connections to the read tables on SQLite."""

import sqlite3
from pathlib import Path
from typing import Any

import msgspec
from pydantic_core import from_json
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError

from domain.ledger.embedded.sqlite.connection import make_private
from projections.engine.views_file import inode_of

TRIES = 10


class HeldElsewhere(Exception):
    """Another process or thread is writing read tables (SQLite has one writer at a time)."""


def sqlite_engine(path: str | Path, pool_size: int, lock_wait_s: float) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        pool_size=pool_size,
        pool_timeout=lock_wait_s,
        json_serializer=as_json,
        json_deserializer=from_json,
        # Turns off the driver's implicit transactions; `begin` below opens them.
        connect_args={"isolation_level": None, "timeout": lock_wait_s, "check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _: object) -> None:
        # A crash may lose the last rows, whose facts the ledger still has. It never corrupts the file.
        connection.execute("PRAGMA synchronous = NORMAL")
        # Read tables hold no personal data, so nothing in them has to be overwritten: only ids, and what facts say.
        connection.execute("PRAGMA secure_delete = OFF")

    @event.listens_for(engine, "connect")
    def note_file(_: object, record: Any) -> None:
        record.info["inode"] = inode_of(Path(path))

    @event.listens_for(engine, "checkout")
    def check(_: object, record: Any, __: object) -> None:
        # Another process has set the file aside: its connections still hold the damaged one.
        if (now := inode_of(Path(path))) is not None and now != record.info["inode"]:
            raise DisconnectionError

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if not connection.get_execution_options().get("carnet_writes"):
            connection.exec_driver_sql("BEGIN")

    return engine


def begin_immediate(connection: Connection, lock_wait_s: float, *, wait: bool) -> None:
    driver: Any = connection.connection.driver_connection
    try:
        driver.execute(f"PRAGMA busy_timeout = {int(lock_wait_s * 1000) if wait else 0}")
        driver.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname.startswith("SQLITE_BUSY"):
            raise HeldElsewhere from error
        raise
    finally:
        driver.execute(f"PRAGMA busy_timeout = {int(lock_wait_s * 1000)}")


def use_write_ahead_log(engine: Engine) -> None:
    """Turn it on; the file keeps it, and is made where there is none.

    Retried, as SQLite fails at once when two processes do it together.
    """
    make_private(Path(str(engine.url.database)))
    for remaining in reversed(range(TRIES)):
        try:
            with engine.connect() as connection:
                driver: Any = connection.connection.driver_connection
                driver.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if not remaining:
                raise


_written = msgspec.json.Encoder().encode


def as_json(value: Any) -> str:
    """As pydantic writes it, in half the time."""
    return _written(value).decode()
