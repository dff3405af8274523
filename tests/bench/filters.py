"""`filters`: how long a page of the customer list and of the package list takes, filter by filter.

The same questions are put to a business and to one of a tenth of its size: a page should cost the same in both.
Each figure is of the whole route, with authentication, freshness and the directory, in one process.
"""

import statistics
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.api.desk import Desk
from tests.bench.filled_books import Progress, filled, places

Question = tuple[str, Mapping[str, Any]]
"""A list and what it is narrowed to."""

CUSTOMERS, PACKAGES = "/v1/customers", "/v1/packages"
SMALLER = 10
"""The second business has this part of the first one's customers."""


@dataclass(frozen=True)
class Plan:
    """How much is measured. The default takes about eight minutes, nearly all of it to fill the books."""

    customers: int = 100_000
    facts: int = 1_000_000
    pages: int = 10
    """Of each list; the first ones, or the whole list again when it has fewer."""
    databases: tuple[str, ...] = ("SQLite", "PostgreSQL")


QUICK = Plan(customers=5_000, facts=50_000, pages=5)


@dataclass(frozen=True)
class Figure:
    """Milliseconds of one page, and how many rows a page held at the most."""

    database: str
    list: str
    filters: str
    p50: float
    max: float
    smaller_p50: float
    rows: int

    @property
    def ratio(self) -> float:
        """How much longer a page takes of the larger business: 1 when it costs the same."""
        return self.p50 / self.smaller_p50


@dataclass
class Report:
    plan: Plan
    figures: list[Figure] = field(default_factory=list)
    filled: list[str] = field(default_factory=list)
    """How long it took to fill the books."""

    def to_json(self) -> dict[str, Any]:
        figures = [{**vars(figure), "ratio": round(figure.ratio, 2)} for figure in self.figures]
        return {"plan": vars(self.plan), "filled": self.filled, "figures": figures}


def measure(plan: Plan, told: Progress) -> Report:
    report = Report(plan)
    for database in plan.databases:
        with ExitStack() as stack:
            place = stack.enter_context(places(database))
            sizes = (plan.customers, plan.customers // SMALLER)
            desks = []
            for customers in sizes:
                facts = plan.facts * customers // plan.customers
                desk, took = filled(stack, place, customers, facts, told)
                desks.append(desk)
                report.filled.append(took)
            asked_of = [questions(desk) for desk in desks]
            for name, asked in asked_of[0].items():
                times = [
                    _times(desk, asked_there[name], plan.pages)
                    for desk, asked_there in zip(desks, asked_of, strict=True)
                ]
                (large, rows), (small, _) = times
                figure = Figure(
                    database,
                    asked[0],
                    name,
                    round(statistics.median(large), 1),
                    round(max(large), 1),
                    round(statistics.median(small), 1),
                    rows,
                )
                report.figures.append(figure)
                told(_line(figure))
    return report


def table(report: Report) -> str:
    lines = ["", *report.filled, "", f"{'':44}{'p50':>8}{'max':>8}{'rows':>6}   ÷ a tenth of the size"]
    lines += [_line(figure) for figure in report.figures]
    return "\n".join([*lines, "", "Milliseconds of one page of 50, over HTTP in the process of the client."])


def _line(figure: Figure) -> str:
    name = f"{figure.database} {figure.list.removeprefix('/v1/')} {figure.filters}"
    return f"{name:44}{figure.p50:8.1f}{figure.max:8.1f}{figure.rows:6}   {figure.ratio:.2f}"


# The questions


def questions(desk: Desk) -> dict[str, Question]:
    """Each filter alone and several together, by what they are called in the report."""
    services = [each["id"] for each in desk.all_of("/v1/services")]
    offers = [each["id"] for each in desk.all_of("/v1/offers")]
    today = datetime.now(UTC).date()
    this_week = {"booking_from": f"{today}", "booking_to": f"{today + timedelta(days=7)}"}
    customers: dict[str, dict[str, Any]] = {
        "everybody": {},
        "search: one letter": {"search": "a"},
        "search: common name": {"search": "kovacs"},
        "search: two words": {"search": "anna nagyffy"},
        "search: part of a number": {"search": "4567"},
        "search: nobody": {"search": "xyz"},
        "category (2 %)": {"category": "VIP"},
        "two categories": {"category": ["VIP", "New"]},
        "status inactive (3 %)": {"status": "inactive"},
        "blocked (0.5 %)": {"blocked": "true"},
        "consent": {"consent": "marketing"},
        "service booked": {"service_id": services[0]},
        "service, only of the newest": {"service_id": services[-1]},
        "service type": {"service_type": "Beauty"},
        "service never booked": {"unused_service_id": services[0]},
        "service type never booked": {"unused_service_type": "Massage"},
        "offer bought": {"offer_id": offers[0]},
        "booking this week": this_week,
        "booking in two years": {"booking_from": f"{today - timedelta(days=730)}"},
        "booking active": {"booking_status": "active"},
        "booking active this week": {**this_week, "booking_status": "active"},
        "category + consent + service": {
            "category": "VIP",
            "consent": "marketing",
            "service_id": services[1],
        },
        "type + unused + status + offer": {
            "service_type": "Massage",
            "unused_service_id": services[3],
            "status": "active",
            "offer_id": offers[2],
        },
        "search + category": {"search": "anna", "category": "VIP"},
        "search + service + week": {"search": "20", "service_id": services[2], **this_week},
    }
    packages: dict[str, dict[str, Any]] = {
        "all of them": {},
        "active": {"status": "active"},
        "expired": {"status": "expired"},
        "all used": {"status": "fully_used"},
        "unpaid": {"payment_status": "unpaid"},
        "owing": {"owing": "true"},
        "expiring next month": {
            "status": "active",
            "expires_from": f"{today + timedelta(days=30)}",
            "expires_to": f"{today + timedelta(days=60)}",
        },
        "bought in a month of last year": {
            "purchased_from": f"{today - timedelta(days=400)}",
            "purchased_to": f"{today - timedelta(days=370)}",
        },
        "of an offer": {"offer_id": offers[0]},
        "for a service": {"service_id": services[-1]},
        "active + service + owing": {"status": "active", "service_id": services[0], "owing": "true"},
    }
    return {name: (CUSTOMERS, filters) for name, filters in customers.items()} | {
        name: (PACKAGES, filters) for name, filters in packages.items()
    }


def _times(desk: Desk, question: Question, pages: int) -> tuple[list[float], int]:
    """Milliseconds of each page, after one that warms up, and the most rows that one held."""
    path, filters = question
    desk.get(path, **filters)
    times: list[float] = []
    rows, cursor = 0, None
    for _ in range(pages):
        began = time.perf_counter()
        page = desk.get(path, **filters, **({"cursor": cursor} if cursor else {}))
        times.append((time.perf_counter() - began) * 1000)
        rows, cursor = max(rows, len(page["data"])), page["next_cursor"]
    return times, rows
