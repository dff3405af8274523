"""`verify`: how many facts `carnet verify` proves in a second of processor time, and what read models add to it.

The books are those of a day-book with all that stands beside the facts: requests, streams, claims and the directory.
Figures are processor seconds, with those of the PostgreSQL server, of a process of its own for each step.
"""

import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from domain.ledger.envelope import StoredFact
from projections.engine.tables import ReadTables
from projections.models.registry import READ_MODELS
from tests.bench.day_book import day_book, facts_of, repeated
from tests.bench.rebuild import BUSINESS, Place, place_on
from tests.bench.whole_books import fill_whole

FACTS_PER_SECOND_MIN = 100_000
RATIO_MAX = 4.0


@dataclass(frozen=True)
class Plan:
    """What is measured."""

    times: int = 3
    """How often the day-book is repeated."""
    rounds: int = 3
    rows: int = 0
    """Of the day-book that is made up. 0: all."""
    databases: tuple[str, ...] = ("SQLite", "PostgreSQL")
    read_models: bool = True
    day_book: str = ""
    """A file that `carnet load` reads; none: one that is made up."""


QUICK = Plan(times=1, rounds=1, rows=400)


@dataclass(frozen=True)
class Figure:
    """Processor seconds on one database."""

    database: str
    facts: int
    verify: float
    read_models: float
    """What `--read-models` takes besides. 0: not measured."""
    peak: float
    """The most memory of the process, in megabytes."""

    @property
    def facts_per_second(self) -> float:
        return self.facts / self.verify

    @property
    def ratio(self) -> float:
        """`verify --read-models` beside `verify`."""
        return (self.verify + self.read_models) / self.verify


@dataclass
class Report:
    plan: Plan
    figures: list[Figure] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        figures = [
            {**asdict(each), "facts_per_second": round(each.facts_per_second), "ratio": round(each.ratio, 2)}
            for each in self.figures
        ]
        return {"plan": asdict(self.plan), "figures": figures}


def measure(plan: Plan, tell: Callable[[str], None]) -> Report:
    report = Report(plan)
    rows = (Path(plan.day_book).read_text() if plan.day_book else day_book()).splitlines(keepends=True)
    facts = facts_of("".join(rows[: plan.rows + 1] if plan.rows else rows))
    for database in plan.databases:
        with place_on(database) as place:
            count = _fill(place, facts, plan.times)
            tell(f"{database}: {count:,} facts")
            figure = _figure(database, count, place, plan)
            report.figures.append(figure)
            tell(_line(figure))
    return report


def _figure(database: str, facts: int, place: Place, plan: Plan) -> Figure:
    proved = [place.measured("prove") for _ in range(plan.rounds)]
    compared = []
    if plan.read_models:
        place.measured("rebuild:" + ",".join(each.name for each in READ_MODELS))
        compared = [place.measured("reconcile") for _ in range(plan.rounds)]
    return Figure(
        database,
        facts,
        statistics.median(each.cpu for each in proved),
        statistics.median(each.cpu for each in compared) if compared else 0.0,
        max(each.peak for each in (*proved, *compared)),
    )


def table(report: Report) -> str:
    head = (
        f"{'database':<12}{'facts':>10}{'verify':>9}{'facts/s':>10}{'ratio':>8}{'MB':>6}  processor seconds"
    )
    targets = f"{'target':<12}{'':>19}{FACTS_PER_SECOND_MIN:>10,}{RATIO_MAX:>8.1f}"
    return "\n".join([head, *map(_line, report.figures), targets])


def _line(figure: Figure) -> str:
    return (
        f"{figure.database:<12}{figure.facts:>10,}{figure.verify:>9.2f}{figure.facts_per_second:>10,.0f}"
        f"{figure.ratio:>8.2f}{figure.peak:>6.0f}"
    )


def _fill(place: Place, facts: list[StoredFact], times: int) -> int:
    store, views = place.open(), ReadTables(place.views, READ_MODELS)
    try:
        views.create()
        return fill_whole(store, BUSINESS, repeated(facts, times))
    finally:
        views.close()
        store.close()
