"""How long a till waits for a redemption: `python -m tests.bench latency`.

Requests come at moments of their own, at the rates of desks. Cold: each is the first use of its package. Warm: 200
packages are used in turn, and have been used before. Carnet and plain CRUD take turns, on PostgreSQL servers with a
flush to the disk for every commit; latency counts from the moment at which a request was due.
"""

import statistics
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from domain.ledger.postgres.migrations import migrate
from tests.bench.open_loop import Latencies, drive_open
from tests.bench.ours import Ours
from tests.bench.race import UNITS
from tests.bench.redeem import CRUD, SERVED, machine_now
from tests.bench.rivals import Crud
from tests.bench.server import free_port, serving
from tests.postgres import PostgresServer, find_binaries

T = TypeVar("T")
COLD, WARM = "cold", "warm"
IN_TURN = 200
AT = (0.5, 0.99)


@dataclass(frozen=True)
class Plan:
    """How much is measured. The default takes about six minutes."""

    rates: tuple[int, ...] = (20, 200, 500, 1_000)
    """Requests a second."""
    seconds: float = 6.0
    requests_min: int = 200
    """At the low rates a run takes longer, for as many."""
    rounds: int = 3
    connections: int = 64
    pool: int = 8
    businesses: int = 20


QUICK = Plan(rates=(20, 200), seconds=1.0, requests_min=40, rounds=1)


@dataclass(frozen=True)
class Figure:
    """Milliseconds, the median of the rounds."""

    rate: int
    use: str
    entrant: str
    p50: float
    p99: float


@dataclass(frozen=True)
class Report:
    machine: Mapping[str, Any]
    figures: Sequence[Figure]

    def to_json(self) -> dict[str, Any]:
        return {"benchmark": "latency", "unit": "ms", **self.machine, "figures": [*map(asdict, self.figures)]}


@dataclass(frozen=True)
class _Entrant:
    name: str
    port: int
    requests: Callable[[str, int], list[bytes]]
    """(cold or warm, how many) → requests that have never been sent."""
    settle: Callable[[], None]


def measure(plan: Plan, told: Callable[[str], None]) -> Report:
    """Raises RuntimeError for an answer that is not 201."""
    machine = machine_now()
    runs: dict[tuple[int, str, str], list[Latencies]] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="carnet-bench-")))
        server = stack.enter_context(PostgresServer(fsync=True, binaries=find_binaries()))
        entrants = _entrants(stack, server, folder, plan)
        for number in range(plan.rounds):
            for rate in plan.rates:
                for use in (COLD, WARM):
                    told(f"round {number + 1} of {plan.rounds}: {rate}/s, {use}")
                    many = max(int(rate * plan.seconds), plan.requests_min)
                    for entrant in entrants if number % 2 else reversed(entrants):
                        requests = entrant.requests(use, many)
                        entrant.settle()
                        found = drive_open(entrant.port, requests, rate, plan.connections, seed=number)
                        runs.setdefault((rate, use, entrant.name), []).append(found)
    figures = [
        Figure(*named, *(statistics.median(each.at(share) for each in made) for share in AT))
        for named, made in runs.items()
    ]
    return Report(machine, figures)


def _entrants(stack: ExitStack, server: PostgresServer, folder: Path, plan: Plan) -> list[_Entrant]:
    url = server.create_database("carnet")
    migrate(url)
    ours = Ours(url, pool_size=plan.pool)
    stack.callback(ours.close)
    crud_url = server.create_database("crud")
    crud = Crud(crud_url, pool_size=plan.pool)
    stack.callback(crud.close)
    crud.migrate()
    ports = {SERVED: free_port(), CRUD: free_port()}
    stack.enter_context(ours.served(ports[SERVED], folder / "carnet.log"))
    crud_app = ["-m", "tests.bench.crud_app", crud_url, str(ports[CRUD]), str(plan.pool)]
    stack.enter_context(serving(crud_app, ports[CRUD], {}, folder / "crud.log"))
    return [
        _entrant(SERVED, ports[SERVED], ours.sell, ours.request, ours.catch_up, plan),
        _entrant(CRUD, ports[CRUD], crud.sell, crud.request, ours.catch_up, plan),
    ]


def _entrant(
    name: str,
    port: int,
    sell: Callable[[int, int], Sequence[T]],
    request: Callable[[T], bytes],
    settle: Callable[[], None],
    plan: Plan,
) -> _Entrant:
    def uses(use: str, many: int) -> list[bytes]:
        if use == COLD:
            return [request(package) for package in sell(plan.businesses, many)]
        share = UNITS - 1  # the first unit of each makes it warm
        packages = sell(plan.businesses, -(-many // (IN_TURN * share)) * IN_TURN)
        drive_open(port, [request(package) for package in packages], 500, plan.connections, seed=0)
        turns = [packages[start : start + IN_TURN] for start in range(0, len(packages), IN_TURN)]
        return [request(package) for turn in turns for _ in range(share) for package in turn][:many]

    return _Entrant(name, port, uses, settle)


def table(report: Report) -> str:
    """The figures for people."""
    machine = report.machine
    lines = [
        f"latency: ms from the moment due, {machine['date']}  commit {machine['commit']}  {machine['processor']},"
        f" {machine['cores']} cores (load {machine['load_before']} before)  Python {machine['python']}",
        f"{'':<8}{'':<6}{'p50':>8}{'(b)':>8}{'ratio':>8}{'p99':>10}{'(b)':>8}{'ratio':>8}",
    ]
    found = {(f.rate, f.use, f.entrant): f for f in report.figures}
    for figure in report.figures:
        if figure.entrant == SERVED:
            theirs = found[figure.rate, figure.use, CRUD]
            lines.append(
                f"{figure.rate:>5}/s {figure.use:<6}{figure.p50:>8.1f}{theirs.p50:>8.1f}{figure.p50 / theirs.p50:>8.2f}"
                f"{figure.p99:>10.1f}{theirs.p99:>8.1f}{figure.p99 / theirs.p99:>8.2f}"
            )
    lines.append("(b) SQLAlchemy UPDATE and INSERT")
    return "\n".join(lines)
