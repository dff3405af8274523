"""`redeem`: units redeemed in a second, durably, by Carnet and by two other designs, side by side.

Each round runs every entrant once, one after the other, so that whatever else the machine does meets all of
them alike; the figure is the median of the rounds. The ratios are what to look at: each is the median of the ratios
within a round, so that a machine that is slower in one round than in another does not tell.
"""

import os
import platform
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from operator import truediv
from pathlib import Path
from typing import Any, TypeVar

import psycopg

from domain.ledger.postgres.migrations import migrate
from tests.bench.clients import drive
from tests.bench.ours import Ours
from tests.bench.race import IN_TURN, Speed, heat, packages_for, uses
from tests.bench.rivals import Crud, Stock
from tests.bench.server import free_port, serving, slow_flush
from tests.postgres import PostgresServer, find_binaries

T = TypeVar("T")

AS_IT_IS, SLOWER = "as it is", "every flush 1 ms slower"
CORE, HTTP = "in the process", "over HTTP"
ONE_BY_ONE, GROUPED, SERVED, STOCK, CRUD = "one by one", "grouped", "carnet serve", "(a)", "(b)"
FASTEST = 8_000
"""Commands a second that no entrant reaches here: so many units are sold for each second of a heat."""


@dataclass(frozen=True)
class Plan:
    """How much is measured. The default takes about six minutes."""

    seconds: float = 2.0
    """Of one heat: over HTTP so long that the packages in turn are nearly used up, and the first use of each, which
    loads it, weighs what it does in life."""
    rounds: int = 5
    writers: int = 8
    """Threads of each process, and connections to PostgreSQL."""
    connections: int = 64
    """Of the load generator to the HTTP server."""
    businesses: tuple[int, ...] = (100, 1)
    warm_up: float = 0.5
    fastest: int = FASTEST
    in_turn: int = IN_TURN
    slower_flush: bool = True
    """Whether all is measured again on a disk whose every flush takes a millisecond more."""


QUICK = Plan(seconds=0.3, rounds=3, warm_up=0.2)


@dataclass(frozen=True)
class Figure:
    """Commands a second of one entrant under one condition; `rounds` in the order they were run."""

    door: str
    disk: str
    businesses: int
    entrant: str
    rounds: tuple[float, ...]
    generator_busy: float | None
    """The largest share of one core that the HTTP load generator used; None where there was none."""

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)


@dataclass(frozen=True)
class Report:
    """All figures of a run, and what they were measured on."""

    plan: Plan
    machine: Mapping[str, Any]
    figures: Sequence[Figure]
    skipped: Sequence[str]

    def ratios(self) -> Iterator[dict[str, Any]]:
        """Every figure of ours over those of the rivals under the same condition, round by round."""
        found = {(f.door, f.disk, f.businesses, f.entrant): f.rounds for f in self.figures}
        for figure in self.figures:
            for rival in (STOCK, CRUD):
                theirs = found.get((figure.door, figure.disk, figure.businesses, rival))
                if theirs and figure.entrant not in (STOCK, CRUD):
                    where = {"door": figure.door, "disk": figure.disk, "businesses": figure.businesses}
                    ratio = round(statistics.median(map(truediv, figure.rounds, theirs)), 2)
                    yield {**where, "ours": figure.entrant, "theirs": rival, "ratio": ratio}

    def to_json(self) -> dict[str, Any]:
        figures = [
            {**asdict(f), "rounds": [round(n, 1) for n in f.rounds], "median": round(f.median, 1)}
            for f in self.figures
        ]
        return {
            "benchmark": "redeem",
            "unit": "commands/s",
            **self.machine,
            "plan": asdict(self.plan),
            "figures": figures,
            "ratios": list(self.ratios()),
            "skipped": list(self.skipped),
        }


@dataclass(frozen=True)
class Entrant:
    """`run(businesses, seconds)` sells what a heat needs and runs it."""

    door: str
    name: str
    run: Callable[[int, float], "Run"]


