"""What a redemption and a booking cost where a customer has bought much before: `python -m tests.bench regulars`.

All packages but a few are used up. The rule chooses among what is left, and it should not matter how much there was.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from api.resources.packages.card import VIEWS
from domain.booking.commands import MakeBooking, NewBooking
from domain.ledger.carnet import Carnet, Ledger
from domain.ledger.embedded.sqlite.schema import migrate as migrate_file
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
    """Milliseconds of processor time for one redemption or booking."""

    store: str
    packages: int
    first: float
    """Of the process, the median: of a redemption by a process that keeps nothing yet."""
    booking: float
    """The same of a booking."""
    later: float
    database_first: float
    """Of PostgreSQL, the mean of the first redemptions and bookings; within the process on SQLite."""
    database: float
    """… and of the later redemptions."""


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
    figures = []
    with ExitStack() as stack:
        for store, opened in (("SQLite", _file), ("PostgreSQL", _server)):
            url, used = stack.enter_context(opened())
            ours = Ours(url, pool_size=1)
            stack.callback(ours.close)
            for packages in plan.packages:
                told(f"{store}, {packages} packages")
                _sell(ours, packages)
                figures.append(_figure(store, url, ours.business(0), packages, plan, used))
    return Report(machine, figures)


@contextmanager
def _file() -> Iterator[tuple[str, Callable[[], float]]]:
    with TemporaryDirectory() as folder:
        migrate_file(Path(folder, "ledger.db"))
        yield f"sqlite:///{folder}/ledger.db", lambda: 0.0


@contextmanager
def _server() -> Iterator[tuple[str, Callable[[], float]]]:
    with PostgresServer(fsync=False, binaries=find_binaries()) as server:
        url = server.create_database("carnet")
        migrate(url)
        yield url, lambda: used_by(server.session)


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


def _figure(
    store: str, url: str, business_id: str, packages: int, plan: Plan, used: Callable[[], float]
) -> Figure:
    """`used`: the seconds of processor time that the database has used beside the process."""
    first: list[float] = []
    booking: list[float] = []
    later: list[float] = []
    of_first = of_later = 0.0
    for number in range(plan.rounds):
        carnet = Carnet(url, pool_size=1, views=VIEWS)
        ledger = carnet.ledger(business_id)
        uses = [_use(ledger, packages, f"{number}_{n}") for n in range(1 + plan.uses)]
        ledger.recorder.head()  # connects
        before = used()
        first.append(_ms(ledger, uses[0]))
        between = used()
        later += [_ms(ledger, use) for use in uses[1:]]
        of_first, of_later = of_first + between - before, of_later + used() - between
        carnet.close()
        carnet = Carnet(url, pool_size=1, views=VIEWS)
        ledger = carnet.ledger(business_id)
        asked = _booking(ledger, packages, str(number))
        ledger.recorder.head()
        before = used()
        booking.append(_ms(ledger, asked))
        of_first += used() - before
        carnet.close()
    return Figure(
        store,
        packages,
        statistics.median(first),
        statistics.median(booking),
        statistics.median(later),
        1000 * of_first / (len(first) + len(booking)),
        1000 * of_later / len(later),
    )


def _booking(ledger: Ledger, packages: int, number: str) -> Order:
    ids = NewBooking(booking_id=f"bkg_{packages}_{number}", redemption_id=f"red_booked_{packages}_{number}")
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1, hours=int(number))
    command = MakeBooking(bookings=(ids,), customer_id=_customer(packages), service_id=SERVICE, starts_at=at)
    request = ledger.request(ids.booking_id, b"")
    return order(command, BY, request=request, new_ids=(ids.booking_id, ids.redemption_id))


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
        f"regulars: ms of processor time, {machine['date']}  commit {machine['commit']}"
        f"  {machine['processor']}, {machine['cores']} cores  Python {machine['python']}",
        f"{'':<12}{'packages':<10}{'first use':>12}{'booking':>12}{'later use':>12}{'PostgreSQL':>12}{'later':>8}",
    ]
    lines += [
        f"{each.store:<12}{each.packages:<10}{each.first:>12.1f}{each.booking:>12.1f}{each.later:>12.2f}"
        f"{each.database_first:>12.1f}{each.database:>8.2f}"
        for each in report.figures
    ]
    return "\n".join(lines)
