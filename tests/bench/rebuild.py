"""`rebuild`: what it costs to make read models anew, beside what the database alone would take for it.

The floor of a read model is its facts read and its rows written into an equal table with equal indexes, and nothing
decided: COPY out and COPY in on PostgreSQL, SELECT and executemany on SQLite. Figures are processor seconds, with those
of the PostgreSQL server, of a process of its own for each step. Ours and the other take turns. A run that is broken off
tells what it has measured until then.
"""

import json
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from domain.ledger.contract import Store
from domain.ledger.embedded import sqlite
from domain.ledger.embedded.sqlite.store import SqliteStore
from domain.ledger.envelope import StoredFact
from domain.ledger.postgres.migrations import migrate
from domain.ledger.postgres.store import PostgresStore
from projections.engine.tables import ReadTables
from projections.models.registry import READ_MODELS
from tests.bench.day_book import SALES, day_book, facts_of, fill, repeated
from tests.bench.rebuilding import Step, taken
from tests.postgres import PostgresServer

Progress = Callable[[str], None]
BUSINESS = "biz_bench"
SINGLE = ("cards", "units", "history")
TARGETS = {"cards": 1.3, "units": 2.0, "history": 2.0, "--all": 0.5, "verify --read-models": 4.0}


@dataclass(frozen=True)
class Plan:
    """What is measured."""

    times: int = 10
    """How often the day-book is repeated."""
    rounds: int = 3
    larger: int = 10
    """Where memory is measured again: times the day-book of the rest. 0: not."""
    databases: tuple[str, ...] = ("SQLite", "PostgreSQL")
    day_book: str = ""
    """A file that `carnet load` reads; none: one that is made up."""
    sales: int = SALES
    """Of the day-book that is made up."""
    together: tuple[str, ...] = tuple(model.name for model in READ_MODELS)
    """What `--all` makes."""
    apart: bool = True
    """Whether each step has a process of its own. Without one, peaks of memory tell nothing."""


QUICK = Plan(times=1, rounds=1, larger=0, sales=2_000)


@dataclass(frozen=True)
class Figure:
    """Processor seconds of ours beside those of the other."""

    database: str
    what: str
    beside: str
    ours: float
    other: float
    peak: float

    @property
    def ratio(self) -> float:
        return self.ours / self.other


@dataclass
class Report:
    plan: Plan
    facts: int = 0
    figures: list[Figure] = field(default_factory=list)
    peaks: list[str] = field(default_factory=list)
    broken_off: bool = False

    def to_json(self) -> dict[str, Any]:
        figures = [{**asdict(each), "ratio": round(each.ratio, 2)} for each in self.figures]
        return {
            "plan": asdict(self.plan),
            "facts": self.facts,
            "figures": figures,
            "peaks": self.peaks,
            "broken_off": self.broken_off,
        }


@dataclass(frozen=True)
class Place:
    """Ledgers and read tables of one database, and the process of its server."""

    ledgers: str
    views: str
    server: int | None
    apart: bool = True

    def open(self) -> Store:
        return SqliteStore(self.ledgers) if self.server is None else PostgresStore(self.ledgers)

    def measured(self, step: str) -> Step:
        if not self.apart:
            return taken(step, self.ledgers, self.views, self.server)
        command = [sys.executable, "-m", "tests.bench.rebuilding", step, self.ledgers, self.views]
        command += [] if self.server is None else [str(self.server)]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return Step(**json.loads(told))


def measure(plan: Plan, tell: Progress) -> Report:
    """Measure on each database. An interrupt ends it early."""
    report = Report(plan)
    try:
        facts = facts_of(Path(plan.day_book).read_text() if plan.day_book else day_book(plan.sales))
        for database in plan.databases:
            _measure(database, plan, facts, report, tell)
    except KeyboardInterrupt:
        report.broken_off = True
    return report


def _measure(database: str, plan: Plan, facts: list[StoredFact], report: Report, tell: Progress) -> None:
    with place_on(database, plan.apart) as place:
        report.facts = _fill(place, facts, plan.times)
        tell(f"{database}: {report.facts:,} facts")
        for figure in _figures(database, place, plan):
            report.figures.append(figure)
            tell(_line(figure))
    if plan.larger:
        with place_on(database, plan.apart) as place:
            more = _fill(place, facts, plan.times * plan.larger)
            peak = place.measured("rebuild:cards").peak
            small = next(each.peak for each in report.figures if each.database == database)
            told = f"{database}: {small:.0f} MB at {report.facts:,} facts, {peak:.0f} MB at {more:,}"
            report.peaks.append(told)
            tell(told)


def table(report: Report) -> str:
    head = f"{'processor seconds':<34}{'ours':>8}{'beside':>8}{'ratio':>8}{'target':>8}{'MB':>6}"
    end = ["broken off: the rest was not measured"] if report.broken_off else []
    return "\n".join([f"{report.facts:,} facts", head, *map(_line, report.figures), *report.peaks, *end])


def _line(figure: Figure) -> str:
    what = f"{figure.database} {figure.what}"
    times = f"{figure.ours:>8.2f}{figure.other:>8.2f}{figure.ratio:>8.2f}{TARGETS[figure.what]:>8.1f}"
    return f"{what:<34}{times}{figure.peak:>6.0f}  beside {figure.beside}"


def _figures(database: str, place: Place, plan: Plan) -> Iterator[Figure]:
    every = ",".join(model.name for model in READ_MODELS)
    place.measured(f"rebuild:{every}")  # every table is there, with its rows
    alone: dict[str, float] = {}
    for name in SINGLE:
        ours, floor = _medians(place, plan.rounds, f"rebuild:{name}", f"floor:{name}")
        alone[name] = ours.cpu
        yield Figure(database, name, "the database alone", ours.cpu, floor.cpu, ours.peak)
    for name in plan.together:
        if name not in alone:
            alone[name] = place.measured(f"rebuild:{name}").cpu
    (all_,) = _medians(place, plan.rounds, f"rebuild:{','.join(plan.together)}")
    yield Figure(database, "--all", "each alone, summed", all_.cpu, sum(alone.values()), all_.peak)
    chain, rows = _medians(place, plan.rounds, "prove", "reconcile")
    yield Figure(database, "verify --read-models", "verify", chain.cpu + rows.cpu, chain.cpu, rows.peak)


def _medians(place: Place, rounds: int, *steps: str) -> list[Step]:
    """What each of some steps takes that take turns: half of the rounds took no longer."""
    measured = [[place.measured(step) for step in steps] for _ in range(rounds)]
    return [
        Step(
            statistics.median(each.cpu for each in of_step),
            statistics.median(each.seconds for each in of_step),
            max(each.peak for each in of_step),
        )
        for of_step in zip(*measured, strict=True)
    ]


def _fill(place: Place, facts: list[StoredFact], times: int) -> int:
    store, views = place.open(), ReadTables(place.views, READ_MODELS)
    try:
        views.create()
        return fill(store, BUSINESS, repeated(facts, times))
    finally:
        views.close()
        store.close()


@contextmanager
def place_on(database: str, apart: bool = True) -> Iterator[Place]:
    if database == "SQLite":
        with TemporaryDirectory() as folder:
            file = Path(folder) / "carnet.db"
            sqlite.migrate(file)
            yield Place(str(file), f"{file}-views", None, apart)
        return
    with PostgresServer() as server:
        url = server.create_database("carnet_rebuild")
        migrate(url)
        yield Place(url, url, server.session, apart)
