"""After a load PostgreSQL plans for the rows that came, and not for the empty tables of before."""

from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from api.imports.batches import BATCH_ROWS
from api.server.installation import opened
from api.server.settings import Settings
from projections.engine.definition import physical_name
from projections.models.customers import CUSTOMERS
from projections.models.packages import CARDS
from tests.api.cli.conftest import Terminal
from tests.postgres import PostgresServer

PACKAGES_OF_A_CUSTOMER = (
    f"SELECT * FROM carnet_views.{physical_name(CARDS)} WHERE business_id = %s AND customer_id = 'cus_1'"
    " ORDER BY purchased_at DESC, package_id DESC LIMIT 20"
)


@pytest.fixture
def uncounted(postgres_server: PostgresServer, empty_postgres_url: str, tmp_path: Path) -> Terminal:
    """Books in which PostgreSQL counts nothing by itself."""
    terminal = Terminal(
        {
            "CARNET_DATABASE": empty_postgres_url,
            "CARNET_PEPPER": "0123456789abcdef" * 4,
            "CARNET_ERASURES": str(tmp_path / "erasures"),
        }
    )
    terminal.run("migrate")
    with psycopg.connect(empty_postgres_url, autocommit=True) as admin:
        tables = (
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname LIKE 'carnet%'"
        )
        for (table,) in admin.execute(tables).fetchall():
            admin.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)".encode())
    return terminal


def counted(terminal: Terminal, table: str) -> float:
    """The rows that PostgreSQL plans for; -1 where it has never counted."""
    with psycopg.connect(terminal.environment["CARNET_DATABASE"]) as admin:
        (rows,) = admin.execute(
            "SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [table]
        ).fetchone() or (0,)
    return float(rows)


def plan(terminal: Terminal, query: str, business_id: str) -> str:
    with psycopg.connect(terminal.environment["CARNET_DATABASE"]) as admin:
        return "\n".join(
            line for (line,) in admin.execute(f"EXPLAIN {query}".encode(), [business_id]).fetchall()
        )


def test_a_list_after_a_load_is_planned_for_the_rows_that_are_there(uncounted: Terminal) -> None:
    business_id = uncounted.open_business()
    uncounted.load()
    with opened(Settings.read(uncounted.environment)) as here:
        runner = here.runner()
        while runner.step():
            pass

    planned = plan(uncounted, PACKAGES_OF_A_CUSTOMER, business_id)
    assert "Sort" not in planned, "the index has their order"
    assert "customer_id = 'cus_1'" in planned.partition("Index Cond")[2]


def test_an_import_of_many_rows_has_ledgers_and_lists_counted(uncounted: Terminal, tmp_path: Path) -> None:
    business_id = uncounted.open_business()
    file = tmp_path / "clients.csv"
    file.write_text("reference,name\n" + "".join(f"c{row},Customer {row}\n" for row in range(BATCH_ROWS)))
    assert counted(uncounted, "carnet.facts") == -1
    uncounted.run("import", "customers", file, "--source", "till", "--dry-run")
    assert counted(uncounted, "carnet.facts") == -1
    uncounted.run("import", "customers", file, "--source", "till")
    assert counted(uncounted, "carnet.facts") == BATCH_ROWS + 1

    with opened(Settings.read(uncounted.environment)) as here:
        here.reads([CUSTOMERS.name]).fresh(business_id, [CUSTOMERS.name])
    assert counted(uncounted, f"carnet_views.{physical_name(CUSTOMERS)}") == BATCH_ROWS


def test_a_few_facts_have_nothing_counted(uncounted: Terminal) -> None:
    business_id = uncounted.open_business()
    with opened(Settings.read(uncounted.environment)) as here, closing(here.views):
        here.reads([CUSTOMERS.name]).fresh(business_id, [CUSTOMERS.name])
        while here.runner().step():
            pass
    assert counted(uncounted, "carnet.facts") == -1
    assert counted(uncounted, f"carnet_views.{physical_name(CUSTOMERS)}") == -1
