"""Books with many customers in them, on either database: the facts of `crowd`, and read models made of them."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from domain.ledger.embedded import sqlite
from domain.ledger.postgres.migrations import migrate
from projections.engine.runner import Runner
from projections.engine.status import totals
from projections.engine.tables import ReadTables
from projections.models.registry import READ_MODELS
from tests.api.desk import Desk, House, house_at
from tests.bench.crowd import TOLD_EVERY, Catalogue, Crowd
from tests.postgres import PostgresServer

TYPES = ("Massage", "Wellness", "Beauty", "Sport")
Progress = Callable[[str], None]
Place = Callable[[str], tuple[str, ReadTables]]
"""A name → where a ledger of that name lies, migrated, and its views."""


@contextmanager
def places(database: str) -> Iterator[Place]:
    if database == "SQLite":
        with tempfile.TemporaryDirectory() as folder:

            def file(name: str) -> tuple[str, ReadTables]:
                path = Path(folder) / f"{name}.db"
                sqlite.migrate(path)
                return f"sqlite:///{path}", ReadTables(f"{path}-views", READ_MODELS)

            yield file
        return
    with PostgresServer() as server:

        def schema(name: str) -> tuple[str, ReadTables]:
            url = server.create_database(name)
            migrate(url)
            return url, ReadTables(url, READ_MODELS)

        yield schema


def filled(stack: ExitStack, place: Place, customers: int, facts: int, told: Progress) -> tuple[Desk, str]:
    """A business with so many customers and facts, its read models made of them; and how long that took."""
    url, views = place(f"carnet_{customers}")
    house: House = stack.enter_context(house_at(url, views))
    desk = house.desk()
    names = [f"Service {n}" for n in range(12)]
    services = tuple(desk.service(name, TYPES[n % len(TYPES)]) for n, name in enumerate(names))
    offers = tuple(desk.offer(services[n], name=f"Offer {n}") for n in range(8))
    began = time.monotonic()
    crowd = Crowd(Catalogue(services, offers), customers, facts)
    written = crowd.fill(desk.carnet.ledger(desk.business_id).recorder, told)
    between = time.monotonic()
    runner = Runner(desk.carnet.store, views)
    last = facts + TOLD_EVERY
    while behind := max(total.lag for total in totals(desk.carnet.store, views)):
        if behind <= last - TOLD_EVERY:
            told(f"{behind:,} facts behind")
            last = behind
        runner.step()
    took = time.monotonic() - between
    return desk, (
        f"{url.partition(':')[0]}: {customers:,} customers, {written:,} facts appended in"
        f" {between - began:.0f} s, {len(READ_MODELS)} read models in {took:.0f} s"
    )
