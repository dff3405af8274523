"""A customer's packages on a page: what is left above all, a card for each, and a use that is made once."""

import pytest

from tests.api.desk import Desk
from tests.api.pages.browser import Browser, filled

pytest_plugins = ["tests.api.houses"]


def test_a_customer_is_found_by_what_a_desk_remembers(either_desk: Desk) -> None:
    either_desk.customer("Kata Szabó", email="kata@example.hu")
    either_desk.customer("Anna")
    browser = Browser.signed_in(either_desk)
    browser.go("/desk/customers")
    assert "Kata Szabó" in browser.text
    assert "Anna" in browser.text
    browser.send("/desk/customers", search="szabo")
    browser.go("/desk/customers?search=szabo")
    assert "Kata Szabó" in browser.text
    assert "Anna" not in browser.text
    browser.go("/desk/customers?search=nobody+at+all")
    assert "Nobody is called" in browser.text


def test_the_list_goes_on_page_by_page(desk: Desk) -> None:
    for n in range(60):
        desk.customer(f"Customer {n:02}")
    browser = Browser.signed_in(desk)
    browser.go("/desk/customers")
    first = browser.text
    (more,) = (link for link in browser.page.all("a") if link.text == "Next page")
    browser.go(more.attributes["href"])
    assert not {*first.split("Customer ")} & {*browser.text.split("Customer ")} - {"", "s"} - {*["Customers"]}
    assert "First page" in browser.text


@pytest.mark.covers("S3", "S84")
def test_what_is_left_stands_above_the_cards_and_what_ended_below(either_desk: Desk) -> None:
    massage, nails = either_desk.service("Massage 60"), either_desk.service("Nails", "Beauty")
    anna = either_desk.customer("Anna")
    either_desk.sell(anna, either_desk.offer(massage, quantity=3))
    both = [{"quantity": 5, "services": [nails]}, {"quantity": 2, "services": [massage]}]
    either_desk.sell(anna, either_desk.offer(lines=both, name="Both"))
    used = either_desk.sell(anna, either_desk.offer(massage, quantity=1, name="Used up"))
    either_desk.redeem(used["id"], massage)
    browser = Browser.signed_in(either_desk)
    browser.go(f"/desk/customers/{anna}")
    (left, *_) = browser.page.all("ul", **{"class": "left"})
    assert [item.text for item in left.all("li")] == ["5 Massage 60", "5 Nails"]
    (ended,) = browser.page.all("details")
    assert "Used up" in ended.text
    assert "Fully used" in ended.text
    cards = [card.text for card in browser.page.all("article")]
    assert len(cards) == 2
    assert all("Unpaid" in card for card in cards)


@pytest.mark.covers("S5")
def test_a_unit_is_a_stamp_with_its_day(desk: Desk) -> None:
    service = desk.service()
    anna = desk.customer("Anna")
    package = desk.sell(anna, desk.offer(service, quantity=4))["id"]
    desk.redeem(package, service)
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/customers/{anna}")
    (stamps,) = browser.page.all("ul", **{"class": "stamps"})
    (switch,) = browser.page.all("input", **{"class": "dates"})
    assert "checked" in switch.attributes, "the sheet shows the days as long as it is"
    told = [stamp.text for stamp in stamps.all("li")]
    assert len(told) == 4
    assert told[0].startswith("A Unit 1: used, Anna, ")
    assert told[3].endswith("Unit 4: available")


def test_a_use_is_one_however_often_its_form_is_sent(either_desk: Desk) -> None:
    service = either_desk.service()
    anna = either_desk.customer("Anna")
    package = either_desk.sell(anna, either_desk.offer(service, quantity=4))["id"]
    browser = Browser.signed_in(either_desk)
    browser.go(f"/desk/customers/{anna}")
    form = browser.form("uses")
    for _ in range(3):  # a double click, and back and again
        browser.post(form.attributes["action"], filled(form))
    assert either_desk.card(package)["used"] == 1
    assert "3 of 4 remaining" in browser.text
    browser.send("uses")
    assert either_desk.card(package)["used"] == 2


def test_a_shared_package_is_used_by_anybody_of_the_household(desk: Desk) -> None:
    service = desk.service()
    dogs = [{"name": name, "kind": "dog"} for name in ("Max", "Bella")]
    anna = desk.customer("Anna", participants=dogs)
    package = desk.sell(anna, desk.offer(service, quantity=4, sharing="household"))["id"]
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/customers/{anna}")
    assert "Shared by Anna, Max, Bella" in browser.text
    (who,) = browser.form("uses").all("select", name="participant_id")
    choices = {option.text: option.attributes["value"] for option in who.all("option")}
    browser.send("uses", participant_id=choices["Bella"])
    assert desk.units(package)[0]["participant"]["name"] == "Bella"


def test_what_is_refused_is_told_on_the_page_it_came_from(desk: Desk) -> None:
    service = desk.service()
    anna = desk.customer("Anna")
    package = desk.sell(anna, desk.offer(service, quantity=1))["id"]
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/customers/{anna}")
    desk.redeem(package, service)  # at another till
    before = desk.head
    answer = browser.send("uses")
    assert answer.status_code == 409
    assert "1 were asked for, and 0 are left" in browser.text
    assert "0 of 1 remaining" in browser.text
    assert desk.head == before


def test_money_and_days_are_written_as_the_business_writes_them(desk: Desk) -> None:
    desk.do("/v1/policies", {"locale": "hu-HU"})
    service = desk.service()
    anna = desk.customer("Anna")
    sold = desk.sell(anna, desk.offer(service, price=45_000), payment={"amount": 45_000, "method": "card"})
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/customers/{anna}")
    assert "450,00 EUR" in browser.text
    assert "Fizetve" in browser.text
    assert sold["payment_status"] == "paid"


HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }}",
    "שלום Anna",
    "é" * 100,
    "💆‍♀️",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_shown_as_text(desk: Desk, name: str) -> None:
    service = desk.service(name)
    anna = desk.customer(name, participants=[{"name": name, "kind": "dog"}], category="VIP")
    desk.sell(anna, desk.offer(service, name=name))
    browser = Browser.signed_in(desk)
    for address in ("/desk/customers", f"/desk/customers/{anna}", "/desk/customers?search=x%22%3E%3Cb%3E"):
        browser.go(address)
        scripts = [each.attributes.get("src", "") for each in browser.page.all("script")]
        assert all(source.startswith("/assets/") for source in scripts)
        assert not list(browser.page.all("img"))
        assert not list(browser.page.all("b", onerror=""))
    browser.go(f"/desk/customers/{anna}")
    (title, *_) = browser.page.all("h1")
    assert title.text == " ".join(name.split())


def test_pages_load_nothing_from_elsewhere_and_have_no_inline_style_or_script(desk: Desk) -> None:
    service = desk.service()
    anna = desk.customer("Anna")
    desk.sell(anna, desk.offer(service))
    browser = Browser.signed_in(desk)
    for address in ("/sign-in", "/desk/customers", f"/desk/customers/{anna}", "/desk/nowhere"):
        answer = browser.go(address)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        for element in browser.page.all():
            assert not {
                name for name in element.attributes if name == "style" or name.startswith(("on", "hx-on"))
            }
            for name in ("src", "href"):
                where = element.attributes.get(name, "/")
                assert where.startswith(("/", "#", "mailto:")), where
        for asset in (*browser.page.all("link"), *browser.page.all("script")):
            found = browser.client.get(asset.attributes.get("href") or asset.attributes["src"])
            assert found.status_code == 200
            assert "immutable" in found.headers["cache-control"]
