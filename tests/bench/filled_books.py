"""Books with many customers in them, on either database: the facts of `crowd`, and read models made of them.

    with places("SQLite", kept=Path("books")) as place:
        desk, took = filled(stack, place, 100_000, 1_000_000, print)

With `kept` they stay in that folder, and are used again by whoever asks for books of the same size. Their read models
then take what their tables lack: those of a new version are made anew.
"""

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from api.http.new_keys import issue_key
from domain.actor import Role
from domain.ledger.contract import Store
from domain.ledger.embedded import sqlite
from domain.ledger.postgres.migrations import migrate
from domain.moments import to_milliseconds
from projections.engine.rebuild import rebuild_all
from projections.engine.status import totals
from projections.engine.tables import ReadTables
from projections.models.registry import READ_MODELS
from tests.api.desk import PEPPER, Desk, House, house_at
from tests.bench.crowd import Catalogue, Crowd
from tests.postgres import PostgresServer

TYPES = ("Massage", "Wellness", "Beauty", "Sport")
TOLD_EVERY = 100_000
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Place:
    """Where books lie: on one database."""

    empty: Callable[[str], str]
    """A name → the address of new and migrated ledgers of that name; those that were there are gone."""
    known: Callable[[str], str]
    """A name → the address of ledgers that were filled before."""
    kept: Path | None
    server: int | None
    """The process of the database's server, where it has one."""

    def marked(self, name: str) -> Path | None:
        """The file that says that books of that name are complete, and whose they are."""
        database = "postgresql" if self.server else "sqlite"
        return None if self.kept is None else self.kept / f"{database}-{name}.json"


@contextmanager
def places(database: str, kept: Path | None = None) -> Iterator[Place]:
    """Room for books, which are removed at the end unless they are kept in a folder."""
    if database == "SQLite":
        with tempfile.TemporaryDirectory() as folder:
            lie_in = kept or Path(folder)
            lie_in.mkdir(parents=True, exist_ok=True)

            def address(name: str) -> str:
                return f"sqlite:///{lie_in / name}.db"

            def empty(name: str) -> str:
                for file in lie_in.glob(f"{name}.db*"):
                    file.unlink()
                sqlite.migrate(lie_in / f"{name}.db")
                return address(name)

            yield Place(empty, address, kept, None)
        return
    with PostgresServer(kept=kept and kept / "postgresql") as server:

        def database_of(name: str) -> str:
            server.drop_database(name)
            url = server.create_database(name)
            migrate(url)
            return url

        yield Place(database_of, server.url, kept, server.session or None)


def filled(stack: ExitStack, place: Place, customers: int, facts: int, told: Progress) -> tuple[Desk, str]:
    """A business with so many customers and facts, its read models made of them; and how long that took."""
    name = f"carnet_{customers}_{facts}"
    mark = place.marked(name)
    again = mark is not None and mark.exists()
    url = place.known(name) if again else place.empty(name)
    views = ReadTables(url if place.server else f"{url.removeprefix('sqlite:///')}-views", READ_MODELS)
    house: House = stack.enter_context(house_at(url, views))
    began = time.monotonic()
    if mark is not None and again:
        business_id = json.loads(mark.read_text())["business_id"]
        desk, written = _owner(house, business_id), house.carnet.ledger(business_id).recorder.head().position
    else:
        desk, written = _appended(house, customers, facts, told)
    between = time.monotonic()
    make_read_models(house.carnet.store, views, told)
    took = time.monotonic() - between
    if mark is not None:
        mark.write_text(json.dumps({"business_id": desk.business_id}))
    how = "were there" if again else f"appended in {between - began:.0f} s"
    return desk, (
        f"{url.partition(':')[0]}: {customers:,} customers, {written:,} facts {how},"
        f" {len(READ_MODELS)} read models in {took:.0f} s"
    )


def _appended(house: House, customers: int, facts: int, told: Progress) -> tuple[Desk, int]:
    """A new business with its facts; how many these are."""
    desk = house.desk()
    names = [f"Service {n}" for n in range(12)]
    services = tuple(desk.service(name, TYPES[n % len(TYPES)]) for n, name in enumerate(names))
    offers = tuple(desk.offer(services[n], name=f"Offer {n}") for n in range(8))
    crowd = Crowd(Catalogue(services, offers), customers, facts)
    return desk, crowd.fill(desk.carnet.ledger(desk.business_id).recorder, told)


def _owner(house: House, business_id: str) -> Desk:
    """The owner of a business that was there, with a new key."""
    key = issue_key(
        house.carnet.store,
        PEPPER,
        business_id,
        Role.OWNER,
        name="owner",
        created_at=to_milliseconds(house.clock()),
    )
    return Desk(house.client, key, house.clock, house.carnet, business_id)


def make_read_models(store: Store, views: ReadTables, told: Progress) -> None:
    """Make all read models that are behind, in one pass over the facts."""
    behind = [views.projections[each.projection] for each in totals(store, views) if each.lag]
    if not behind:
        return
    last = 0

    def progress(done: int, of: int) -> None:
        nonlocal last
        if done // TOLD_EVERY > last:
            last = done // TOLD_EVERY
            told(f"{done:,} of {of:,} facts in {len(behind)} read models")

    rebuild_all(store, views, behind, progress=progress)
