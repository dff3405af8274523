"""How the desk says things: what is wrong with a field, names from right to left, what is done and what cannot be."""

import pytest

from api.pages.marking import colour, marked
from api.pages.rendering import FIRST_STRONG_ISOLATE, POP_ISOLATE, isolated, mobile
from tests.api.desk import Desk
from tests.api.pages.browser import Browser

pytest_plugins = ["tests.api.houses"]

HEBREW = "שלום Anna"


def test_a_name_from_right_to_left_stands_apart_in_every_sentence_and_title(desk: Desk) -> None:
    anna, bela = desk.customer(HEBREW), desk.customer("Béla")
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/customers/{anna}/merge")
    apart = f"{FIRST_STRONG_ISOLATE}{HEBREW}{POP_ISOLATE}"
    assert f"merge another one into {apart}" in browser.text
    (title,) = browser.page.all("title")
    assert title.text.startswith(f"Merge {apart}")
    browser.go(f"/desk/customers/{bela}/merge")
    assert "merge another one into Béla" in browser.text
    assert FIRST_STRONG_ISOLATE not in browser.answer.text


@pytest.mark.parametrize("text", ["Anna", "", 3, None])
def test_what_is_written_from_left_to_right_stays_as_it_is(text: object) -> None:
    assert isolated(text) == text


def test_a_mobile_number_is_shown_in_groups() -> None:
    assert mobile("+36201234567") == "+36 20 123 4567"
    assert mobile("12") == "12"
    assert mobile(None) == ""


@pytest.mark.parametrize(
    ("text", "search", "shown"),
    [
        ("Kata Szabó", "sza", "Kata <mark>Sza</mark>bó"),
        ("Kata Szabó", "SZABO kat", "<mark>Kat</mark>a <mark>Szabó</mark>"),
        ("Áron Áron", "aron", "<mark>Áron</mark> <mark>Áron</mark>"),
        ("<b>Anna</b>", "<b>", "<mark>&lt;b&gt;</mark>Anna&lt;/b&gt;"),
        ("Anna", "", "Anna"),
        ("Anna", "x", "Anna"),
        ("Strauß", "auss", "Str<mark>auß</mark>"),
        ("Anna", "\N{COMBINING ACUTE ACCENT}", "Anna"),
    ],
)
def test_a_name_is_marked_where_it_fits_the_search(text: str, search: str, shown: str) -> None:
    assert marked(text, search) == shown


def test_somebody_has_the_same_colour_everywhere() -> None:
    assert {colour(f"cus_{n}") for n in range(20)} == {"", "a", "b", "c"}
    assert colour("cus_1") == colour("cus_1")


def test_a_flaw_names_its_field_and_what_is_wrong_in_the_language_of_the_business(desk: Desk) -> None:
    browser = Browser.signed_in(desk)
    for locale, told in (("en", "Price: is no amount of money"), ("hu-HU", "Ár: nem pénzösszeg")):
        desk.do("/v1/policies", {"locale": locale})
        browser.go("/desk/house/offers/new")
        assert browser.send("/offers/new", name="X", price="abc").status_code == 400
        assert told in browser.text
        assert "must be" not in browser.text
    browser.go("/desk/house/services/new")
    assert browser.send("/services/new", name="X", service_type="Y", duration_minutes="0").status_code == 400
    assert "Perc: legalább 1 legyen" in browser.text
    desk.do("/v1/policies", {"locale": "en"})
    browser.go("/desk/customers?birthday_from=2026-02-01")
    assert "Birthdays to: has to be filled in" in browser.text
    browser.go("/desk/customers?birthday_from=2026-02-01&birthday_to=2027-02-03")
    assert "Birthdays to: has to leave at most 366 days" in browser.text


def test_the_page_says_what_its_form_has_just_done(desk: Desk) -> None:
    service, anna = desk.service(), desk.customer()
    package = desk.sell(anna, desk.offer(service))["id"]
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/packages/{package}")
    browser.send("/expiry", expires_on="2031-05-06")
    assert "Done: Good until May 6, 2031" in browser.text
    browser.go(f"/desk/packages/{package}")
    browser.send("/expiry", expires_on="2031-05-06")
    assert "Done:" not in browser.text, "it was so already"
    browser.go(f"/desk/customers/{anna}?edit={package}")
    assert "Done:" not in browser.text
    browser.send("/payment", amount="10", method="cash")
    assert "Done: Paid €10.00 · Cash" in browser.text


def test_nothing_is_offered_to_who_is_blocked(desk: Desk) -> None:
    anna = desk.customer()
    package = desk.sell(anna, desk.offer(desk.service()))["id"]
    browser = Browser.signed_in(desk)
    offered = {
        f"/desk/customers/{anna}": f"/desk/customers/{anna}/sell",
        f"/desk/customers/{anna}/details": f"/desk/customers/{anna}/sell",
        f"/desk/customers/{anna}/bookings": "/desk/bookings/new",
        f"/desk/packages/{package}": f"/desk/customers/{anna}/sell",
    }
    for address, form in offered.items():
        assert form in browser.go(address).text, address
    desk.do(f"/v1/customers/{anna}/block", {})
    for address, form in offered.items():
        assert form not in browser.go(address).text, address
    browser.go(f"/desk/customers/{anna}")
    assert "This customer is blocked: nothing new is sold to them or booked for them. Details" in browser.text
    assert "Use one" in browser.text, "what they have stays good"
