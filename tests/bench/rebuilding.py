"""One step of `tests.bench rebuild` in a process of its own: `python -m tests.bench.rebuilding STEP URL VIEWS [PID]`.

Prints its processor seconds with those of the PostgreSQL server whose postmaster is PID, the seconds by the clock, and
the most memory that the process held, in megabytes.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Table
from sqlalchemy.schema import CreateTable

from domain.ledger.contract import Store
from domain.ledger.embedded.sqlite.store import SqliteStore
from domain.ledger.postgres.store import PostgresStore
from projections.engine.checkpoints import live_tables
from projections.engine.definition import physical_table
from projections.engine.rebuild import rebuild_all
from projections.engine.tables import ReadTables
from projections.models.registry import READ_MODELS
from replay import reconcile
from replay.proof.prove import Proof

TICKS = os.sysconf("SC_CLK_TCK")
COLUMNS = "stream_id, version, position, name, data, meta, recorded_at"
ROWS_PER_WRITE = 1_000


def main(step: str, url: str, views_at: str, server: str = "") -> None:
    store: Store = PostgresStore(url) if server else SqliteStore(url)
    views = ReadTables(views_at, READ_MODELS)
    do, names = STEPS[step.partition(":")[0]], step.partition(":")[2].split(",")
    try:
        (business_id,) = [id for id, _ in store.heads()]
        with _measured(int(server) if server else None):
            do(store, views, business_id, names)
    finally:
        views.close()
        store.close()


@contextmanager
def _measured(server: int | None) -> Iterator[None]:
    began, before = time.perf_counter(), time.process_time() + _of_server(server)
    yield
    cpu = time.process_time() + _of_server(server) - before
    peak = _peak()
    print(json.dumps({"cpu": cpu, "seconds": time.perf_counter() - began, "peak": peak}))


def _peak() -> float:
    """Megabytes. What `getrusage` tells counts the parent too, until the program began."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _of_server(postmaster: int | None) -> float:
    """The processor seconds of a PostgreSQL server until now, with those of processes that have ended."""
    if postmaster is None:
        return 0.0
    ticks = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(folder.name) == postmaster:
            ticks += sum(map(int, fields[11:15]))
        elif int(fields[1]) == postmaster:
            ticks += sum(map(int, fields[11:13]))
    return ticks / TICKS


# Steps


def _rebuild(store: Store, views: ReadTables, business_id: str, names: list[str]) -> None:
    rebuild_all(store, views, [views.projections[name] for name in names])


def _prove(store: Store, views: ReadTables, business_id: str, names: list[str]) -> None:
    with store.evidence(business_id) as evidence:
        assert list(Proof(evidence, None).findings()) is not None


def _reconcile(store: Store, views: ReadTables, business_id: str, names: list[str]) -> None:
    projections = reconcile.comparable(list(views.projections.values()))
    with views.snapshot(business_id, [each.name for each in projections]) as snapshot:
        assert not list(reconcile.reconcile(store.ledger(business_id), snapshot, projections))


def floor(url: str, views_at: str, name: str, server: int | None) -> None:
    """Read the facts that a read model handles, and write its rows into an equal table with equal indexes."""
    projection = next(each for each in READ_MODELS if each.name == name)
    facts = sorted(fact.stored_name for fact in projection.handles)
    views = ReadTables(views_at, READ_MODELS)
    with views.reading() as connection:
        live = live_tables(connection, [projection])[name]
    copy = physical_table(projection.table, f"{name}_floor")
    if server is None:
        _floor_of_sqlite(url, views, live, copy, facts)
    else:
        _floor_of_postgres(url, views, live, copy, facts, server)
    views.close()


def _floor_of_sqlite(url: str, views: ReadTables, live: str, copy: Table, facts: list[str]) -> None:
    import sqlite3

    with views.reading() as connection:
        rows = [tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {live}")]
    marks = ", ".join("?" * len(copy.columns))
    with _measured(None):
        ledger = sqlite3.connect(f"file:{url}?mode=ro", uri=True)
        named = ", ".join("?" * len(facts))
        for _ in ledger.execute(
            f"SELECT {COLUMNS} FROM facts JOIN shapes ON number = shape WHERE name IN ({named})", facts
        ):
            pass
        ledger.close()
        with views.writing() as connection:
            connection.execute(CreateTable(copy))
        for first in range(0, len(rows), ROWS_PER_WRITE):
            with views.writing() as connection:
                driver: Any = connection.connection.driver_connection
                page = rows[first : first + ROWS_PER_WRITE]
                driver.executemany(f"INSERT INTO {copy.name} VALUES ({marks})", page)
        _index(views, copy)
    _drop(views, copy)


def _floor_of_postgres(
    url: str, views: ReadTables, live: str, copy: Table, facts: list[str], server: int
) -> None:
    import psycopg

    with views.reading() as connection:
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(f"COPY {live} TO STDOUT") as out:
            rows = b"".join(out)
    with psycopg.connect(url, options="-c search_path=carnet") as ledger, _measured(server):
        named = ", ".join(f"'{name}'" for name in facts)
        query = f"COPY (SELECT {COLUMNS} FROM facts JOIN shapes ON number = shape WHERE name IN ({named})) TO STDOUT"
        with ledger.cursor() as cursor, cursor.copy(query) as out:
            for _ in out:
                pass
        with views.writing() as connection:
            connection.execute(CreateTable(copy))
            written: Any = connection.connection.driver_connection
            with written.cursor() as cursor, cursor.copy(f"COPY {copy.name} FROM STDIN") as into:
                into.write(rows)
        _index(views, copy)
    _drop(views, copy)


def _index(views: ReadTables, table: Table) -> None:
    for index in table.indexes:
        with views.writing() as connection:
            index.create(connection)


def _drop(views: ReadTables, table: Table) -> None:
    with views.writing() as connection:
        connection.exec_driver_sql(f"DROP TABLE {table.name}")


STEPS: dict[str, Callable[[Store, ReadTables, str, list[str]], None]] = {
    "rebuild": _rebuild,
    "prove": _prove,
    "reconcile": _reconcile,
}

if __name__ == "__main__":
    if sys.argv[1].startswith("floor:"):
        of_server = int(sys.argv[4]) if len(sys.argv) > 4 else None
        floor(sys.argv[2], sys.argv[3], sys.argv[1].partition(":")[2], of_server)
    else:
        main(*sys.argv[1:])
