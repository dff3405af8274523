"""What a redemption costs where a customer has bought much before: `python -m tests.bench regulars`.

All packages but a few are used up. The rule chooses among what is left, and it should not matter how much there was.
"""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any

from api.resources.packages.card import VIEWS
from domain.ledger.carnet import Carnet, Ledger
from domain.ledger.mapper import Meta
from domain.ledger.orders import Done, Order
from domain.ledger.postgres.migrations import migrate
from domain.package.commands import RedeemFromCustomer, RedeemUnits
from tests.bench.ours import ACTOR, SERVICE, Ours
from tests.bench.race import UNITS
from tests.bench.redeem import machine_now
from tests.bench.server import used_by
from tests.postgres import PostgresServer, find_binaries
from tests.use_cases import order

BY = Meta(actor=ACTOR)

LEFT = 5
"""Packages of which something is left."""


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    packages: tuple[int, ...] = (LEFT, 50, 200)
    rounds: int = 5
    """First uses: each by a process that keeps nothing yet."""
    uses: int = 15
    """Later uses after each first one."""


QUICK = Plan(packages=(LEFT, 50), rounds=2, uses=5)


@dataclass(frozen=True)
class Figure:
    """Milliseconds of processor time for one redemption."""

    packages: int
    first: float
    """Of the process, the median."""
    later: float
    database: float
    """Of PostgreSQL, the mean of the later ones."""


@dataclass(frozen=True)
class Report:
    machine: Mapping[str, Any]
    figures: Sequence[Figure]

    def to_json(self) -> dict[str, Any]:
        return {
            "benchmark": "regulars",
            "unit": "ms",
            **self.machine,
            "figures": [*map(asdict, self.figures)],
        }


def measure(plan: Plan, told: Callable[[str], None]) -> Report:
    machine = machine_now()
    with ExitStack() as stack:
        server = stack.enter_context(PostgresServer(fsync=False, binaries=find_binaries()))
        url = server.create_database("carnet")
        migrate(url)
        ours = Ours(url, pool_size=1)
        stack.callback(ours.close)
        figures = []
        for packages in plan.packages:
            told(f"{packages} packages")
            _sell(ours, packages)
            figures.append(_figure(url, ours.business(0), packages, plan, server.session))
    return Report(machine, figures)


def _sell(ours: Ours, packages: int) -> None:
    """Packages of one customer, all but a few used up."""
    ids = ours.sell_to(_customer(packages), packages)
    used = [
        RedeemUnits(package_id=id, redemption_id=f"red_{id}", service_id=SERVICE, quantity=UNITS)
        for id in ids[LEFT:]
    ]
    orders = [order(command, BY, new_ids=(command.redemption_id,)) for command in used]
    for result in ours.carnet.ledger(ours.business(0)).execute(orders) if orders else ():
        assert isinstance(result, Done), result


def _figure(url: str, business_id: str, packages: int, plan: Plan, session: int) -> Figure:
    first: list[float] = []
    later: list[float] = []
    of_database = 0.0
    for number in range(plan.rounds):
        carnet = Carnet(url, pool_size=1, views=VIEWS)
        ledger = carnet.ledger(business_id)
        uses = [_use(ledger, packages, f"{number}_{n}") for n in range(1 + plan.uses)]
        first.append(_ms(ledger, uses[0]))
        of_database -= used_by(session)
        later += [_ms(ledger, use) for use in uses[1:]]
        of_database += used_by(session)
        carnet.close()
    database = 1000 * of_database / len(later)
    return Figure(packages, statistics.median(first), statistics.median(later), database)


def _use(ledger: Ledger, packages: int, number: str) -> Order:
    id = f"red_of_{packages}_{number}"
    command = RedeemFromCustomer(customer_id=_customer(packages), redemption_id=id, service_id=SERVICE)
    return order(command, BY, request=ledger.request(id, b""), new_ids=(id,))


def _customer(packages: int) -> str:
    return f"cus_with_{packages}"


def _ms(ledger: Ledger, use: Order) -> float:
    began = time.process_time()
    (done,) = ledger.execute([use])
    took = 1000 * (time.process_time() - began)
    assert isinstance(done, Done), done
    return took


def table(report: Report) -> str:
    """The figures for people."""
    machine = report.machine
    lines = [
        f"regulars: ms of processor time for a redemption, {machine['date']}  commit {machine['commit']}"
        f"  {machine['processor']}, {machine['cores']} cores  Python {machine['python']}",
        f"{'packages':<10}{'first use':>12}{'later use':>12}{'PostgreSQL':>12}",
    ]
    lines += [
        f"{each.packages:<10}{each.first:>12.1f}{each.later:>12.2f}{each.database:>12.2f}"
        for each in report.figures
    ]
    return "\n".join(lines)
