"""What a customer sees on the phone: their own card, and what happens to a unit before they press anything."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.actor import Role
from tests.api.desk import Desk
from tests.api.pages.browser import Browser, filled

pytest_plugins = ["tests.api.houses"]

ZONE = ZoneInfo("Europe/Budapest")
RULES = {"cancellation": {"notice_hours": 24, "late": "forfeit", "text": "Free until a day ahead."}}


@pytest.fixture
def massage(either_desk: Desk) -> str:
    either_desk.do("/v1/policies", RULES)
    return either_desk.service("Massage 60")


def phone(desk: Desk, customer: str) -> Browser:
    return Browser.signed_in(desk.as_role(Role.CUSTOMER, customer))


@pytest.mark.covers("S50", "S63", "S84")
def test_a_customer_sees_what_is_left_and_who_used_what(either_desk: Desk, massage: str) -> None:
    dogs = [{"name": "Max", "kind": "dog"}]
    anna = either_desk.customer("<b>Anna</b> 💆", participants=dogs)
    max_ = either_desk.get(f"/v1/customers/{anna}")["participants"][1]["id"]
    package = either_desk.sell(anna, either_desk.offer(massage, quantity=3, sharing="household"))["id"]
    either_desk.redeem(package, massage, participant_id=max_)
    browser = phone(either_desk, anna)
    assert browser.address == "/card"
    (left,) = browser.page.all("ul", **{"class": "left"})
    assert left.text.startswith("2 Massage 60")
    assert "<b>Anna</b> 💆" in browser.text
    browser.go(f"/card/packages/{package}")
    rows = [row.text for row in browser.page.all("tr")]
    assert any("Massage 60 Max −1 2" in row for row in rows)
    assert browser.go(f"/card/receipts/{package}").status_code == 200


def test_a_customer_sees_nothing_of_others_and_no_desk(desk: Desk) -> None:
    anna, other = desk.customer("Anna"), desk.customer("Béla")
    package = desk.sell(other, desk.offer(desk.service()))["id"]
    browser = phone(desk, anna)
    for hidden in (f"/card/packages/{package}", f"/card/receipts/{package}"):
        assert browser.go(hidden).status_code == 404
    assert browser.go("/desk/customers").status_code == 403
    assert "Béla" not in browser.answer.text


@pytest.mark.covers("S92", "S102", "S103")
def test_what_happens_to_the_unit_is_said_before_and_then_happens(either_desk: Desk, massage: str) -> None:
    anna = either_desk.customer("Anna")
    package = either_desk.sell(anna, either_desk.offer(massage, quantity=3))["id"]
    browser = phone(either_desk, anna)
    for days, said, left in ((3, "1 unit comes back", 3), (0, "1 unit is lost", 2)):
        at = either_desk.clock() + timedelta(days=days, hours=3)
        browser.go("/card/book")
        local = at.astimezone(ZONE)
        browser.send("/card/book", service_id=massage, day=local.date().isoformat(), time=f"{local:%H:%M}")
        assert "1 unit of" in browser.text
        browser.send("/card/book")
        assert browser.address == "/card/bookings"
        (cancel,) = (link for link in browser.page.all("a") if link.text.startswith("Cancel"))
        browser.go(cancel.attributes["href"])
        assert said in browser.text
        form = browser.form("/cancellation")
        browser.send("/cancellation")
        assert browser.address == "/card/bookings"
        assert either_desk.card(package)["remaining"] == left
        head = either_desk.head
        browser.post(form.attributes["action"], filled(form))
        assert either_desk.head == head


def test_what_changed_meanwhile_is_told_and_nothing_is_cancelled(desk: Desk) -> None:
    service, anna = desk.service(), desk.customer("Anna")
    at = (desk.clock() + timedelta(days=2)).strftime("%Y-%m-%dT%H:00:00Z")
    booking = desk.do("/v1/bookings", {"customer_id": anna, "service_id": service, "starts_at": at})["id"]
    browser = phone(desk, anna)
    browser.go(f"/card/bookings/{booking}/cancellation")
    desk.do(f"/v1/bookings/{booking}/confirmation", {})
    answer = browser.send("/cancellation")
    assert answer.status_code == 412
    assert "Somebody changed this meanwhile" in browser.text
    assert desk.get(f"/v1/bookings/{booking}")["status"] == "confirmed"
    browser.send("/cancellation")
    assert desk.get(f"/v1/bookings/{booking}")["status"] == "cancelled"


@pytest.mark.covers("S91", "S147")
def test_a_booking_is_moved_and_points_and_data_are_shown(desk: Desk) -> None:
    service, anna = desk.service(), desk.customer("Anna", email="anna@example.com")
    at = (desk.clock() + timedelta(days=2)).strftime("%Y-%m-%dT10:00:00Z")
    booking = desk.do("/v1/bookings", {"customer_id": anna, "service_id": service, "starts_at": at})["id"]
    desk.do(f"/v1/customers/{anna}/points", {"action": "add", "points": 30})
    browser = phone(desk, anna)
    browser.go(f"/card/bookings/{booking}/rescheduling")
    day = (desk.clock() + timedelta(days=5)).date().isoformat()
    browser.send("/rescheduling", day=day, time="17:30")
    browser.send("/rescheduling")
    moved = desk.get(f"/v1/bookings/{booking}")
    assert (moved["local_date"], moved["local_time"]) == (day, "17:30")
    browser.go("/card/points")
    assert "30 points to redeem" in browser.text
    browser.go("/card/me")
    assert "anna@example.com" in browser.text
    browser.go("/card/receipts")
    assert "nothing was bought yet" in browser.text


def test_the_desk_makes_a_code_that_a_phone_reads(desk: Desk) -> None:
    anna = desk.customer("Anna")
    browser = Browser.signed_in(desk.as_role(Role.STAFF))
    browser.go(f"/desk/customers/{anna}/phone")
    browser.send("/phone")
    (code,) = browser.page.all("svg", role="img")
    (link,) = (a.attributes["href"] for a in browser.page.all("a") if "/sign-in/link?" in a.text)
    (squares,) = code.all("path")
    assert squares.attributes["d"].count("h1v1") > 400
    phone = Browser(desk.client)
    phone.go(link)
    phone.send("/sign-in/link")
    assert phone.address == "/card"


def test_a_time_that_the_clock_leaps_over_is_told(desk: Desk) -> None:
    service, anna = desk.service(), desk.customer("Anna")
    browser = phone(desk, anna)
    browser.go("/card/book")
    answer = browser.send("/card/book", service_id=service, day="2027-03-28", time="02:30")
    assert answer.status_code == 400
    assert "It was not done" not in browser.text
    assert browser.form("/card/book")
