"""How many bytes a fact takes on the disk, by table: `python -m tests.bench space`.

Two ways of filling books, on SQLite and on PostgreSQL: a day-book of another system, and what a desk does over HTTP,
with a key for each request. Beside each figure stands that of the layout before (`BEFORE`), measured with this program.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import Any
from uuid import uuid4

from api.imports import load as loading
from api.imports.day_book import COLUMNS, DayBook
from domain.ledger.embedded import sqlite
from domain.ledger.postgres.migrations import migrate
from domain.ledger.space import TableSpace, bytes_of_a_fact
from projections.engine.tables import ReadTables
from projections.models.registry import READ_MODELS
from tests.api.desk import Desk, House, house_at
from tests.postgres import PostgresServer

DAY_BOOK, HTTP = "a day-book", "over HTTP"
USES = 4
"""Visits of each customer over HTTP, beside a booking and a sale."""
TRIES = 5
BEFORE: Mapping[tuple[str, str], float] = {
    (DAY_BOOK, "SQLite"): 1_261,
    (HTTP, "SQLite"): 4_820,
    (DAY_BOOK, "PostgreSQL"): 1_748,
    (HTTP, "PostgreSQL"): 3_083,
}
"""(books, database) → bytes a fact before decision 31."""


@dataclass(frozen=True)
class Plan:
    """How much is recorded."""

    customers: int = 2_400
    """Of the day-book; a third as many come to the desk."""
    databases: tuple[str, ...] = ("SQLite", "PostgreSQL")


QUICK = Plan(customers=300)


@dataclass(frozen=True)
class Figure:
    """Books of one kind in one database."""

    books: str
    database: str
    facts: int
    tables: tuple[TableSpace, ...]

    @property
    def bytes_of_a_fact(self) -> float:
        return bytes_of_a_fact(self.tables)

    @property
    def before(self) -> float | None:
        return BEFORE.get((self.books, self.database))


@dataclass(frozen=True)
class Report:
    figures: tuple[Figure, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "figures": [
                {**asdict(figure), "bytes_of_a_fact": figure.bytes_of_a_fact, "before": figure.before}
                for figure in self.figures
            ]
        }


def measure(plan: Plan, tell: Callable[[str], None]) -> Report:
    """Fill each kind of books in a database of its own."""
    figures = []
    for database in plan.databases:
        for books, fill in ((DAY_BOOK, fill_from_day_book), (HTTP, fill_over_http)):
            tell(f"{books} on {database}")
            with ExitStack() as until_measured:
                house = until_measured.enter_context(HOUSES[database]())
                fill(house.desk(), plan.customers)
                tables = tuple(each for each in house.carnet.store.space() if each.rows)
                figures.append(Figure(books, database, tables[0].rows, tables))
    return Report(tuple(figures))


def table(report: Report) -> str:
    lines = []
    for figure in report.figures:
        before = f", {figure.before:,.0f} before" if figure.before else ""
        lines.append(
            f"{figure.books} on {figure.database}: {figure.facts:,} facts,"
            f" {figure.bytes_of_a_fact:,.0f} bytes a fact{before}"
        )
        found = sorted(figure.tables, key=lambda each: -each.bytes)
        lines += [
            f"  {each.table:<20}{each.rows:>10,} rows{each.bytes / figure.facts:>10,.1f}"
            for each in found
            if each.bytes >= figure.facts
        ]
    return "\n".join(lines)


@contextmanager
def _on_sqlite() -> Iterator[House]:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "carnet.db"
        sqlite.migrate(file)
        with house_at(f"sqlite:///{file}", ReadTables(f"{file}-views", READ_MODELS)) as house:
            yield house


@contextmanager
def _on_postgres() -> Iterator[House]:
    with PostgresServer() as server:
        url = server.create_database("space")
        migrate(url)
        with house_at(url, ReadTables(url, READ_MODELS)) as house:
            yield house


HOUSES: Mapping[str, Callable[[], Any]] = {"SQLite": _on_sqlite, "PostgreSQL": _on_postgres}


def fill_from_day_book(desk: Desk, customers: int) -> None:
    """Load sales and uses, as many for each customer as the day-book of a shop has: 2.9 and 1.9."""
    refused: list[loading.RefusedRow] = []
    with NamedTemporaryFile(suffix=".csv") as file:
        Path(file.name).write_text(_day_book(customers))
        loading.load(desk.carnet, desk.business_id, DayBook(Path(file.name)), "till", refused=refused.append)
    assert not refused, refused[:3]


def _day_book(customers: int) -> str:
    dice, written = Random(1), io.StringIO()
    rows = csv.writer(written)
    rows.writerow(COLUMNS)
    visits = sorted(
        (date(1997, 1, 1) + timedelta(days=dice.randrange(540)), f"{customer:05}")
        for customer in range(customers)
        for _ in range(1 + min(20, int(dice.expovariate(0.53))))
    )
    held: dict[str, int] = {}
    for number, (day, customer) in enumerate(visits):
        if held.get(customer):
            rows.writerow([f"use-{number}", day, "use", customer, "", "Disc", held[customer], "", "", "", ""])
        units = held[customer] = dice.randint(1, 3)
        cents = units * dice.randint(1_000, 2_000)
        rows.writerow(
            [f"sale-{number}", day, "sale", customer, "Discs", "Disc", units, cents, cents, "EUR", ""]
        )
    return written.getvalue()


def fill_over_http(desk: Desk, customers: int) -> None:
    """Register customers; each buys a package, uses four units of it and books a session."""
    service = desk.service()
    offer = desk.offer(service)
    for number in range(customers // 3):
        anna = _do(
            desk,
            "/v1/customers",
            {
                "name": f"Ágnes Tóth {number}",
                "email": f"agnes{number}@example.org",
                "mobile": f"+3630{number:07}",
            },
        )["id"]
        paid = {"amount": {"amount": 50_000, "currency": "EUR"}, "method": "card"}
        package = _do(desk, "/v1/packages", {"customer_id": anna, "offer_id": offer, "payment": paid})["id"]
        for _ in range(USES):
            _do(desk, f"/v1/packages/{package}/redemptions", {"service_id": service})
        at = f"{desk.today(days=3)}T10:00:00Z"
        _do(desk, "/v1/bookings", {"customer_id": anna, "service_id": service, "starts_at": at})


def _do(desk: Desk, path: str, body: dict[str, Any]) -> Any:
    key = str(uuid4())
    for _ in range(TRIES):  # a busy disk may take longer than a till waits
        answer = desk.client.post(path, json=body, headers=desk.headers(key))
        if answer.status_code != 503:
            break
    assert answer.status_code == 201, answer.text
    return answer.json()
