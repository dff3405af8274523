"""The how-to pages do what they say: their Python is run, line by line."""

import re
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from domain.moments import rfc3339
from tests.api.desk import Desk

pytest_plugins = ["tests.api.houses"]

PAGES = Path(__file__).parent.parent / "docs" / "how-to"


@pytest.mark.covers("S59", "S91", "S102")
def test_taking_bookings_runs(desk: Desk) -> None:
    massage, anna, names = desk.service(), desk.customer("Anna"), count()
    package = desk.sell(anna, desk.offer(massage))["id"]

    def post(path: str, body: Any) -> Any:
        return desk.post(f"/v1{path}", body, key=f"how-to-{next(names)}").json()

    told: dict[str, Any] = {
        "post": post,
        "get": lambda path, **query: desk.get(f"/v1{path}", **query),
        "massage": massage,
        "anna": anna,
        "package": package,
        "today": desk.today(),
        "in_a_week": rfc3339(desk.clock() + timedelta(days=7)),
        "in_two_weeks": rfc3339(desk.clock() + timedelta(days=14)),
    }
    run("take-bookings.md", told)
    assert told["app"].startswith("carnet_live_")


def test_finding_customers_runs(desk: Desk) -> None:
    massage = desk.service()
    anna = desk.customer("Kovács Anna", mobile="+36201234567", category="VIP", consents={"marketing": True})
    desk.customer("Nagy Béla")
    desk.sell(anna, desk.offer(massage), expires_on=desk.today(days=90))
    booked = {
        "customer_id": anna,
        "service_id": massage,
        "starts_at": rfc3339(desk.clock() + timedelta(days=2)),
    }
    desk.do("/v1/bookings", booked)
    told: dict[str, Any] = {
        "post": lambda path, body: desk.do(f"/v1{path}", body),
        "get": lambda path, **query: desk.get(f"/v1{path}", **query),
        "today": desk.today(),
        "in_a_week": desk.today(days=7),
        "in_a_year": desk.today(days=365),
    }
    run("find-customers.md", told)
    assert told["segment"]["name"] == "Missing massage"


def run(page: str, told: dict[str, Any]) -> None:
    """Every snippet of a page, one after the other."""
    path = PAGES / page
    for snippet in re.findall(r"```python\n(.*?)```", path.read_text(), re.DOTALL):
        exec(compile(snippet, str(path), "exec"), told)
