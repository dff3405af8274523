"""How long the server works at each page: `python -m tests.bench pages`.

Every page that the application has is asked for by whoever opens it, of one customer after the other, in books of
100,000 customers and a million facts. A figure is of the whole page: its questions to the API and the template, with
authentication and freshness, in one process with the client. Nothing is drawn; `tests/api/pages/chromium` does that.
Each figure is told as soon as it is there. A run that is broken off tells those that it has.
"""

import statistics
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from api.server.serve import keep_from_collector
from domain.actor import Role
from tests.api.desk import Desk
from tests.api.pages.browser import Browser
from tests.api.pages.chromium.parameters import Named, named_of
from tests.api.pages.chromium.places import PLACES, Place
from tests.bench.filled_books import Progress, filled, places
from tests.bench.rebuilding import peak_of, seconds_of_server
from tests.bench.redeem import machine_now

PAGES_MIN = 3


@dataclass(frozen=True)
class Plan:
    """How much is measured. The default takes about eight minutes, nearly all of it to fill the books."""

    customers: int = 100_000
    facts: int = 1_000_000
    pages: int = 100
    """Of each kind, of different customers where the page is of one."""
    warm: int = 3
    """Pages of each kind that are not counted."""
    databases: tuple[str, ...] = ("SQLite", "PostgreSQL")
    books: str = ""
    """A folder where the books are kept for the next run; none: they are removed."""
    only: str = ""
    """Parts of addresses with commas between them: pages that have one of them are measured; none: all."""
    seconds: float = 5.0
    """A page that takes long is asked for so long, and at least three times."""


QUICK = Plan(customers=1_000, facts=10_000, pages=20)


@dataclass(frozen=True)
class Figure:
    """Milliseconds of a page, by the clock and of processor time, and the bytes of the longest."""

    database: str
    page: str
    p50: float
    p99: float
    cpu: float
    """The median of the process of server and client."""
    cpu_p99: float
    of_database: float
    """Of the database's server, on average."""
    bytes: int


@dataclass
class Report:
    plan: Plan
    machine: Mapping[str, Any]
    figures: list[Figure] = field(default_factory=list)
    filled: list[str] = field(default_factory=list)
    """How long it took to fill the books."""
    left_out: list[str] = field(default_factory=list)
    """Pages of something that the books have none of."""
    peaks: list[str] = field(default_factory=list)
    """The most memory that the process held, with the client and with what it keeps of the books."""
    broken_off: bool = False

    def to_json(self) -> dict[str, Any]:
        figures = [asdict(figure) for figure in self.figures]
        return {
            "benchmark": "pages",
            **self.machine,
            "plan": vars(self.plan),
            "filled": self.filled,
            "figures": figures,
            "left_out": self.left_out,
            "peaks": self.peaks,
            "broken_off": self.broken_off,
        }


def measure(plan: Plan, told: Progress) -> Report:
    """An interrupt ends it early. Raises RuntimeError for a page that is not shown."""
    report = Report(plan, machine_now())
    try:
        for database in plan.databases:
            _measure(database, plan, report, told)
    except KeyboardInterrupt:
        report.broken_off = True
    return report


def _measure(database: str, plan: Plan, report: Report, told: Progress) -> None:
    kept = Path(plan.books).resolve() if plan.books else None
    with ExitStack() as stack:
        place = stack.enter_context(places(database, kept))
        desk, took = filled(stack, place, plan.customers, plan.facts, told)
        report.filled.append(took)
        told(took)
        people = _customers(desk, plan.pages)
        keep_from_collector()
        for each in PLACES:
            if not any(part in str(each) for part in plan.only.split(",")):
                continue
            if set(each.parameters) - people[0].keys():
                report.left_out.append(f"{database} {each}")
                continue
            figure = _figure(database, place.server, each, desk, people, plan)
            report.figures.append(figure)
            told(_line(figure))
        report.peaks.append(f"{database}: {peak_of():.0f} MB at the most")


