"""How far the read models are, asked under the restricted logins of PostgreSQL: each business sees its own alone."""

from collections.abc import Iterator
from contextlib import closing
from secrets import token_hex
from typing import Any

import pytest
from sqlalchemy import text

from domain.ledger.postgres.roles import for_business
from projections.engine import shares
from projections.engine.progress import model_standings
from projections.engine.tables import ReadTables
from projections.models.registry import READ_MODELS
from projections.models.versions import VERSIONS
from tests.api.desk import Desk, house_at
from tests.domain.ledger.postgres.test_schema import as_login
from tests.postgres import PostgresServer

PLAN = "of this test"
SHADOW = f"plans_v{VERSIONS['plans']}_shadow"
NOW_MS = 10_000


@pytest.fixture(scope="module")
def books(postgres_server: PostgresServer, postgres_template: str) -> Iterator[tuple[str, Desk, Desk]]:
    """A database in which the read model of plans is being rebuilt, and two businesses: of 100 and 900 facts."""
    name = f"carnet_standings_{token_hex(4)}"
    url = postgres_server.create_database(name, postgres_template)
    with house_at(url, ReadTables(url, READ_MODELS)) as house:
        one, other = house.desk(), house.desk()
        for desk in (one, other):
            desk.customer("Anna")
            desk.get("/v1/customers")
        rows = [_share(0, one, 100, done=True), _share(1, other, 900, done=False)]
        with one.frame.views.writing() as connection:
            connection.execute(shares.rebuild_plans.insert(), {"physical": SHADOW, "plan": PLAN})
            connection.execute(shares.rebuild_shares.insert(), rows)
        yield url, one, other
    postgres_server.drop_database(name)


def _share(number: int, desk: Desk, facts: int, *, done: bool) -> dict[str, Any]:
    of = {"plan": PLAN, "number": number, "business_id": desk.business_id, "physical": "", "parts": []}
    return {**of, "facts": facts, "done": done, "done_at": NOW_MS if done else None}


@pytest.mark.parametrize("role", ["carnet_app", "carnet_auditor"])
def test_each_business_sees_its_own_progress(books: tuple[str, Desk, Desk], role: str) -> None:
    url, one, other = books
    with closing(ReadTables(as_login(url, role), READ_MODELS)) as views:
        for desk, progress in ((one, (100, 100)), (other, (0, 900))):
            told = {each.projection.name: each for each in model_standings(views, desk.business_id, NOW_MS)}
            assert told.keys() == VERSIONS.keys()
            rebuild = told["plans"].rebuild
            assert rebuild is not None
            assert (rebuild.facts_done, rebuild.facts) == progress
            assert told["offers"].rebuild is None
            checkpoint = told["customers"].checkpoint
            assert checkpoint is not None
            assert checkpoint.position == desk.head


@pytest.mark.parametrize("role", ["carnet_app", "carnet_auditor"])
def test_the_database_itself_shows_the_shares_of_one_business(
    books: tuple[str, Desk, Desk], role: str
) -> None:
    url, one, other = books
    with closing(ReadTables(as_login(url, role), READ_MODELS)) as views:
        for business_id, seen in ((one.business_id, 1), (other.business_id, 1), ("biz_elsewhere", 0)):
            with views.reading() as connection:
                connection.exec_driver_sql(for_business(business_id))
                found = connection.execute(text("SELECT business_id FROM rebuild_shares")).scalars().all()
            assert found == [business_id] * seen
        with views.reading() as connection:
            assert connection.execute(text("SELECT count(*) FROM rebuild_shares")).scalar() == 0


@pytest.mark.parametrize("role", ["carnet_app", "carnet_auditor"])
@pytest.mark.parametrize("table", ["rebuild_shares", "rebuild_plans", "checkpoints", "cohorts"])
def test_who_reads_progress_does_not_change_it(books: tuple[str, Desk, Desk], role: str, table: str) -> None:
    url, _, _ = books
    with closing(ReadTables(as_login(url, role), READ_MODELS)) as views, views.reading() as connection:
        may = connection.scalar(
            text("SELECT has_table_privilege(to_regclass(:table), 'INSERT, UPDATE, DELETE, TRUNCATE')"),
            {"table": table},
        )
    assert may is False
