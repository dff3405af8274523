"""A migration of tables that are in use: it holds up nobody for long, and comes to its end."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from domain.ledger.postgres import migrations
from domain.ledger.postgres.migrations import MIGRATION_LOCK, migrate
from tests.ready import wait_for

UPKEEP = "LOCK TABLE carnet.ledgers, carnet.facts, carnet.streams IN SHARE UPDATE EXCLUSIVE MODE"
"""The lock that VACUUM and ANALYZE take."""
TO_CHANGE = "DROP POLICY worker_reads ON carnet.facts"
"""After this a migration makes the policy again, and needs the table for itself."""
WAITS = "SELECT FROM pg_locks WHERE relation = 'carnet.facts'::regclass AND NOT granted"


@pytest.fixture
def other(postgres_url: str) -> Iterator[psycopg.Connection]:
    """Another user of the database. It waits for a lock without looking for a deadlock: the migration finds it."""
    with psycopg.connect(postgres_url, options="-c deadlock_timeout=1min") as connection:
        yield connection
        connection.rollback()


def test_a_migration_with_nothing_to_do_waits_for_no_reader_and_no_upkeep(
    postgres_url: str, other: psycopg.Connection
) -> None:
    other.execute(UPKEEP)
    other.execute("SELECT FROM carnet.facts LIMIT 1")
    assert migrate(postgres_url) == []


def test_a_migration_waits_for_a_reader_by_short_attempts(
    postgres_url: str, other: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    other.execute(TO_CHANGE)
    other.commit()
    other.execute(UPKEEP)
    monkeypatch.setattr(migrations, "PATIENCE_S", 0.0)

    with pytest.raises(psycopg.errors.LockNotAvailable):
        migrate(postgres_url)
    other.rollback()
    migrate(postgres_url)

    assert has_policy(other)


def test_a_migration_that_meets_a_deadlock_is_done_again(
    postgres_url: str, other: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the upkeep of a table does: it holds the table, and waits for the row of it that the migration changed."""
    other.execute(TO_CHANGE)
    other.commit()
    other.execute(UPKEEP)
    monkeypatch.setattr(migrations, "ATTEMPT_MS", 60_000)  # longer than PostgreSQL looks on at a deadlock

    with ThreadPoolExecutor() as threads, psycopg.connect(postgres_url, autocommit=True) as looking:
        migrating = threads.submit(migrate, postgres_url)
        wait_for(lambda: looking.execute(WAITS).fetchone() is not None)
        other.execute("SELECT pg_advisory_xact_lock(%s)", [MIGRATION_LOCK])
        other.rollback()
        assert migrating.result(timeout=30) == []

    assert has_policy(other)


def has_policy(connection: psycopg.Connection) -> bool:
    found = connection.execute(
        "SELECT FROM pg_policies WHERE tablename = 'facts' AND policyname = 'worker_reads'"
    )
    return found.fetchone() is not None
