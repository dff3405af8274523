"""What goes wrong between a store and its PostgreSQL server, and what the caller is told."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import psycopg
import pytest

from domain.ledger.contract import LedgerRecorder
from domain.ledger.errors import Contention, LedgerUnavailable
from domain.ledger.postgres.migrations import migrate
from domain.ledger.postgres.store import PostgresStore
from tests.domain.ledger.examples import (
    BUSINESS,
    PACKAGE,
    answered,
    assert_chained,
    conflict,
    next_fact,
    opening,
    stored,
)
from tests.domain.ledger.proxy import StrikingProxy
from tests.postgres import PostgresServer, find_binaries
from tests.ready import wait_for


@pytest.fixture
def proxy(postgres_url: str) -> Iterator[StrikingProxy]:
    with StrikingProxy(postgres_url) as proxy:
        yield proxy


@pytest.fixture
def store(proxy: StrikingProxy) -> Iterator[PostgresStore]:
    store = PostgresStore(proxy.url, answer_s=1.0)
    yield store
    store.close()


@pytest.fixture
def ledger(store: PostgresStore) -> LedgerRecorder:
    """A ledger with one package of one fact, behind the proxy."""
    store.open_ledger(BUSINESS)
    ledger = store.ledger(BUSINESS)
    stored(ledger, opening(PACKAGE))
    return ledger


def test_a_cut_after_the_commit_leaves_a_request_that_is_known(
    ledger: LedgerRecorder, proxy: StrikingProxy
) -> None:
    proxy.fail_on(b"key-1", "cut after")
    with pytest.raises(LedgerUnavailable):
        ledger.append([next_fact(PACKAGE, 2, "key-1")])
    assert proxy.struck.is_set()
    answer = answered(ledger, "key-1")
    assert answer is not None
    assert (answer.first, answer.last) == (2, 2)
    assert conflict(ledger, next_fact(PACKAGE, 2, "key-1")) == "key-1"
    assert assert_chained(ledger) == 2


def test_a_cut_before_the_commit_leaves_nothing(ledger: LedgerRecorder, proxy: StrikingProxy) -> None:
    proxy.fail_on(b"key-1", "cut before")
    with pytest.raises(LedgerUnavailable):
        ledger.append([next_fact(PACKAGE, 2, "key-1")])
    assert proxy.struck.is_set()
    assert answered(ledger, "key-1") is None
    stored(ledger, next_fact(PACKAGE, 2, "key-1"))
    assert assert_chained(ledger) == 2


def test_a_server_that_does_not_answer_is_given_up(ledger: LedgerRecorder, proxy: StrikingProxy) -> None:
    proxy.fail_on(b"key-1", "silence")
    with pytest.raises(LedgerUnavailable):
        ledger.append([next_fact(PACKAGE, 2, "key-1")])
    assert proxy.struck.is_set()
    # The server had it all the same, and the request tells.
    assert answered(ledger, "key-1") is not None


def test_a_lock_that_is_cut_while_it_is_held_is_released(
    ledger: LedgerRecorder, proxy: StrikingProxy
) -> None:
    proxy.fail_on(b"key-1", "cut before")

    def append() -> None:
        with ledger.locked() as held:
            held.append([next_fact(PACKAGE, 2, "key-1")])

    with pytest.raises(LedgerUnavailable):
        append()
    append()
    assert assert_chained(ledger) == 2


def test_an_append_that_waits_too_long_for_the_head_is_contention(postgres_url: str) -> None:
    store = PostgresStore(postgres_url)
    store.open_ledger(BUSINESS)
    ledger = store.ledger(BUSINESS)
    with psycopg.connect(postgres_url) as other:
        other.execute("SELECT FROM carnet.ledgers FOR UPDATE")
        with pytest.raises(Contention):
            ledger.append([opening(PACKAGE)])
    assert ledger.head().position == 0
    store.close()


def test_an_exhausted_pool_is_unavailable_and_recovers(postgres_url: str) -> None:
    store = PostgresStore(postgres_url, pool_size=1, answer_s=0.2)
    store.open_ledger(BUSINESS)
    ledger = store.ledger(BUSINESS)
    with ThreadPoolExecutor(1) as threads, ledger.locked(), pytest.raises(LedgerUnavailable):
        threads.submit(ledger.head).result()
    assert ledger.head().position == 0
    store.close()


def test_a_read_only_database_answers_reads_only(postgres_url: str) -> None:
    store = PostgresStore(postgres_url, pool_size=1)
    store.open_ledger(BUSINESS)
    with store.connection() as connection:
        # As a standby: no setting of ours lets it write.
        connection.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
    ledger = store.ledger(BUSINESS)
    with pytest.raises(LedgerUnavailable):
        ledger.append([opening(PACKAGE)])
    assert ledger.head().position == 0
    store.close()


def test_a_server_that_cannot_be_reached_is_unavailable() -> None:
    with pytest.raises(LedgerUnavailable):
        PostgresStore("postgresql://postgres@127.0.0.1:1/carnet")


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """A server that a test may kill."""
    with PostgresServer(binaries=find_binaries()) as server:
        migrate(server.create_database("ledger"))
        yield server


def test_nothing_fails_on_connections_that_a_restart_cut(own_server: PostgresServer) -> None:
    store = PostgresStore(own_server.url("ledger"))
    store.open_ledger(BUSINESS)
    ledger = store.ledger(BUSINESS)
    stored(ledger, opening(PACKAGE))
    own_server.restart()
    stored(ledger, next_fact(PACKAGE, 2))
    assert assert_chained(ledger) == 2
    store.close()


def recovered(ledger: LedgerRecorder) -> None:
    """Ask until the database answers again: a probe finds that out within a quarter of a second."""

    def answers() -> bool:
        try:
            ledger.head()
        except LedgerUnavailable:
            return False
        return True

    wait_for(answers)


def test_after_a_kill_everything_acknowledged_is_there(own_server: PostgresServer) -> None:
    store = PostgresStore(own_server.url("ledger"), answer_s=1.0)
    store.open_ledger(BUSINESS)
    ledger = store.ledger(BUSINESS)
    stored(ledger, opening(PACKAGE))
    acknowledged: list[int] = []
    running = Event()

    def write() -> None:
        for version in range(2, 100_000):
            try:
                acknowledged.append(stored(ledger, next_fact(PACKAGE, version, f"key-{version}")).last)
            except LedgerUnavailable:
                return
            running.set()

    with ThreadPoolExecutor(1) as threads:
        writing = threads.submit(write)
        running.wait()
        own_server.kill()
        writing.result()
        with pytest.raises(LedgerUnavailable):
            ledger.head()
        own_server.start()
    recovered(ledger)
    facts = assert_chained(ledger)
    # The last request may have been stored without its answer arriving: then its key is known.
    assert facts in (acknowledged[-1], acknowledged[-1] + 1)
    assert answered(ledger, f"key-{facts}") is not None
    assert answered(ledger, f"key-{facts + 1}") is None
    store.close()
