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
from dataclasses import asdict, dataclass
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
COLUMNS = "stream, version, position, name, data, meta, recorded_at"
ROWS_PER_WRITE = 1_000


@dataclass
class Step:
    """What a step took."""

    cpu: float = 0.0
    """Processor seconds."""
    seconds: float = 0.0
    """By the clock."""
    peak: float = 0.0
    """The most memory of the process, in megabytes."""


def taken(step: str, url: str, views_at: str, server: int | None) -> Step:
    """Take a step in this process."""
    kind, _, names = step.partition(":")
    if kind == "floor":
        return floor(url, views_at, names, server)
    store: Store = SqliteStore(url) if server is None else PostgresStore(url)
    views = ReadTables(views_at, READ_MODELS)
    try:
        (business_id,) = [id for id, _ in store.heads()]
        with _measured(server) as took:
            STEPS[kind](store, views, business_id, names.split(","))
        return took
    finally:
        views.close()
        store.close()


@contextmanager
def _measured(server: int | None) -> Iterator[Step]:
    took = Step()
    began, before = time.perf_counter(), time.process_time() + seconds_of_server(server)
    yield took
    took.cpu = time.process_time() + seconds_of_server(server) - before
    took.peak = peak_of()
    took.seconds = time.perf_counter() - began


def peak_of() -> float:
    """The most that this process held, in megabytes.

    What `getrusage` tells counts the parent too, until the program began.
    """
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def seconds_of_server(postmaster: int | None) -> float:
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
        list(Proof(evidence, None).findings())


def _reconcile(store: Store, views: ReadTables, business_id: str, names: list[str]) -> None:
    projections = reconcile.comparable(list(views.projections.values()))
    with views.snapshot(business_id, [each.name for each in projections]) as snapshot:
        assert not list(reconcile.reconcile(store.ledger(business_id), snapshot, projections))


def floor(url: str, views_at: str, name: str, server: int | None) -> Step:
    """Read the facts that a read model handles, and write its rows into an equal table with equal indexes."""
    projection = next(each for each in READ_MODELS if each.name == name)
    facts = sorted(fact.stored_name for fact in projection.handles)
    views = ReadTables(views_at, READ_MODELS)
    with views.reading() as connection:
        live = live_tables(connection, [projection])[name]
    copy = physical_table(projection.table, f"{name}_floor")
    try:
        if server is None:
            return _floor_of_sqlite(url, views, live, copy, facts)
        return _floor_of_postgres(url, views, live, copy, facts, server)
    finally:
        views.close()


def _floor_of_sqlite(url: str, views: ReadTables, live: str, copy: Table, facts: list[str]) -> Step:
    import sqlite3

    with views.reading() as connection:
        rows = [tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {live}")]
    marks = ", ".join("?" * len(copy.columns))
    with _measured(None) as took:
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
    return took


def _floor_of_postgres(
    url: str, views: ReadTables, live: str, copy: Table, facts: list[str], server: int
) -> Step:
    import psycopg

    with views.reading() as connection:
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(f"COPY {live} TO STDOUT") as out:
            rows = b"".join(out)
    with psycopg.connect(url, options="-c search_path=carnet") as ledger, _measured(server) as took:
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
    return took


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
    given, where, views_url, *postmaster = sys.argv[1:]
    print(json.dumps(asdict(taken(given, where, views_url, int(postmaster[0]) if postmaster else None))))
