"""How long the server works at each page: `python -m tests.bench pages`.

Every page that the application has is asked for by whoever opens it, of one customer after the other, in books of
100,000 customers and a million facts. A figure is of the whole page: its questions to the API and the template, with
authentication and freshness, in one process with the client. Nothing is drawn; `tests/api/pages/chromium` does that.
"""

import statistics
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from typing import Any

from domain.actor import Role
from tests.api.desk import Desk
from tests.api.pages.browser import Browser
from tests.api.pages.chromium.parameters import Named, named_of
from tests.api.pages.chromium.places import PLACES, Place
from tests.bench.filled_books import Progress, filled, places
from tests.bench.redeem import machine_now


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


QUICK = Plan(customers=1_000, facts=10_000, pages=20)


@dataclass(frozen=True)
class Figure:
    """Milliseconds of a page, the median of its processor time, and the bytes of the longest."""

    database: str
    page: str
    p50: float
    p99: float
    cpu: float
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

    def to_json(self) -> dict[str, Any]:
        figures = [asdict(figure) for figure in self.figures]
        return {
            "benchmark": "pages",
            **self.machine,
            "plan": vars(self.plan),
            "filled": self.filled,
            "figures": figures,
            "left_out": self.left_out,
        }


def measure(plan: Plan, told: Progress) -> Report:
    """Raises RuntimeError for a page that is not shown."""
    report = Report(plan, machine_now())
    for database in plan.databases:
        with ExitStack() as stack:
            place = stack.enter_context(places(database))
            desk, took = filled(stack, place, plan.customers, plan.facts, told)
            report.filled.append(took)
            people = _customers(desk, plan.pages)
            for each in PLACES:
                if set(each.parameters) - people[0].keys():
                    report.left_out.append(f"{database} {each}")
                    continue
                figure = _figure(database, each, desk, people, plan)
                report.figures.append(figure)
                told(_line(figure))
    return report


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


def _figure(database: str, place: Place, desk: Desk, people: Sequence[Named], plan: Plan) -> Figure:
    browsers: dict[str, Browser] = {}
    times, work, sizes = [], [], []
    for number in range(plan.warm + plan.pages):
        named = people[number % len(people)]
        browser = _browser(place.role, desk, named, browsers)
        address = place.address(named)
        began, worked = time.perf_counter(), time.process_time()
        answer = browser.go(address)
        ended, done = time.perf_counter(), time.process_time()
        if answer.status_code != 200 or (place.role and "/sign-in" in browser.address):
            raise RuntimeError(f"{address}: {answer.status_code}")
        if number >= plan.warm:
            times.append((ended - began) * 1000)
            work.append((done - worked) * 1000)
            sizes.append(len(answer.content))
    times.sort()
    p99 = times[min(len(times) - 1, len(times) * 99 // 100)]
    shown = round(statistics.median(times), 1), round(p99, 1), round(statistics.median(work), 1)
    return Figure(database, str(place), *shown, max(sizes))


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
        f"{'':64}{'p50':>8}{'p99':>8}{'CPU':>8}{'KB':>6}",
        *map(_line, report.figures),
        *(f"left out, for there is none: {each}" for each in report.left_out),
        "Milliseconds of one page, in the process of its client.",
    ]
    return "\n".join(lines)


def _line(figure: Figure) -> str:
    name = f"{figure.database} {figure.page}"
    return f"{name:64}{figure.p50:8.1f}{figure.p99:8.1f}{figure.cpu:8.1f}{figure.bytes / 1000:6.0f}"
