"""Connections that are made ready before somebody waits for them."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from domain.ledger.postgres import keys
from domain.ledger.postgres.statements import APPEND_ALL, APPEND_ONE, LOAD_ALL
from domain.ledger.postgres.store import READY, PostgresStore

pytest_plugins = ["tests.postgres"]

ROWS = (
    "SELECT (SELECT count(*) FROM ledgers) + (SELECT count(*) FROM facts) + (SELECT count(*) FROM requests)"
    " + (SELECT count(*) FROM streams) + (SELECT count(*) FROM claims) + (SELECT count(*) FROM shapes)"
)
PREPARED = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s"


@pytest.fixture
def store(postgres_url: str) -> Iterator[PostgresStore]:
    store = PostgresStore(postgres_url, pool_size=4)
    yield store
    store.close()


def plans(connection: psycopg.Connection[Any], of: str) -> int:
    row = connection.execute(PREPARED, [f"%FROM {of}(%"], prepare=False).fetchone()
    assert row is not None
    return int(row[0])


def test_it_runs_an_append_and_a_load_and_leaves_nothing(
    store: PostgresStore, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    execute: Any = psycopg.Connection.execute

    def heard(self: object, query: str, *arguments: object, **more: object) -> object:
        found = execute(self, query, *arguments, **more)
        ran.append(query)
        return found

    monkeypatch.setattr(psycopg.Connection, "execute", heard)
    store.make_ready()
    monkeypatch.undo()
    done = (APPEND_ONE, APPEND_ALL, LOAD_ALL, keys.FOUND)
    assert [query for query in done if query not in ran] == [], "each of them ended without an error"
    with psycopg.connect(postgres_url) as looking:
        looking.execute("SET search_path = carnet")
        assert looking.execute(ROWS).fetchone() == (0,)


def test_a_connection_in_place_of_a_lost_one_is_made_ready_too(store: PostgresStore) -> None:
    store.make_ready()
    store._pool.wait()
    for _ in range(READY):
        with store.connection() as connection:
            assert plans(connection, "load_all") == 1
            connection.close()
    store._pool.wait()
    with store.connection() as connection:
        assert plans(connection, "load_all") == 1


def test_the_pool_is_never_larger_than_it_may_be(postgres_url: str) -> None:
    store = PostgresStore(postgres_url, pool_size=2)
    store.make_ready()
    assert store._pool.min_size == store._pool.max_size == 2
    store.close()
