"""A form sent twice does one thing: by a double click, a reload, or going back. It does so without scripts too."""

from typing import Any

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect

from tests.api.pages.chromium.salon import Salon
from tests.api.pages.chromium.visitor import Visitor, visitor_of


def fresh_package(salon: Salon, quantity: int = 4) -> tuple[str, str]:
    """Of a new customer: (customer, package)."""
    service = salon.desk.get("/services")["data"][0]["id"]
    lines = [{"quantity": quantity, "services": [service]}]
    offer = salon.desk.post("/offers", {"name": "Once", "price": 10_000, "lines": lines})["id"]
    customer = salon.customer("Once")
    sold = salon.desk.post("/packages", {"customer_id": customer, "offer_id": offer})
    return customer, sold["id"]


def used(salon: Salon, package: str) -> Any:
    return salon.desk.get(f"/packages/{package}")["used"]


@pytest.mark.parametrize("scripts", [True, False], ids=["with-scripts", "without-scripts"])
def test_a_double_click_a_reload_and_going_back_are_one_use(
    chromium: Chromium, salon: Salon, scripts: bool
) -> None:
    customer, package = fresh_package(salon)
    with visitor_of(chromium, salon, salon.key("staff"), java_script_enabled=scripts) as visitor:
        visitor.go("/desk/customers")
        visitor.go(f"/desk/customers/{customer}")
        visitor.page.get_by_role("button", name="Use one").dblclick()
        expect(visitor.page.get_by_role("article")).to_contain_text("3 of 4 remaining")
        for again in (
            visitor.page.reload,
            visitor.page.go_back,
            visitor.page.go_forward,
            visitor.page.reload,
        ):
            again()
            expect(visitor.page.get_by_role("article")).to_contain_text("3 of 4 remaining")
        assert visitor.address.startswith(f"/desk/customers/{customer}")
        assert used(salon, package) == 1


def test_of_two_who_use_the_last_unit_the_second_is_told(chromium: Chromium, salon: Salon) -> None:
    customer, package = fresh_package(salon, quantity=1)
    with (
        visitor_of(chromium, salon, salon.key("staff")) as first,
        visitor_of(chromium, salon, salon.key("manager")) as second,
    ):
        for visitor in (first, second):
            visitor.go(f"/desk/customers/{customer}")
        press_use(first)
        expect(first.page.get_by_text("0 of 1 remaining").first).to_be_attached()
        expect(first.page.get_by_role("alert")).to_have_count(0)
        press_use(second)
        expect(second.page.get_by_role("alert")).to_contain_text("0 are left")
        expect(second.page.get_by_text("0 of 1 remaining").first).to_be_attached()
        assert used(salon, package) == 1
        refused = [told for told in second.complaints if "409" not in told]
        assert first.complaints + refused == []


def press_use(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name="Use one").click()


def test_a_revoked_key_ends_the_session_at_the_next_step(chromium: Chromium, salon: Salon) -> None:
    made = salon.desk.post("/keys", {"name": f"till {salon.number()}", "role": "staff"})
    with visitor_of(chromium, salon, made["key"]) as visitor:
        visitor.go("/desk/customers")
        salon.desk.post(f"/keys/{made['id']}/revocation", {})
        visitor.page.get_by_role("link", name="Anna Kovács", exact=True).click()
        expect(visitor.page.get_by_role("heading", name="Sign in")).to_be_visible()
