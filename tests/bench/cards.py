"""What packages of thousands of units cost beside small ones: `python -m tests.bench cards`.

The same steps on packages of ten units and of five thousand, five lines each: processor time of the process, and the
memory that it holds more afterwards. A page of cards, and the first list after the sales, should cost the same.
"""

import resource
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from domain.ledger.embedded import sqlite
from projections.engine.tables import ReadTables
from projections.models.registry import READ_MODELS
from tests.api.desk import Desk, house_at

LINES = 5
UNITS = (10, 5_000)
A_PAGE = 20


@dataclass(frozen=True)
class Plan:
    """What is measured."""

    packages: int = 400
    rounds: int = 20
    """Times that each list is asked for."""


QUICK = Plan(packages=50, rounds=10)


@dataclass(frozen=True)
class Row:
    """Packages of one size; milliseconds of processor time."""

    units: int
    sale: float
    first_list: float
    """The first list after all sales, until everything is in it."""
    page: float
    """A page of 20 cards."""
    of_customer: float
    memory: int
    """Megabytes that the process holds more after the sales and the first list."""


@dataclass(frozen=True)
class Report:
    packages: int
    rows: tuple[Row, ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def measure(plan: Plan, tell: Callable[[str], None]) -> Report:
    """Both sizes in turn, each on books of its own; the small ones come first, so memory tells the large ones."""
    rows = []
    for units in UNITS:
        tell(f"{plan.packages} packages of {units} units")
        with TemporaryDirectory() as folder:
            file = Path(folder) / "carnet.db"
            sqlite.migrate(file)
            with house_at(f"sqlite:///{file}", ReadTables(f"{file}-views", READ_MODELS)) as house:
                rows.append(_row(house.desk(), units, plan))
    return Report(plan.packages, tuple(rows))


def table(report: Report) -> str:
    small, large = report.rows
    head = f"{'ms of processor time':<24}{small.units:>10}{large.units:>10}{'ratio':>8}"
    names = {
        "sale": "a sale",
        "first_list": "first list",
        "page": f"{A_PAGE} cards",
        "of_customer": "of a customer",
    }
    lines = [
        f"{what:<24}{(one := getattr(small, name)):>10.2f}{(two := getattr(large, name)):>10.2f}{two / one:>8.2f}"
        for name, what in names.items()
    ]
    memory = f"{'MB held more':<24}{small.memory:>10}{large.memory:>10}"
    return "\n".join((f"{report.packages} packages, units of each:", head, *lines, memory))


def _row(desk: Desk, units: int, plan: Plan) -> Row:
    service, anna = desk.service(), desk.customer()
    lines = [{"quantity": units // LINES, "services": [service]}] * LINES
    price = {"amount": 100_000, "currency": "EUR"}
    body = {"customer_id": anna, "name": "Massage", "lines": lines, "price": price}
    before = _held()

    def sell_all() -> None:
        for _ in range(plan.packages):
            desk.do("/v1/packages", body)

    def list_until_all_are_there() -> None:
        while desk.get("/v1/packages", limit=A_PAGE)["stale"]:
            pass

    sale = _milliseconds(sell_all) / plan.packages
    first = _milliseconds(list_until_all_are_there)
    memory = _held() - before

    def repeated(path: str) -> float:
        def ask() -> None:
            for _ in range(plan.rounds):
                desk.get(path, limit=A_PAGE)

        return _milliseconds(ask) / plan.rounds

    return Row(
        units, sale, first, repeated("/v1/packages"), repeated(f"/v1/customers/{anna}/packages"), memory
    )


def _milliseconds(step: Callable[[], None]) -> float:
    began = time.process_time()
    step()
    return (time.process_time() - began) * 1000


def _held() -> int:
    """The most that the process has held, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
