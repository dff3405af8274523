"""A rebuild beside a reader that sits idle in its transaction: it waits, and keeps nobody else waiting."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from threading import Event, Thread

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError

from domain.ledger.postgres.store import PostgresStore
from projections.engine import drop_old
from projections.engine.patience import StillRead, patiently
from projections.engine.rebuild import rebuild
from projections.engine.runner import Runner
from projections.engine.tables import ReadTables
from tests.projections.examples import (
    BUSINESS,
    Counted,
    Installation,
    balances,
    decode,
    entries,
    installation,
    record,
)

IMPATIENT_S = 1.0
"""Far more than one attempt for a lock, and less than a statement used to wait for one."""


@pytest.fixture
def here(postgres_url: str) -> Iterator[Installation]:
    views = ReadTables(postgres_url, (balances(), entries()), lock_wait_s=IMPATIENT_S)
    with installation(PostgresStore(postgres_url), views) as made:
        record(made.store, Counted(item="a", change=2))
        runner = Runner(made.store, made.views, decode=decode)
        while runner.step():
            pass
        yield made


@pytest.fixture
def reader(postgres_url: str, here: Installation) -> Iterator[psycopg.Connection]:
    """Somebody who has read the live table, and ends nothing."""
    with closing(psycopg.connect(postgres_url)) as connection:
        connection.execute("SELECT * FROM carnet_views.balances_v1")
        yield connection


def test_a_rebuild_waits_until_the_reader_ends(here: Installation, reader: psycopg.Connection) -> None:
    told: list[str] = []

    def waiting(what: str) -> None:
        told.append(what)
        if len(told) == 3:
            reader.rollback()

    done = rebuild(here.store, here.views, here.balances, decode=decode, waiting=waiting)
    assert told == ["balances_v1"] * 3
    assert done.dropped == ["balances_v1"]


def test_the_next_rebuild_waits_for_the_table_that_the_last_one_left(
    here: Installation, reader: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drop_old, "PATIENCE_S", 0.0)
    left = rebuild(here.store, here.views, here.balances, decode=decode)
    assert left.dropped == []
    done = rebuild(here.store, here.views, here.balances, decode=decode, waiting=lambda _: reader.rollback())
    assert done.dropped == ["balances_v1_shadow"]
    with here.views.snapshot(BUSINESS, ["balances"]) as snapshot:
        assert snapshot.position == 1


def test_lists_and_appends_go_on_beside_it(here: Installation, reader: psycopg.Connection) -> None:
    """A list fails when it waits for longer than `IMPATIENT_S`."""
    ended, failed, lists = Event(), [], [0]

    def look() -> None:
        try:
            while not ended.is_set():
                with here.views.snapshot(BUSINESS, ["balances"]) as snapshot:
                    lists[0] += 1
                    assert snapshot.position >= 1
                record(here.store, Counted(item="a", change=1))
        except Exception as error:
            failed.append(error)

    with ExitStack() as stack:
        other = Thread(target=look)
        other.start()
        stack.callback(other.join)
        stack.callback(ended.set)
        rebuild(here.store, here.views, here.balances, decode=decode)
    assert failed == []
    assert lists[0] > 1


def test_a_reader_that_never_ends_is_told_in_words(here: Installation, reader: psycopg.Connection) -> None:
    def drop() -> None:
        with here.views.altering() as connection:
            connection.exec_driver_sql("DROP TABLE balances_v1")

    with pytest.raises(StillRead, match="balances_v1 is still being read"):
        patiently(drop, "balances_v1", patience_s=0.0)


def test_other_errors_are_not_tried_again(here: Installation) -> None:
    def fail() -> None:
        with here.views.altering() as connection:
            connection.exec_driver_sql("SELECT 1 / 0")

    with pytest.raises(DBAPIError, match="division by zero"):
        patiently(fail, "balances_v1")
