"""The room that tables take is told of every store, table by table."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from domain.ledger.contract import Store
from domain.ledger.embedded.memory import MemoryStore
from domain.ledger.embedded.sqlite.space import estimated
from domain.ledger.space import TableSpace, bytes_of_a_fact
from domain.ledger.tables import TABLES
from tests.domain.ledger.conftest import Database
from tests.domain.ledger.examples import BUSINESS, OTHER, PACKAGE, next_fact, opening


def filled(store: Store) -> dict[str, TableSpace]:
    """Two ledgers of some hundred facts each."""
    for business in (BUSINESS, OTHER):
        store.open_ledger(business)
        ledger = store.ledger(business)
        ledger.append([opening(PACKAGE), *(next_fact(PACKAGE, version) for version in range(2, 200))])
    return {each.table: each for each in store.space()}


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_a_store_counts_the_rows_of_all_businesses_and_tells_their_bytes(
    request: pytest.FixtureRequest, kind: str
) -> None:
    database: Database = request.getfixturevalue(f"{kind}_database")
    with closing(database.open()) as store:
        found = filled(store)
    assert set(TABLES) <= set(found)
    assert found["facts"].rows == 398
    assert found["ledgers"].rows == 2
    assert found["facts"].bytes > 398 * 100
    assert bytes_of_a_fact(list(found.values())) == sum(each.bytes for each in found.values()) / 398


def test_books_in_memory_take_no_room() -> None:
    assert filled(MemoryStore()) == {}
    assert bytes_of_a_fact([]) == 0


def test_without_the_table_of_pages_it_is_estimated_and_adds_up_to_the_file(
    sqlite_database: Database, ledger_file: Path
) -> None:
    with closing(sqlite_database.open()) as store:
        found = filled(store)
    with closing(sqlite3.connect(ledger_file)) as connection:
        parts = estimated(connection)
    assert sum(parts.values()) == pytest.approx(ledger_file.stat().st_size, rel=0.01)
    assert parts["facts"] > found["facts"].bytes / 2
