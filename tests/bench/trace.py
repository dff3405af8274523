"""Where a lone redemption spends its time: `python -m tests.bench trace`.

One till sends redemptions, one every 50 ms, to a server on which nothing else is asked. Shown is the median of the time
from each place to the next, in the order of the way.
"""

import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from domain.ledger.postgres.migrations import migrate
from tests.bench.clients import CREATED, Connection
from tests.bench.ours import Ours
from tests.bench.redeem import machine_now
from tests.bench.server import free_port
from tests.bench.traced_server import COME, SENT
from tests.postgres import PostgresServer, find_binaries

COLD, WARM = "first use", "later use"


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    requests: int = 200
    every_s: float = 0.05


QUICK = Plan(requests=20, every_s=0.01)


@dataclass(frozen=True)
class Step:
    use: str
    place: str
    ms: float
    """From the place before it, the median of the requests that came by both."""
    requests: int


@dataclass(frozen=True)
class Report:
    machine: Mapping[str, Any]
    steps: Sequence[Step]
    whole: Mapping[str, float]
    """First or later use → milliseconds at the client, the median."""

    def to_json(self) -> dict[str, Any]:
        return {
            "benchmark": "trace",
            **self.machine,
            "steps": [*map(asdict, self.steps)],
            "whole": self.whole,
        }


def measure(plan: Plan, told: Callable[[str], None]) -> Report:
    machine = machine_now()
    whole: dict[str, list[float]] = {COLD: [], WARM: []}
    uses: list[str] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="carnet-bench-")))
        server = stack.enter_context(PostgresServer(fsync=True, binaries=find_binaries()))
        url, port = server.create_database("carnet"), free_port()
        migrate(url)
        ours = Ours(url, pool_size=8)
        stack.callback(ours.close)
        packages = ours.sell(1, plan.requests)
        requests = [(use, ours.request(package)) for package in packages for use in (COLD, WARM)]
        ours.catch_up()
        told("asking")
        with ours.served(
            port, folder / "carnet.log", command=["-m", "tests.bench.traced_server", f"{folder}/notes"]
        ):
            connection = Connection(port, CREATED)
            for use, request in requests:
                time.sleep(plan.every_s)
                began = time.perf_counter()
                connection.send(request)
                while not connection.receive():
                    pass
                whole[use].append(1000 * (time.perf_counter() - began))
                uses.append(use)
            connection.socket.close()
        notes = json.loads((folder / "notes").read_text())
    steps = _steps(notes, uses)
    return Report(machine, steps, {use: statistics.median(ms) for use, ms in whole.items()})


def _steps(notes: Sequence[tuple[str, float]], uses: Sequence[str]) -> list[Step]:
    ways: list[list[tuple[str, float]]] = []
    for place, moment in notes:
        if place == COME:
            ways.append([])
        if ways and (place == COME or ways[-1][-1][0] != SENT):
            ways[-1].append((place, moment))
    gaps: dict[tuple[str, str], list[float]] = {}
    for use, way in zip(uses, ways[-len(uses) :], strict=True):
        for (_, before), (place, moment) in pairwise(way):
            gaps.setdefault((use, place), []).append(1000 * (moment - before))
    return [Step(use, place, statistics.median(ms), len(ms)) for (use, place), ms in gaps.items()]


def table(report: Report) -> str:
    """The steps for people."""
    machine = report.machine
    lines = [
        f"trace: ms, {machine['date']}  commit {machine['commit']}  {machine['processor']}, {machine['cores']} cores"
        f" (load {machine['load_before']} before)  Python {machine['python']}"
    ]
    for use, whole in report.whole.items():
        own = [step for step in report.steps if step.use == use]
        lines.append(
            f"{use}: {whole:.2f} at the client, {sum(step.ms for step in own):.2f} between these places"
        )
        lines += [f"  {step.place:<32}{step.ms:>8.3f}  ({step.requests})" for step in own]
    return "\n".join(lines)
