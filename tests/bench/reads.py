"""What answers to questions cost: `python -m tests.bench reads`.

One package, the packages of a customer, and a list of 20, asked of `carnet serve` with a key, its read models kept
fresh beside it, and of Litestar with one SELECT of the same answer, which lies ready as text and is never out of date
there. Each round asks both in turn. Packages are asked for one after the other, so all their streams are kept after the
first time, as on a day at a desk. Nobody writes meanwhile, and lists are kept until somebody does: of "20, never asked
before" none is kept, as after a write. Processor time is that of the server and of PostgreSQL together.
"""

import http.client
import statistics
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from domain.ledger.postgres.migrations import migrate
from tests.bench.clients import OK, drive, question
from tests.bench.ours import Ours
from tests.bench.ready_app import fill
from tests.bench.redeem import machine_now
from tests.bench.server import free_port, serving, used_by
from tests.postgres import PostgresServer, find_binaries

ONE, OF_CUSTOMER, LIST, ANEW = "one package", "20 of a customer", "a list of 20", "20, never asked before"
A_PAGE = 20
OURS, READY = "carnet serve", "a ready text"


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    seconds: float = 3.0
    rounds: int = 3
    connections: int = 16
    pool: int = 8
    customers: int = 20
    """Each with 20 packages."""
    lists: int = 20_000
    """So many differ, and have the same answer."""


QUICK = Plan(seconds=1.0, rounds=1, customers=5, lists=2_000)


@dataclass(frozen=True)
class Figure:
    """`rounds`: answers a second; `cpu_ms`: processor time of an answer, the median of the rounds."""

    asked: str
    entrant: str
    rounds: tuple[float, ...]
    cpu_ms: float


@dataclass(frozen=True)
class Report:
    machine: Mapping[str, Any]
    figures: Sequence[Figure]

    def ratios(self) -> dict[str, tuple[float, float]]:
        """Asked → ours ÷ the ready text: (answers a second, round by round; processor time)."""
        found = {(figure.asked, figure.entrant): figure for figure in self.figures}
        ratios = {}
        for asked in (ONE, OF_CUSTOMER, LIST, ANEW):
            ours, theirs = found[asked, OURS], found[asked, READY]
            speeds = [a / b for a, b in zip(ours.rounds, theirs.rounds, strict=True)]
            ratios[asked] = round(statistics.median(speeds), 2), round(ours.cpu_ms / theirs.cpu_ms, 2)
        return ratios

    def to_json(self) -> dict[str, Any]:
        figures = [asdict(figure) for figure in self.figures]
        return {"benchmark": "reads", **self.machine, "figures": figures, "ratios": self.ratios()}


def measure(plan: Plan, told: Callable[[str], None]) -> Report:
    """Raises RuntimeError for an answer that is not 200."""
    machine = machine_now()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="carnet-bench-")))
        server = stack.enter_context(PostgresServer(fsync=True, binaries=find_binaries()))
        url = server.create_database("carnet")
        migrate(url)
        ours = Ours(url, pool_size=plan.pool)
        stack.callback(ours.close)
        told(f"selling {A_PAGE} packages to each of {plan.customers} customers")
        paths = _sold(ours, plan)
        ours.catch_up()
        ports = {OURS: free_port(), READY: free_port()}
        sessions = {OURS: stack.enter_context(ours.served(ports[OURS], folder / "carnet.log"))}
        headers = {OURS: ours.credentials(ours.business(0)), READY: {}}
        once = [path for asked, of in paths.items() if asked is not ANEW for path in of]
        answers = {path: _answer(ports[OURS], path, headers[OURS]) for path in once}
        answers |= dict.fromkeys(paths[ANEW], answers[paths[LIST][0]])
        ready_url = server.create_database("ready")
        fill(ready_url, answers)
        command = ["-m", "tests.bench.ready_app", ready_url, str(ports[READY]), str(plan.pool)]
        sessions[READY] = stack.enter_context(serving(command, ports[READY], {}, folder / "ready.log"))
        runs: dict[tuple[str, str], list[tuple[float, float]]] = {}
        for number in range(plan.rounds):
            told(f"round {number + 1} of {plan.rounds}")
            for asked, of in paths.items():
                for entrant in (OURS, READY) if number % 2 else (READY, OURS):
                    queues = _queues(of, headers[entrant], plan, number * len(of) // plan.rounds)
                    before = used_by(sessions[entrant]) + used_by(server.session)
                    load = drive(ports[entrant], queues, plan.seconds, OK)
                    used = used_by(sessions[entrant]) + used_by(server.session) - before
                    run = load.speed.per_second, 1000 * used / load.speed.commands
                    runs.setdefault((asked, entrant), []).append(run)
        figures = [
            Figure(*named, tuple(speed for speed, _ in made), statistics.median(cpu for _, cpu in made))
            for named, made in runs.items()
        ]
    return Report(machine, figures)


def _sold(ours: Ours, plan: Plan) -> dict[str, list[str]]:
    """What is asked → the paths that ask it."""
    customers = [f"cus_many_{number}" for number in range(plan.customers)]
    packages = [id for customer in customers for id in ours.sell_to(customer, A_PAGE)]
    days = [str(date(2100, 1, 1) + timedelta(days=day)) for day in range(plan.lists)]
    lists = [f"/v1/packages?limit={A_PAGE}&purchased_to={day}" for day in days]
    return {
        ONE: [f"/v1/packages/{id}" for id in packages],
        OF_CUSTOMER: [f"/v1/customers/{id}/packages" for id in customers],
        LIST: lists[:10],
        ANEW: lists[10:],
    }


def _answer(port: int, path: str, headers: Mapping[str, str]) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path, headers=dict(headers))
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status} {body.decode()}")
    return body


def _queues(paths: Sequence[str], headers: Mapping[str, str], plan: Plan, first: int) -> list[list[bytes]]:
    """More than can be answered in the time, each connection its share of the paths in turn, from `first` on."""
    many = int(4_000 * plan.seconds / plan.connections) + 1
    asked = [question(path, dict(headers)) for path in paths]
    step = plan.connections
    return [[asked[(first + own + n * step) % len(asked)] for n in range(many)] for own in range(step)]


def table(report: Report) -> str:
    """The figures and ratios for people."""
    machine = report.machine
    lines = [
        f"reads: answers/s, {machine['date']}  commit {machine['commit']}  {machine['processor']},"
        f" {machine['cores']} cores (load {machine['load_before']} before)  Python {machine['python']}",
        f"{'':<24}{'entrant':<16}{'median':>8}{'CPU ms':>8}   rounds",
    ]
    for figure in report.figures:
        rounds = " ".join(f"{speed:.0f}" for speed in figure.rounds)
        median = statistics.median(figure.rounds)
        lines.append(f"{figure.asked:<24}{figure.entrant:<16}{median:>8.0f}{figure.cpu_ms:>8.2f}   {rounds}")
    for asked, (speed, cpu) in report.ratios().items():
        lines.append(f"{asked}: {speed:.2f} of the answers a second, {cpu:.2f} times the processor time")
    return "\n".join(lines)