@dataclass(frozen=True)
class Run:
    speed: Speed
    generator_busy: float | None = None


def measure(plan: Plan, told: Callable[[str], None]) -> Report:
    """Run the whole plan. `told` hears of each step. Ends what it started, also when it is interrupted."""
    machine = machine_now()
    figures: list[Figure] = []
    skipped: list[str] = []
    with tempfile.TemporaryDirectory(prefix="carnet-bench-") as name:
        folder = Path(name)
        disks: dict[str, Mapping[str, str]] = {AS_IT_IS: {}}
        if plan.slower_flush:
            slower = slow_flush(folder)
            if slower is None:
                skipped.append(f"{SLOWER}: there is no C compiler to make the slow flush with")
            else:
                disks[SLOWER] = slower
        for disk, environment in disks.items():
            with entered(plan, environment, folder) as (version, entrants):
                machine["postgresql"] = version
                figures += _rounds(plan, disk, entrants, told)
    return Report(plan, machine, figures, skipped)


def _rounds(
    plan: Plan, disk: str, entrants: Sequence[Entrant], told: Callable[[str], None]
) -> Iterator[Figure]:
    told(f"disk {disk}: warming up")
    for entrant in entrants:
        entrant.run(plan.businesses[0], plan.warm_up)
    runs: dict[tuple[Entrant, int], list[Run]] = {(e, n): [] for n in plan.businesses for e in entrants}
    for number in range(plan.rounds):
        told(f"disk {disk}: round {number + 1} of {plan.rounds}")
        for businesses in plan.businesses:
            # Each round begins with another entrant: nobody always comes after the same one.
            for entrant in [*entrants[number % len(entrants) :], *entrants[: number % len(entrants)]]:
                runs[entrant, businesses].append(entrant.run(businesses, plan.seconds))
    for (entrant, businesses), made in runs.items():
        speeds = tuple(run.speed.per_second for run in made)
        busy = [run.generator_busy for run in made if run.generator_busy is not None]
        largest = round(max(busy), 3) if busy else None
        yield Figure(entrant.door, disk, businesses, entrant.name, speeds, largest)


# The entrants


@contextmanager
def entered(plan: Plan, environment: Mapping[str, str], folder: Path) -> Iterator[tuple[str, list[Entrant]]]:
    """A PostgreSQL server with that environment, its version, and all entrants set up on it."""
    with ExitStack() as stack:
        server = PostgresServer(fsync=True, env=environment, binaries=find_binaries())
        stack.enter_context(server)
        version = _version(server)
        url = server.create_database("carnet")
        migrate(url)
        ours = Ours(url, pool_size=plan.writers)
        stack.callback(ours.close)
        stock = Stock(server.create_database("stock"), pool_size=plan.writers)
        stack.callback(stock.close)
        crud_url = server.create_database("crud")
        crud = Crud(crud_url, pool_size=plan.writers)
        stack.callback(crud.close)
        crud.migrate()
        entrants = [
            _core(plan, ONE_BY_ONE, ours.sell, ours.redeem_one_by_one, ours.catch_up),
            _core(plan, STOCK, stock.sell, stock.redeem, ours.catch_up),
            _core(plan, GROUPED, ours.sell, ours.redeem_grouped, ours.catch_up),
            _core(plan, CRUD, crud.sell, crud.redeem, ours.catch_up),
        ]
        ports = {SERVED: free_port(), CRUD: free_port()}
        stack.enter_context(ours.served(ports[SERVED], folder / "carnet.log"))
        crud_app = ["-m", "tests.bench.crud_app", crud_url, str(ports[CRUD]), str(plan.writers)]
        stack.enter_context(serving(crud_app, ports[CRUD], {}, folder / "crud.log"))
        entrants += [
            _http(plan, SERVED, ports[SERVED], ours.sell, ours.request, ours.catch_up),
            _http(plan, CRUD, ports[CRUD], crud.sell, crud.request, ours.catch_up),
        ]
        yield version, entrants


