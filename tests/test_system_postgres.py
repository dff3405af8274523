"""A slice of the tests on the PostgreSQL of the system, as most operators have it: with JIT, and of another version."""

import secrets
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from domain.ledger.postgres.migrations import migrate
from domain.ledger.postgres.store import PostgresStore
from projections.engine.rebuild import rebuild
from projections.engine.tables import ReadTables
from projections.models.registry import READ_MODELS
from tests.api.desk import house_at
from tests.postgres import PostgresServer


@pytest.fixture
def url(system_server: PostgresServer) -> Iterator[str]:
    """A database in which every query would be compiled, were that left to the server."""
    name = f"carnet_jit_{secrets.token_hex(4)}"
    url = system_server.create_database(name)
    migrate(url)
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {name} SET jit_above_cost = 0".encode())
    yield url
    system_server.drop_database(name)


def test_short_queries_never_pay_for_compilation(url: str) -> None:
    explain = "EXPLAIN (ANALYZE) SELECT count(*) FROM pg_class"
    with psycopg.connect(url) as connection:
        (compiles,) = connection.execute("SELECT pg_jit_available()").fetchone() or (False,)
        connection.execute("SET jit = on")
        assert ("JIT" in str(connection.execute(explain).fetchall())) is compiles
    with closing(PostgresStore(url)) as store, store.connection() as connection:
        assert "JIT" not in str(connection.execute(explain).fetchall())
    with closing(ReadTables(url, READ_MODELS)) as views:
        views.create()
        with views.reading() as reading:
            assert "JIT" not in str(reading.exec_driver_sql(explain).fetchall())


def test_a_day_at_the_desk(url: str) -> None:
    views = ReadTables(url, READ_MODELS)
    with house_at(url, views) as house:
        desk = house.desk()
        massage, anna = desk.service(), desk.customer("Zoë 😀")
        sold = desk.sell(anna, desk.offer(massage), expires_on=desk.today(days=30))
        used = desk.redeem(sold["id"], massage, quantity=2)
        desk.do(
            f"/v1/redemptions/{used['redemption_id']}/restorations", {"quantity": 1, "reason": "By mistake."}
        )
        (listed,) = desk.get("/v1/packages")["data"]
        assert (listed["id"], listed["remaining"]) == (sold["id"], 9)
        for name in ("cards", "customers"):
            done = rebuild(desk.carnet.store, views, views.projections[name])
            with psycopg.connect(url) as admin:
                found = admin.execute(
                    "SELECT last_analyze IS NOT NULL FROM pg_stat_user_tables WHERE relname = %s",
                    [done.physical],
                ).fetchone()
            assert found == (True,), "statistics were made after the fill"
        assert desk.get("/v1/packages")["data"] == [listed]
