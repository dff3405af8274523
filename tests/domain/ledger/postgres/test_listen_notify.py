"""LISTEN and NOTIFY between processes; here two stores on one database, which share nothing else."""

from collections.abc import Iterator

import psycopg
import pytest

from domain.ledger.postgres.store import PostgresStore
from tests.domain.ledger.examples import BUSINESS, PACKAGE, next_fact, opening, stored

LISTENERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
)
TELLERS = LISTENERS.replace("LISTEN", "NOTIFY")
LONG_S = 60.0


@pytest.fixture
def writer(postgres_url: str) -> Iterator[PostgresStore]:
    store = PostgresStore(postgres_url)
    store.open_ledger(BUSINESS)
    yield store
    store.close()


@pytest.fixture
def listener(postgres_url: str) -> Iterator[PostgresStore]:
    """A store that listens: the first news is that it does."""
    store = PostgresStore(postgres_url)
    assert store.wait_for_news(LONG_S)
    yield store
    store.close()


def test_an_append_is_heard_in_another_process(writer: PostgresStore, listener: PostgresStore) -> None:
    stored(writer.ledger(BUSINESS), opening(PACKAGE))
    assert listener.wait_for_news(LONG_S)
    assert listener.ledger(BUSINESS).head().position == 1


def test_what_was_written_under_the_lock_is_heard(writer: PostgresStore, listener: PostgresStore) -> None:
    with writer.ledger(BUSINESS).locked() as held:
        stored(held, opening(PACKAGE))
    assert listener.wait_for_news(LONG_S)
    assert listener.ledger(BUSINESS).head().position == 1


def test_who_listens_is_back_after_its_connection_was_cut(
    postgres_url: str, writer: PostgresStore, listener: PostgresStore
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        assert admin.execute(LISTENERS).fetchall() == [(True,)]
    # It says so itself, because it may have missed something.
    assert listener.wait_for_news(LONG_S)
    stored(writer.ledger(BUSINESS), opening(PACKAGE))
    assert listener.wait_for_news(LONG_S)


def test_who_tells_is_back_after_its_connection_was_cut(
    postgres_url: str, writer: PostgresStore, listener: PostgresStore
) -> None:
    ledger = writer.ledger(BUSINESS)
    stored(ledger, opening(PACKAGE))
    assert listener.wait_for_news(LONG_S)
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        assert admin.execute(TELLERS).fetchall() == [(True,)]
    stored(ledger, next_fact(PACKAGE, 2))
    assert listener.wait_for_news(LONG_S)