def _customers(desk: Desk, many: int) -> Sequence[Named]:
    """The parameters of so many different customers who bought something, if there are as many."""

    def get(path: str, **parameters: Any) -> Any:
        return desk.get(f"/v1{path}", **parameters)

    found: dict[str, Named] = {}
    cursor: dict[str, str] = {}
    while len(found) < many:
        rows = get("/packages", limit=200, **cursor)
        for row in rows["data"]:
            id = row["customer"]["id"]
            if id not in found and len(found) < many:
                # Books are filled without the claims that lead to a use.
                named = named_of(get, id)
                found[id] = {name: named[name] for name in named if name != "redemption_id"}
        if not rows["has_more"]:
            break
        cursor = {"cursor": rows["next_cursor"]}
    most = max(map(len, found.values()))
    return [named for named in found.values() if len(named) == most]


def _figure(
    database: str, server: int | None, place: Place, desk: Desk, people: Sequence[Named], plan: Plan
) -> Figure:
    browsers: dict[str, Browser] = {}
    times: list[float] = []
    work: list[float] = []
    sizes: list[int] = []
    of_server, until, warm = 0.0, time.monotonic() + plan.seconds, plan.warm
    for number in range(plan.warm + plan.pages):
        if number == 1 and time.monotonic() > until:
            warm = 1
        if number == warm:
            of_server, until = seconds_of_server(server), time.monotonic() + plan.seconds
        if len(times) >= PAGES_MIN and time.monotonic() > until:
            break
        named = people[number % len(people)]
        browser = _browser(place.role, desk, named, browsers)
        address = place.address(named)
        began, worked = time.perf_counter(), time.process_time()
        answer = browser.go(address)
        ended, done = time.perf_counter(), time.process_time()
        if answer.status_code != 200 or (place.role and "/sign-in" in browser.address):
            raise RuntimeError(f"{address}: {answer.status_code}")
        if number >= warm:
            times.append((ended - began) * 1000)
            work.append((done - worked) * 1000)
            sizes.append(len(answer.content))
    of_server = (seconds_of_server(server) - of_server) * 1000 / len(times)
    return Figure(
        database,
        str(place),
        round(statistics.median(times), 1),
        round(_p99(times), 1),
        round(statistics.median(work), 1),
        round(_p99(work), 1),
        round(of_server, 1),
        max(sizes),
    )


def _p99(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, len(values) * 99 // 100)]


def _browser(role: str, desk: Desk, named: Named, known: dict[str, Browser]) -> Browser:
    """Signed in as this role; a customer, as themselves."""
    own = named["customer_id"] if role == "customer" else None
    who = f"{role} {own or ''}"
    if who not in known:
        if not role:
            known[who] = Browser(desk.client)
        else:
            known[who] = Browser.signed_in(desk if role == "owner" else desk.as_role(Role(role), own))
    return known[who]


def table(report: Report) -> str:
    machine = report.machine
    lines = [
        f"pages: {machine['date']}  commit {machine['commit']}  {machine['processor']}, {machine['cores']} cores"
        f" (load {machine['load_before']} before)  Python {machine['python']}",
        *report.filled,
        "",
        f"{'':64}{'p50':>8}{'p99':>8}{'CPU':>8}{'p99':>8}{'DB':>8}{'KB':>6}",
        *map(_line, report.figures),
        *report.peaks,
        *(f"left out, for there is none: {each}" for each in report.left_out),
        "Milliseconds of one page, in the process of its client. CPU: of that process, DB: of the database's server.",
        *(["broken off: the rest was not measured"] if report.broken_off else []),
    ]
    return "\n".join(lines)


def _line(figure: Figure) -> str:
    name = f"{figure.database} {figure.page}"
    times = (
        f"{figure.p50:8.1f}{figure.p99:8.1f}{figure.cpu:8.1f}{figure.cpu_p99:8.1f}{figure.of_database:8.1f}"
    )
    return f"{name:64}{times}{figure.bytes / 1000:6.0f}"
