"""Lists of the desk: customers by every filter, segments, a change of many at once, and packages across customers."""

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from domain.actor import Role
from tests.api.desk import Desk
from tests.api.pages.browser import Browser, filled

pytest_plugins = ["tests.api.houses"]

NASTY = '"><script>alert(1)</script> & {{ 7*7 }}'


def rows(browser: Browser) -> list[str]:
    """The names in the first table of the page, in their order."""
    return [next(row.all("a")).text for row in browser.page.all("tr") if list(row.all("a"))]


def _values(filters: dict[str, Any]) -> list[str]:
    return [each for value in filters.values() for each in (value if isinstance(value, list) else [value])]


def link(browser: Browser, text: str) -> str:
    """The address of the first link that begins so."""
    return next(each.attributes["href"] for each in browser.page.all("a") if each.text.startswith(text))


@pytest.mark.covers(
    "S96", "S106", "S107", "S108", "S113", "S114", "S115", "S116", "S117", "S118", "S119", "S120", "S121"
)
def test_customers_are_found_by_every_filter_of_the_panel(either_desk: Desk) -> None:
    desk = either_desk
    massage, nails = desk.service(NASTY), desk.service("Nails", "Beauty")
    offer = desk.offer(massage, name=NASTY)
    kata = desk.customer("Kata", category="VIP", consents={"marketing": True}, gender="female")
    anna = desk.customer("Anna", category="New", mobile="+36301234567")
    desk.sell(kata, offer)
    tomorrow = f"{desk.today(days=1)}T10:00:00+00:00"
    desk.do("/v1/bookings", {"customer_id": anna, "service_id": nails, "starts_at": tomorrow})
    desk.do(f"/v1/customers/{anna}/block", {"reason": "rude"})
    browser = Browser.signed_in(desk)
    day = desk.today(days=1)
    cases: tuple[tuple[dict[str, Any], list[str]], ...] = (
        ({"category": "VIP"}, ["Kata"]),
        ({"category": ["VIP", "New"]}, ["Kata", "Anna"]),
        ({"status": "inactive"}, []),
        ({"blocked": "true"}, ["Anna"]),
        ({"service_type": "Beauty"}, ["Anna"]),
        ({"service_id": nails}, ["Anna"]),
        ({"unused_service_type": "Beauty"}, ["Kata"]),
        ({"unused_service_id": nails}, ["Kata"]),
        ({"offer_id": offer}, ["Kata"]),
        ({"booking_from": day, "booking_to": day, "booking_status": "active"}, ["Anna"]),
        ({"consent": "marketing"}, ["Kata"]),
        ({"consent": "marketing", "category": "New"}, []),
        ({"search": "301234", "blocked": "true"}, ["Anna"]),
    )
    for filters, found in cases:
        browser.go(f"/desk/customers?{urlencode(filters, doseq=True)}")
        assert rows(browser) == found, filters
        (panel,) = browser.page.all("form", id="filters")
        ticked = [each.attributes["value"] for each in panel.all("input") if "checked" in each.attributes]
        wanted = [value for value in _values(filters) if value in ticked]
        assert sorted(ticked) == sorted(wanted), "the panel shows what is set, and nothing else"
        chips = list(browser.page.all("a", **{"class": "chip"}))
        assert len(chips) == len(_values({n: v for n, v in filters.items() if n != "search"}))
    browser.go("/desk/customers?category=VIP&consent=marketing")
    browser.go(link(browser, "Category: VIP"))
    assert browser.address.endswith("/desk/customers?consent=marketing")
    browser.go(f"/desk/customers?booking_from={day}&booking_to=2020-01-01")
    assert browser.answer.status_code == 200
    assert "It was not done" in browser.text