def _version(server: PostgresServer) -> str:
    with psycopg.connect(server.url()) as connection:
        row = connection.execute("SHOW server_version").fetchone()
        assert row is not None
        return str(row[0])


def _core(
    plan: Plan,
    name: str,
    sell: Callable[[int, int], Sequence[T]],
    redeem: Callable[[T], None],
    settle: Callable[[], None],
) -> Entrant:
    """`settle` waits until nothing of what went before is still worked at."""

    def run(businesses: int, seconds: float) -> Run:
        packages = sell(businesses, packages_for(int(plan.fastest * seconds), plan.writers, plan.in_turn))
        settle()
        return Run(heat(redeem, uses(packages, plan.writers, plan.in_turn), seconds))

    return Entrant(CORE, name, run)


def _http(
    plan: Plan,
    name: str,
    port: int,
    sell: Callable[[int, int], Sequence[T]],
    request: Callable[[T], bytes],
    settle: Callable[[], None],
) -> Entrant:
    def run(businesses: int, seconds: float) -> Run:
        packages = sell(businesses, packages_for(int(plan.fastest * seconds), plan.connections, plan.in_turn))
        queues = [
            [request(package) for package in queue]
            for queue in uses(packages, plan.connections, plan.in_turn)
        ]
        settle()
        load = drive(port, queues, seconds)
        return Run(load.speed, load.busy)

    return Entrant(HTTP, name, run)


# Where and when


def machine_now() -> dict[str, Any]:
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
    }


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


def _commit() -> str | None:
    """The commit, with a + when the tree differs from it; None outside a repository."""
    git, here = shutil.which("git"), Path(__file__).parent
    if git is None:
        return None
    found = subprocess.run([git, "rev-parse", "--short", "HEAD"], cwd=here, capture_output=True, check=False)
    if found.returncode:
        return None
    changed = subprocess.run([git, "status", "--porcelain"], cwd=here, capture_output=True, check=False)
    return found.stdout.decode().strip() + ("+" if changed.stdout else "")


# On paper


def table(report: Report) -> str:
    """The figures and ratios for people."""
    machine = report.machine
    lines = [
        f"redeem: commands/s, median of {report.plan.rounds} rounds of {report.plan.seconds:g} s;"
        f" {report.plan.writers} writers, {report.plan.connections} HTTP connections",
        f"{machine['date']}  commit {machine['commit']}  {machine['processor']}, {machine['cores']} cores"
        f" (load {machine['load_before']} before)  Python {machine['python']}"
        f"  PostgreSQL {machine['postgresql']}",
        "(a) stock eventsourcing   (b) SQLAlchemy UPDATE and INSERT",
        "",
        f"{'':<16}{'disk':<26}{'businesses':>10}  {'entrant':<14}{'median':>8}  {'÷ (a)':>6}{'÷ (b)':>7}"
        "   rounds",
    ]
    ratios = {(r["door"], r["disk"], r["businesses"], r["ours"], r["theirs"]): r for r in report.ratios()}
    for figure in report.figures:
        where = (figure.door, figure.disk, figure.businesses, figure.entrant)
        shown = [ratios.get((*where, rival)) for rival in (STOCK, CRUD)]
        by_a, by_b = (f"{ratio['ratio']:.2f}" if ratio else "" for ratio in shown)
        rounds = " ".join(f"{rate:.0f}" for rate in figure.rounds)
        lines.append(
            f"{figure.door:<16}{figure.disk:<26}{figure.businesses:>10}  {figure.entrant:<14}"
            f"{figure.median:>8.0f}  {by_a:>6}{by_b:>7}   {rounds}"
        )
    busiest = max((f.generator_busy or 0.0 for f in report.figures), default=0.0)
    lines += ["", f"the load generator used {busiest:.0%} of a core at most"]
    lines += [f"skipped: {what}" for what in report.skipped]
    return "\n".join(lines)
