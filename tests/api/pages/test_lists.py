"""What every page has: its rows as a file, its state in its address, and one switch of the clock."""

import csv
from io import StringIO
from urllib.parse import parse_qs, urlsplit

from api.pages.addresses import address_with, address_without
from tests.api.desk import Desk
from tests.api.pages.browser import Browser

pytest_plugins = ["tests.api.houses"]


def test_the_rows_of_a_page_are_taken_along_as_they_are_seen(either_desk: Desk) -> None:
    for name in ("Kata", "Katalin", "=Anna"):
        either_desk.customer(name)
    browser = Browser.signed_in(either_desk)
    browser.go("/desk/customers?search=kat")
    links = {link.text: link.attributes["href"] for link in browser.page.all("a")}
    as_json = browser.go(links["JSON"])
    assert {each["name"] for each in as_json.json()["data"]} == {"Kata", "Katalin"}
    assert as_json.headers["content-disposition"] == 'attachment; filename="desk-customers.json"'
    as_csv = browser.go("/desk/customers?as=csv")
    rows = list(csv.DictReader(StringIO(as_csv.text, newline="")))
    assert {row["name"] for row in rows} == {"Kata", "Katalin", "'=Anna"}


def test_moments_are_shown_in_utc_until_it_is_switched_back(desk: Desk) -> None:
    browser = Browser.signed_in(desk)
    browser.go("/desk/customers?search=a")
    assert "Times in Europe/Budapest" in browser.text
    browser.go("/desk/customers?search=a")
    shown = browser.send("/zone")
    assert browser.address == "/desk/customers?search=a"
    assert "Times in UTC" in shown.text


def test_an_address_is_changed_in_one_place() -> None:
    address = "/desk/packages?status=active&status=expired&cursor=x&search=a%26b"
    assert _query(address_with(address, search=None)) == {"status": ["active", "expired"]}
    assert _query(address_with(address, cursor="y"))["cursor"] == ["y"]
    assert _query(address_without(address, "status", "active")) == {"status": ["expired"], "search": ["a&b"]}
    assert address_with("/desk?cursor=x") == "/desk"


def _query(address: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(address).query)
