"""A database in trouble: every request is answered with 503, and none waits for long, alone or in company."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from api.soak.network import Outage, Proxy
from domain.ledger.embedded import sqlite
from domain.ledger.postgres.migrations import migrate
from tests.api.server.waits import Salon, Waited, salon
from tests.postgres import PostgresServer, find_binaries
from tests.ready import wait_for

PATIENCE_S = 0.6
HANGS_S = 30.0
"""Nothing that keeps its patience takes so long, on however busy a machine."""


@pytest.fixture
def proxy(postgres_url: str) -> Iterator[Proxy]:
    with Proxy(postgres_url) as proxy:
        yield proxy


@pytest.fixture
def behind(proxy: Proxy) -> Iterator[Salon]:
    with salon(proxy.url, proxy.url) as found:
        yield found


@pytest.fixture
def small_server() -> Iterator[PostgresServer]:
    """A server of few connections, for everybody together."""
    with PostgresServer(binaries=find_binaries(), max_connections=20) as server:
        migrate(server.create_database("ledger"))
        yield server


def refused(waited: list[Waited]) -> None:
    assert {each.status for each in waited} == {503}
    assert {each.code for each in waited} <= {"storage-unavailable", "contention"}
    assert max(each.seconds for each in waited) < HANGS_S


def answered(ask: Callable[[], Waited], status: int) -> None:
    """Ask until the trouble is over: a probe finds that out by itself."""
    wait_for(lambda: ask().status == status)


@pytest.mark.parametrize("outage", ["refuse", "swallow"])
@pytest.mark.parametrize("writers", [1, 20])
def test_a_server_that_is_not_reached(behind: Salon, proxy: Proxy, outage: Outage, writers: int) -> None:
    proxy.go_out(outage)
    with behind.hurried(PATIENCE_S):
        refused(behind.at_once(writers, "out"))
        refused(behind.at_once(writers, "still out"))
        refused([behind.ask()])
    proxy.come_back()
    answered(behind.ask, 200)
    answered(lambda: behind.redeem("after"), 201)
    left = behind.remaining
    for n in range(writers):
        assert behind.redeem(f"out-{n}").status == 201, "the same request again tells what became of it"
    assert left - writers <= behind.remaining <= left


def test_a_server_whose_connections_were_cut_answers_the_next_request(behind: Salon, proxy: Proxy) -> None:
    behind.ask()
    proxy.cut_all()
    assert behind.ask().status == 200, "dead connections are thrown away unused, in both pools"
    proxy.cut_all()
    assert behind.redeem("after").status == 201


@pytest.mark.parametrize("writers", [1, 20])
def test_a_head_that_is_locked(behind: Salon, postgres_url: str, writers: int) -> None:
    with psycopg.connect(postgres_url) as other:
        other.execute("SELECT FROM carnet.ledgers FOR UPDATE")
        with behind.hurried(PATIENCE_S):
            refused(behind.at_once(writers, "locked"))
        assert behind.ask().status == 200, "reading waits for no lock"
    assert behind.redeem("after").status == 201


def test_a_server_without_a_connection_to_spare(small_server: PostgresServer) -> None:
    url = small_server.url("ledger")
    with salon(url, url) as behind:
        taken: list[psycopg.Connection[tuple[object, ...]]] = []
        with suppress(psycopg.OperationalError):
            while True:
                taken.append(psycopg.connect(url))
        with behind.hurried(PATIENCE_S):
            waited = [*behind.at_once(1, "alone"), *behind.at_once(20, "full"), behind.ask()]
        assert {each.status for each in waited} <= {200, 201, 503}, "what it has is still used"
        assert max(each.seconds for each in waited) < HANGS_S
        for connection in taken:
            connection.close()
        answered(lambda: behind.redeem("after"), 201)


@pytest.mark.parametrize("writers", [1, 30])
def test_a_ledger_file_that_another_process_writes(tmp_path: Path, writers: int) -> None:
    file = tmp_path / "carnet.db"
    sqlite.migrate(file)
    with salon(f"sqlite:///{file}", f"{file}-views") as behind:
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with behind.hurried(PATIENCE_S):
            refused(behind.at_once(writers, "locked"))
        assert behind.ask().status == 200, "reading waits for no writer"
        other.execute("ROLLBACK")
        other.close()
        assert behind.redeem("after").status == 201
