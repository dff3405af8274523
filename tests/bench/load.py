"""`load`: what loading a day-book costs, beside another checkout of the code.

    python -m tests.bench load --baseline ../before

Every load has a database and a process of its own; with a baseline the two take turns. Figures are processor seconds of
the loading alone, without the start of the program; those of the PostgreSQL server stand apart.
"""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench.day_book import day_book
from tests.bench.server import used_by
from tests.postgres import PostgresServer

HERE = Path(__file__).parents[2]
LOADING = Path(__file__).with_name("loading.py")
OURS, BASELINE = "this", "baseline"
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What is loaded, and how often."""

    rounds: int = 3
    day_book: str = ""
    """A file as `carnet load` reads it; without one, a day-book is made up."""
    baseline: str = ""
    """A checkout of the code; its loads are measured with the packages of this one."""
    rows: int = 0
    """Of the day-book, from its beginning; 0: all."""
    databases: tuple[str, ...] = ("SQLite", "PostgreSQL")


QUICK = Plan(rounds=1, rows=2_000)


@dataclass(frozen=True)
class Load:
    """Processor seconds of one load."""

    rows: int
    cpu: float
    server: float

    @property
    def rate(self) -> float:
        """Rows a processor second of the program and the server."""
        return self.rows / (self.cpu + self.server)


@dataclass(frozen=True)
class Figure:
    """The loads of one checkout into one database, one for each round."""

    database: str
    code: str
    loads: tuple[Load, ...]

    @property
    def rate(self) -> float:
        return statistics.median(load.rate for load in self.loads)

    @property
    def cpu_ms(self) -> float:
        """Of the program, for a row."""
        return statistics.median(1_000 * load.cpu / load.rows for load in self.loads)

    @property
    def server_ms(self) -> float:
        return statistics.median(1_000 * load.server / load.rows for load in self.loads)


@dataclass
class Report:
    plan: Plan
    figures: list[Figure] = field(default_factory=list)

    def ratios(self) -> Mapping[str, tuple[float, float]]:
        """Database → how many times as many rows a processor second as the baseline: in all, and without the server."""
        by = {(each.database, each.code): each for each in self.figures}
        found: dict[str, tuple[float, float]] = {}
        for database, code in by:
            if code == OURS and (before := by.get((database, BASELINE))):
                pairs = list(zip(by[database, OURS].loads, before.loads, strict=True))
                found[database] = (
                    statistics.median(ours.rate / theirs.rate for ours, theirs in pairs),
                    statistics.median(theirs.cpu / ours.cpu for ours, theirs in pairs),
                )
        return found

    def to_json(self) -> dict[str, Any]:
        ratios = {name: {"in_all": both, "program": alone} for name, (both, alone) in self.ratios().items()}
        return {"plan": asdict(self.plan), "figures": [asdict(f) for f in self.figures], "ratios": ratios}


def measure(plan: Plan, tell: Progress) -> Report:
    """Load the day-book in each round by each checkout."""
    report = Report(plan)
    checkouts = {OURS: HERE} | ({BASELINE: Path(plan.baseline).resolve()} if plan.baseline else {})
    with TemporaryDirectory() as folder:
        book = Path(folder) / "book.csv"
        lines = (Path(plan.day_book).read_text() if plan.day_book else day_book()).splitlines(keepends=True)
        book.write_text("".join(lines[: plan.rows + 1] if plan.rows else lines))
        for database in plan.databases:
            loads: dict[str, list[Load]] = {code: [] for code in checkouts}
            with _server(database) as server:
                for round_ in range(plan.rounds):
                    for code, checkout in checkouts.items():
                        place = Path(folder) / f"{database}-{round_}-{code}"
                        loads[code].append(_loaded(checkout, book, place, server))
                        tell(f"{database}, {code}: {_told(loads[code][-1])}")
            report.figures += [Figure(database, code, tuple(found)) for code, found in loads.items()]
    return report


def _loaded(checkout: Path, book: Path, place: Path, server: PostgresServer | None) -> Load:
    place.mkdir()
    url = (
        f"sqlite:///{place / 'carnet.db'}"
        if server is None
        else server.create_database(place.name.lower().replace("-", "_"))
    )
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    command = [sys.executable, "-P", str(LOADING), url, str(place), str(book)]
    with subprocess.Popen(
        command, env=environment, cwd=place, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()  # the business is open
        before = _used(server)
        told = process.communicate("\n")[0]
    if process.returncode:
        raise RuntimeError(f"{checkout} did not load the day-book")
    made = json.loads(told)
    return Load(made["rows"], made["cpu"], _used(server) - before)


def _used(server: PostgresServer | None) -> float:
    return used_by(server.session) if server is not None and server.session else 0.0


@contextmanager
def _server(database: str) -> Iterator[PostgresServer | None]:
    if database == "SQLite":
        yield None
        return
    with PostgresServer() as server:
        yield server


def table(report: Report) -> str:
    lines = [f"{'':<24}{'rows a CPU s':>14}{'ms a row':>10}{'+ server':>10}"]
    for each in report.figures:
        name = f"{each.database}, {each.code}"
        lines.append(f"{name:<24}{each.rate:>14,.0f}{each.cpu_ms:>10.3f}{each.server_ms:>10.3f}")
    for database, (both, alone) in report.ratios().items():
        lines.append(f"{database}: {both:.2f} times the baseline; the program alone {alone:.2f} times")
    return "\n".join(lines)


def _told(load: Load) -> str:
    return f"{load.rows:,} rows, {load.cpu:.2f} s and {load.server:.2f} s of the server"
