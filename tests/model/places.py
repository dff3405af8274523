"""Where a run of the machine keeps its books: memory, an SQLite file or a PostgreSQL database, always fresh."""

import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from domain.ledger.contract import Store
from domain.ledger.embedded.memory import MemoryStore
from domain.ledger.embedded.sqlite.schema import migrate
from domain.ledger.embedded.sqlite.store import SqliteStore
from domain.ledger.postgres.migrations import migrate as migrate_postgres
from domain.ledger.postgres.store import PostgresStore
from projections.engine.tables import ReadTables
from projections.models.registry import READ_MODELS
from tests.postgres import PostgresServer

Clock = Callable[[], int]
"""Milliseconds since 1970."""


@dataclass(frozen=True)
class Place:
    """One fresh database. What is opened is closed by who opened it; `remove` throws all of it away."""

    open_store: Callable[[Clock], Store]
    open_views: Callable[[], ReadTables]
    remove: Callable[[], None]


Places = Callable[[], Place]
STORES = ("memory", "sqlite", "postgres")


@contextmanager
def places(store: str, server: PostgresServer | None = None) -> Iterator[Places]:
    """Makes places of one kind; the tables are made once and copied for each of them.

    For `postgres` on the given server, or on one of its own.
    """
    if store == "postgres":
        if server is not None:
            with _on_postgres(server) as make:
                yield make
        else:
            with PostgresServer() as own, _on_postgres(own) as make:
                yield make
        return
    with tempfile.TemporaryDirectory(prefix="carnet-model-") as name:
        yield _in_files(Path(name), in_memory=store == "memory")


def _views_in(folder: Path) -> ReadTables:
    return ReadTables(folder / "views.db", READ_MODELS)


def _in_files(root: Path, *, in_memory: bool) -> Places:
    template = root / "template"
    migrate(template / "ledger.db")
    views = _views_in(template)
    views.create()
    views.close()

    def make() -> Place:
        folder = root / secrets.token_hex(8)
        shutil.copytree(template, folder)
        kept: list[MemoryStore] = []

        def open_store(clock: Clock) -> Store:
            if not in_memory:
                return SqliteStore(folder / "ledger.db", clock)
            # Memory has nothing to be opened again from: the first store stays.
            kept.append(kept[0] if kept else MemoryStore(clock))
            return kept[0]

        return Place(open_store, lambda: _views_in(folder), lambda: shutil.rmtree(folder))

    return make


@contextmanager
def _on_postgres(server: PostgresServer) -> Iterator[Places]:
    template = f"carnet_model_{secrets.token_hex(4)}"
    url = server.create_database(template)
    migrate_postgres(url)
    views = ReadTables(url, READ_MODELS)
    views.create()
    views.close()

    def make() -> Place:
        name = f"carnet_model_{secrets.token_hex(8)}"
        url = server.create_database(name, template)
        return Place(
            lambda clock: PostgresStore(url, clock, pool_size=2),
            lambda: ReadTables(url, READ_MODELS),
            lambda: server.drop_database(name),
        )

    yield make
    server.drop_database(template)
