"""Lists of the desk: customers by every filter, segments, a change of many at once, and packages across customers."""

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from domain.actor import Role
from tests.api.desk import Desk
from tests.api.pages.browser import Browser, Element, filled

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
    told = {"gender": "female", "date_of_birth": "1990-01-02"}
    kata = desk.customer("Kata", category="VIP", consents={"marketing": True}, **told)
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
        ({"birthday_from": "2026-12-31", "birthday_to": "2027-01-02"}, ["Kata"]),
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
    assert "Bookings to: " in browser.text


@pytest.mark.covers("S122", "S123", "S124", "S125")
def test_filters_are_kept_as_a_segment_opened_and_removed(either_desk: Desk) -> None:
    desk = either_desk
    for name, category in (("Kata", "VIP"), ("Anna", "New"), ("Bea", "VIP")):
        desk.customer(name, category=category, consents={"birthday": name != "Bea"})
    desk.do("/v1/segments", {"name": "Taken", "filters": {"category": ["New"]}})
    browser = Browser.signed_in(desk)
    browser.go("/desk/customers?search=a")
    assert not [form for form in browser.page.all("form") if form.attributes["action"].endswith("segments")]
    browser.go("/desk/customers?category=VIP&category=New&consent=birthday&search=kat")
    answer = browser.send("/segments", name="taken")
    assert answer.status_code >= 400
    assert rows(browser) == ["Kata", "Anna"], "the filters are still there"
    assert next(browser.page.all("input", id="segment-name")).attributes["value"] == "taken"
    form = browser.form("/segments")
    for _ in range(2):
        browser.post(form.attributes["action"], filled(form) | {"name": NASTY})
    (_, kept) = desk.all_of("/v1/segments")
    assert kept["filters"]["category"] == ["VIP", "New"]
    assert browser.address == f"/desk/customers?segment_id={kept['id']}"
    assert rows(browser) == ["Kata", "Anna"]
    assert next(browser.page.all("h1")).text == " ".join(NASTY.split())
    browser.go(f"/desk/customers?segment_id={kept['id']}&category=VIP")
    assert rows(browser) == ["Kata"]
    browser.go("/desk/customers")
    browser.go(link(browser, NASTY))
    browser.send("/removal")
    assert [each["name"] for each in desk.all_of("/v1/segments")] == ["Taken"]
    assert browser.address == "/desk/customers"


@pytest.mark.covers("S113")
def test_many_are_changed_at_once_after_it_was_said_what_happens(either_desk: Desk) -> None:
    desk = either_desk
    names = {name: desk.customer(name, category="VIP" if name < "D" else None) for name in "ABCDE"}
    browser = Browser.signed_in(desk)
    browser.go("/desk/customers?pick=all")
    (picked,) = browser.page.all("form", id="picked")
    boxes = [each.attributes for each in browser.page.all("input", form="picked")]
    assert [each["value"] for each in boxes if "checked" in each] == list(names.values())
    chosen = [names["A"], names["D"], names["A"]]
    browser.go(f"{picked.attributes['action']}?{urlencode({'customer_id': chosen}, doseq=True)}")
    assert "2 customers are selected. A , D" in browser.text
    before = desk.head
    browser.send("/bulk", action="categorise", category="Regular")
    assert desk.head == before
    assert "This will happen 2 customers are in the category Regular." in browser.text
    sure = _sure(browser)
    for _ in range(2):
        browser.post("/desk/customers/bulk", filled(sure))
    assert _categories(desk) == {"A": "Regular", "B": "VIP", "C": "VIP", "D": "Regular", "E": None}

    segment = desk.do("/v1/segments", {"name": NASTY, "filters": {"category": ["VIP"]}})["id"]
    browser.go(f"/desk/customers?segment_id={segment}")
    browser.go(link(browser, "Change everybody in it"))
    for action, told, name, value in (
        ("block", "2 customers are blocked", "blocked", True),
        ("unblock", "2 customers are not blocked", "blocked", False),
        ("deactivate", "2 customers are inactive", "status", "inactive"),
        ("activate", "2 customers are active", "status", "active"),
    ):
        browser.go(f"/desk/customers/bulk?segment_id={segment}")
        browser.send("/bulk", action=action, reason="because", category="New")
        assert told in browser.text
        sure = _sure(browser)
        browser.post("/desk/customers/bulk", filled(sure))
        assert {desk.get(f"/v1/customers/{names[each]}")[name] for each in "BC"} == {value}

    browser.go(f"/desk/customers/bulk?customer_id={names['A']}&customer_id=cus_nobody")
    browser.send("/bulk", action="activate")
    assert "1 customer is left as it is: There is no such thing here." in browser.text
    browser.post(
        "/desk/customers/bulk",
        filled(next(browser.page.all("form", **{"class": "row"}, action="/desk/customers/bulk"))),
    )
    assert "This has happened 1 customer is active." in browser.text

    staff = Browser.signed_in(desk.as_role(Role.STAFF))
    staff.go("/desk/customers")
    assert not list(staff.page.all("input", form="picked"))
    assert staff.go(f"/desk/customers/bulk?customer_id={names['A']}").status_code == 200
    staff.send("/bulk", action="block")
    assert staff.answer.status_code == 403


