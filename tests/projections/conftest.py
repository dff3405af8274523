"""Ledgers and read tables of each kind, fresh for each test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from domain.ledger.contract import Store
from domain.ledger.embedded.sqlite.schema import migrate
from domain.ledger.embedded.sqlite.store import SqliteStore
from domain.ledger.postgres.store import PostgresStore
from projections.engine.asking import LOCK_WAIT_S
from projections.engine.definition import Projection
from projections.engine.tables import ReadTables
from tests.projections.examples import Installation, balances, entries, installation

Open = Callable[..., Installation]
"""Opens the same databases again, as another process would; takes the projections."""


@pytest.fixture(params=["sqlite", "postgres"])
def open_installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Open]:
    store: Callable[[], Store]
    if request.param == "postgres":
        url: str = request.getfixturevalue("postgres_url")
        where, store = url, lambda: PostgresStore(url)
    else:
        migrate(tmp_path / "ledger.db")
        where, store = str(tmp_path / "views.db"), lambda: SqliteStore(tmp_path / "ledger.db")

    with ExitStack() as stack:

        def open_it(*projections: Projection, lock_wait_s: float = LOCK_WAIT_S) -> Installation:
            views = ReadTables(where, projections or (balances(), entries()), lock_wait_s=lock_wait_s)
            return stack.enter_context(installation(store(), views))

        yield open_it


@pytest.fixture
def here(open_installation: Open) -> Installation:
    return open_installation()
