"""Packages of thousands of units cost what small ones do, and a list that lags behind says so."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from litestar.testing import TestClient
from sqlalchemy import func, select

from api.server.app import create_app
from projections.models.registry import READ_MODELS
from tests.api.desk import PEPPER, Body, Desk

pytest_plugins = ["tests.api.houses"]


def sell(desk: Desk, units_a_line: int, service: str, customer: str) -> str:
    """A package of five lines."""
    lines = [{"quantity": units_a_line, "services": [service]}] * 5
    price = {"amount": 100_000, "currency": "EUR"}
    body: Body = {"customer_id": customer, "name": "Massage", "lines": lines, "price": price}
    return str(desk.do("/v1/packages", body)["id"])


def rows_of(desk: Desk) -> Counter[str]:
    """Rows of each read model that are there for this business."""
    names = [projection.name for projection in READ_MODELS]
    desk.all_of("/v1/packages")
    counted: Counter[str] = Counter()
    with desk.frame.reads.snapshot(desk.business_id, names) as snapshot:
        for name, table in snapshot.tables.items():
            query = select(func.count()).select_from(table).where(table.c.business_id == desk.business_id)
            counted[name] = snapshot.connection.scalar(query) or 0
    return counted


def test_a_sale_of_five_thousand_units_is_as_many_rows_as_one_of_ten(either_desk: Desk) -> None:
    desk = either_desk
    service, anna = desk.service(), desk.customer()
    before = rows_of(desk)
    sell(desk, 2, service, anna)
    small = rows_of(desk)
    sell(desk, 1_000, service, anna)
    assert rows_of(desk) - small == small - before
    assert (small - before).total() < 10


def test_a_card_of_five_thousand_units_is_as_long_as_one_of_ten(either_desk: Desk) -> None:
    desk = either_desk
    service, anna = desk.service(), desk.customer()
    for units in (2, 1_000):
        sell(desk, units, service, anna)
    with desk.frame.reads.snapshot(desk.business_id, ["cards"]) as snapshot:
        found = snapshot.connection.execute(
            select(snapshot.tables["cards"]).where(snapshot.tables["cards"].c.business_id == desk.business_id)
        )
        small, big = sorted(len(str(tuple(row))) for row in found)
    assert big < 1.2 * small


def in_use(desk: Desk) -> dict[str, int]:
    """Redemption → units in use, as the read model has them; the same as the facts make them."""
    desk.all_of("/v1/packages")
    with desk.frame.reads.snapshot(desk.business_id, ["units"]) as snapshot:
        table = snapshot.tables["units"]
        query = select(table.c.redemption_id, table.c.units).where(table.c.business_id == desk.business_id)
        return {row.redemption_id: row.units for row in snapshot.connection.execute(query)}


def test_a_use_of_many_units_is_one_row_until_they_are_back(either_desk: Desk) -> None:
    desk = either_desk
    service, anna = desk.service(), desk.customer()
    package = sell(desk, 1_000, service, anna)
    used = desk.redeem(package, service, quantity=900)["redemption_id"]
    assert in_use(desk) == {used: 900}
    assert desk.get("/v1/customers", unused_service_id=service)["data"] == []
    desk.do(f"/v1/redemptions/{used}/restorations", {"quantity": 400})
    assert in_use(desk) == {used: 500}
    desk.do(f"/v1/redemptions/{used}/restorations", {"quantity": 500})
    assert in_use(desk) == {}
    assert len(desk.get("/v1/customers", unused_service_id=service)["data"]) == 1


def test_units_page_through_thousands(desk: Desk) -> None:
    package = sell(desk, 1_000, desk.service(), desk.customer())
    units = desk.all_of(f"/v1/packages/{package}/units")
    assert [(each["line"], each["unit"]) for each in units] == [
        (line, unit) for line in range(1, 6) for unit in range(1, 1_001)
    ]
    assert sum(each["value"]["amount"] for each in units) == 100_000


# Lists that are behind


@pytest.fixture
def behind(either_desk: Desk) -> Iterator[Desk]:
    """A desk whose read models no runner keeps up."""
    views = either_desk.frame.views
    app = create_app(either_desk.carnet, views, pepper=PEPPER, rate=1_000_000)
    with TestClient(app) as client:
        yield replace(either_desk, client=client)


LISTS = ("/v1/packages", "/v1/customers", "/v1/services", "/v1/customers/{anna}/packages", "/v1/bookings")


@pytest.mark.parametrize("path", LISTS)
def test_a_list_that_cannot_catch_up_says_so(either_desk: Desk, behind: Desk, path: str) -> None:
    anna = either_desk.customer("Anna")
    path = path.format(anna=anna)
    current = either_desk.ask(path)
    assert current.json()["stale"] is False
    sell(either_desk, 1_000, either_desk.service(), anna)
    lagging = behind.ask(path)
    assert (lagging.status_code, lagging.json()["stale"]) == (200, True)
    assert int(lagging.headers["Ledger-Position"]) < either_desk.head
    headers = {"Authorization": f"Bearer {behind.key}", "Ledger-Min-Position": str(either_desk.head)}
    strict = behind.client.get(path, headers=headers)
    assert (strict.status_code, strict.json()["code"]) == (503, "projection-lagging")
    assert strict.headers["Retry-After"]
    again = either_desk.ask(path)
    assert (again.json()["stale"], again.headers["Ledger-Position"]) == (False, str(either_desk.head))


def test_every_list_says_whether_it_is_stale(desk: Desk) -> None:
    schemas: dict[str, Any] = desk.get("/schema")["components"]["schemas"]
    pages = {name: each for name, each in schemas.items() if "next_cursor" in each.get("properties", {})}
    assert len(pages) > 10
    assert [name for name, each in pages.items() if "stale" not in each["properties"]] == []