def _sure(browser: Browser) -> Element:
    """The form that does what a dry run said."""
    return next(form for form in browser.page.all("form") if any(form.all("input", name="sure")))


def _categories(desk: Desk) -> dict[str, str | None]:
    return {each["name"]: each["category"] for each in desk.all_of("/v1/customers")}


@pytest.mark.covers("S2", "S34", "S36")
def test_packages_across_customers_by_the_lists_of_the_month(either_desk: Desk) -> None:
    desk = either_desk
    service, place = desk.service(), desk.do("/v1/locations", {"name": "Buda"})["id"]
    today = date.fromisoformat(desk.today())
    next_month = (today.replace(day=1) + timedelta(days=32)).replace(day=12)
    offer = desk.offer(service, quantity=2, price=10_000, name=NASTY)
    kata, anna = desk.customer("Kata"), desk.customer("Anna", mobile="+36301234567")
    soon = desk.sell(kata, offer, expires_on=next_month.isoformat())
    paid = {"amount": 10_000, "method": "cash"}
    used = desk.sell(anna, offer, payment=paid, expires_on="2099-01-01", location_id=place)
    for _ in range(2):
        desk.redeem(used["id"], service)
    browser = Browser.signed_in(desk)
    browser.go("/desk/packages")

    def listed() -> list[str]:
        addresses = [
            each.attributes["href"] for each in browser.page.all("a") if "data-row" in each.attributes
        ]
        return [each.rsplit("/", 1)[1] for each in addresses]

    assert listed() == [used["id"], soon["id"]]
    for text, found in (
        ("Expiring next month", [soon["id"]]),
        ("Owing", [soon["id"]]),
        ("Used up", [used["id"]]),
    ):
        browser.go("/desk/packages")
        browser.go(link(browser, text))
        assert listed() == found
        assert [each.text for each in browser.page.all("a") if each.attributes.get("aria-current")][1:] == [
            text
        ]
    for query, found in (
        ("payment_status=paid", [used["id"]]),
        (f"location_id={place}", [used["id"]]),
        (f"offer_id={offer}&service_id={service}", [used["id"], soon["id"]]),
        (f"expires_from={next_month}&expires_to={next_month}", [soon["id"]]),
        (f"purchased_from={today}&status=expired", []),
        (f"customer_id={kata}&owing=true", [soon["id"]]),
    ):
        browser.go(f"/desk/packages?{query}")
        assert listed() == found, query
    browser.go("/desk/packages?owing=true&as=csv")
    assert soon["id"] in browser.answer.text
    assert used["id"] not in browser.answer.text
    browser.go("/desk/packages?owing=true")
    assert link(browser, "Kata") == f"/desk/customers/{kata}"


@pytest.mark.covers("S110")
def test_the_list_is_exported_whole_with_its_filters(either_desk: Desk) -> None:
    desk = either_desk
    for n in range(60):
        desk.customer(f"Customer {n}", category="VIP")
    desk.customer("Anna", category="New")
    browser = Browser.signed_in(desk)
    browser.go("/desk/customers?category=VIP&pick=all")
    answer = browser.go(link(browser, "Export"))
    assert answer.headers["content-type"].startswith("text/csv"), answer.text
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["cache-control"] == "no-store"
    assert len(answer.text.splitlines()) == 61, answer.text
    assert "Anna" not in answer.text
    browser.cookie = ""
    browser.go("/desk/customers/export?category=VIP")
    assert browser.address == "/sign-in?next=%2Fdesk%2Fcustomers%2Fexport%3Fcategory%3DVIP"
    staff = Browser.signed_in(desk.as_role(Role.STAFF))
    staff.go("/desk/customers")
    assert not [each for each in staff.page.all("a") if each.text == "Export"]
    assert staff.go("/desk/customers/export").status_code == 403
