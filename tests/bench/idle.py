"""What idle ledgers cost: `python -m tests.bench idle`.

Each round opens many ledgers that are up to date, and one that is busy. It measures a step of the runner and a
look of `/readyz`: where nothing happens, and after a fact in the busy ledger.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg

from domain.ledger.contract import Store
from domain.ledger.embedded.sqlite.schema import migrate as migrate_sqlite
from domain.ledger.envelope import NewFact
from domain.ledger.postgres.migrations import migrate as migrate_postgres
from domain.ledger.records import Append
from domain.ledger.stores import store_at
from projections.engine.runner import Runner
from projections.engine.tables import ReadTables
from projections.engine.watch import Watch
from projections.models.registry import READ_MODELS
from tests.postgres import PostgresServer, find_binaries

BUSY = "biz_busy"
FEW = 1_000


@dataclass(frozen=True)
class Plan:
    """What is measured."""

    ledgers: int = 100_000
    rounds: int = 30


QUICK = Plan(ledgers=10_000, rounds=10)


@dataclass(frozen=True)
class Row:
    """Milliseconds with so many ledgers on a store: the best of the rounds, as others use the machine too."""

    store: str
    ledgers: int
    first_look: float
    idle_step: float
    idle_ready: float
    busy_step: float
    busy_ready: float


MEASURES = ("idle_step", "idle_ready", "busy_step", "busy_ready", "first_look")


@dataclass(frozen=True)
class Report:
    rows: tuple[Row, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def measure(plan: Plan, tell: Callable[[str], None]) -> Report:
    rows = []
    for name, place in (("sqlite", _on_sqlite), ("postgres", _on_postgres)):
        for ledgers in (FEW, plan.ledgers):
            tell(f"{ledgers:,} ledgers on {name}")
            with place(ledgers) as (store, views):
                rows.append(_row(name, ledgers, store, views, plan.rounds))
    return Report(tuple(rows))


def table(report: Report) -> str:
    lines = [f"{'store':<10}{'ledgers':>10}" + "".join(f"{name:>13}" for name in MEASURES) + "  ms"]
    lines += [
        f"{row.store:<10}{row.ledgers:>10,}" + "".join(f"{getattr(row, name):>13.2f}" for name in MEASURES)
        for row in report.rows
    ]
    for few, many in zip(report.rows[::2], report.rows[1::2], strict=True):
        ratios = (getattr(many, name) / getattr(few, name) for name in MEASURES)
        lines.append(f"{many.store:<10}{'ratio':>10}" + "".join(f"{ratio:>13.1f}" for ratio in ratios))
    return "\n".join(lines)


def _row(name: str, ledgers: int, store: Store, views: ReadTables, rounds: int) -> Row:
    runner, watch = Runner(store, views), Watch(store, views)
    first = _ms(lambda: runner.step())
    watch.lag()
    while runner.step():
        pass
    idle_step = [_ms(runner.step) for _ in range(rounds)]
    idle_ready = [_ms(watch.lag) for _ in range(rounds)]
    busy_step, busy_ready = [], []
    for _ in range(rounds):
        _record(store)
        busy_ready.append(_ms(watch.lag))
        busy_step.append(_ms(runner.step))
        while runner.step():
            pass
    return Row(name, ledgers, first, min(idle_step), min(idle_ready), min(busy_step), min(busy_ready))


def _ms(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)


def _record(store: Store) -> None:
    """One fact in the busy ledger, of a kind that no read model handles."""
    store.open_ledger(BUSY)
    ledger = store.ledger(BUSY)
    version = ledger.head().position
    ledger.append([Append((NewFact("bench", "bench_1", version + 1, "bench.done", 1, b"{}", b"{}"),), {})])


@contextmanager
def _on_sqlite(ledgers: int) -> Iterator[tuple[Store, ReadTables]]:
    with TemporaryDirectory() as folder, ExitStack() as stack:
        file, beside = Path(folder) / "carnet.db", Path(folder) / "views.db"
        migrate_sqlite(file)
        views = stack.enter_context(closing(ReadTables(beside, READ_MODELS)))
        views.create()
        many = f"WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {ledgers})"
        with closing(sqlite3.connect(file)) as connection:
            connection.execute(
                f"INSERT INTO ledgers {many} SELECT printf('biz_%08d', n), n, 1, zeroblob(32), 0, zeroblob(32) FROM n"
            )
            connection.commit()
        with closing(sqlite3.connect(beside)) as connection:
            connection.execute(
                "INSERT INTO checkpoints (business_id, physical, position, updated_at, cohort)"
                f" {many} SELECT printf('biz_%08d', n), '', 1, 0, 'all' FROM n"
            )
            connection.execute("INSERT INTO cohorts SELECT 'all', physical FROM read_tables")
            connection.commit()
        yield stack.enter_context(closing(store_at(f"sqlite:///{file}", pool_size=2))), views


@contextmanager
def _on_postgres(ledgers: int) -> Iterator[tuple[Store, ReadTables]]:
    with PostgresServer(binaries=find_binaries(), max_connections=40) as server, ExitStack() as stack:
        server.create_database("idle")
        url = server.url("idle")
        migrate_postgres(url)
        views = stack.enter_context(closing(ReadTables(url, READ_MODELS)))
        views.create()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "INSERT INTO carnet.ledgers (business_id, position, hash, recorded_at, secret)"
                " SELECT 'biz_' || to_char(n, 'FM00000000'), 1, sha256(''), 0, sha256('')"
                f" FROM generate_series(1, {int(ledgers)}) n"
            )
            connection.execute(
                "INSERT INTO carnet_views.checkpoints (business_id, physical, position, updated_at, cohort)"
                f" SELECT 'biz_' || to_char(n, 'FM00000000'), '', 1, 0, 'all' FROM generate_series(1, {int(ledgers)}) n"
            )
            connection.execute(
                "INSERT INTO carnet_views.cohorts SELECT 'all', physical FROM carnet_views.read_tables"
            )
            connection.execute("VACUUM ANALYZE carnet.ledgers")
            connection.execute("VACUUM ANALYZE carnet_views.checkpoints")
        yield stack.enter_context(closing(store_at(url, pool_size=2))), views
