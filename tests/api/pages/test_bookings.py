"""Bookings at the desk: the day, the lists, making, moving, marking, and cancelling with the rule told before."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.actor import Role
from tests.api.desk import ZONE, Desk
from tests.api.pages.browser import Browser, filled
from tests.api.pages.test_customer_form import ticked

pytest_plugins = ["tests.api.houses"]

NASTY = '"><script>alert(1)</script> & {{ 7*7 }}'


def booked(desk: Desk, customer_id: str, service_id: str, **more: Any) -> Any:
    """A booking; in three days at ten, on the clock of the business, unless it is said."""
    moment = more.pop("starts_at", at_ten(desk, 3).isoformat())
    body = {"customer_id": customer_id, "service_id": service_id, "starts_at": moment, **more}
    return desk.do("/v1/bookings", body)


def at_ten(desk: Desk, days: int) -> datetime:
    there = (desk.clock() + timedelta(days=days)).astimezone(ZoneInfo(ZONE))
    return there.replace(hour=10, minute=0, second=0, microsecond=0)


@pytest.mark.covers("S58", "S94", "S102", "S104")
def test_the_day_is_the_first_page_and_attendance_is_one_press(either_desk: Desk) -> None:
    desk = either_desk
    service = desk.service(NASTY)
    anna = desk.customer(NASTY)
    package = desk.sell(
        anna,
        desk.offer(service, quantity=4, validity={"rule": "after_purchase", "count": 10, "unit": "days"}),
    )
    staff = desk.do("/v1/staff", {"name": "Eszter"})["id"]
    soon = (desk.clock() + timedelta(minutes=5)).isoformat()
    booking = booked(desk, anna, service, starts_at=soon, staff_id=staff)
    if booking["local_date"] != desk.today():
        pytest.skip("the day ends within five minutes")
    browser = Browser.signed_in(desk)
    browser.go("/desk")
    assert "1 still to come" in browser.text
    assert "Eszter" in browser.text
    assert "Package" in browser.text
    (soon_box, owes, _birthdays) = list(browser.page.all("section"))
    assert "3 of 4" in soon_box.text
    assert "500.00" in owes.text
    form = browser.form(f"{booking['id']}/attendance")
    for _ in range(2):
        browser.post(form.attributes["action"], filled(form) | {"attendance": "attended"})
    assert browser.address == f"/desk#{booking['id']}"
    assert "1 came" in browser.text
    assert desk.get(f"/v1/bookings/{booking['id']}")["attendance"] == "attended"
    assert desk.card(package["id"])["used"] == 1
    browser.go(f"/desk/bookings/{booking['id']}")
    browser.send("/attendance", attendance="late", reason="The clock was wrong")
    assert "Came late “The clock was wrong”" in browser.text
    assert [link.text for link in browser.page.all("a") if "aria-current" in link.attributes] == ["Bookings"]


@pytest.mark.covers(
    "S49", "S51", "S52", "S53", "S54", "S55", "S56", "S57", "S138", "S139", "S140", "S141", "S142"
)
def test_bookings_are_listed_by_day_and_state_and_for_a_customer_with_every_column(either_desk: Desk) -> None:
    desk = either_desk
    massage, nails = desk.service(), desk.service("Nails", "Beauty", list_price=3_000)
    anna = desk.customer("Anna", email="anna@example.hu", mobile="+36301234567")
    place = desk.do("/v1/locations", {"name": "Buda"})["id"]
    staff = desk.do("/v1/staff", {"name": "Eszter"})["id"]
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/customers/{anna}/bookings")
    assert "No Data Found Nothing was ever booked for this customer." in browser.text
    desk.sell(anna, desk.offer(massage, quantity=4))
    first = booked(desk, anna, massage, staff_id=staff, location_id=place)
    payment = {"amount": 3_000, "method": "card"}
    booked(desk, anna, nails, starts_at=at_ten(desk, 4).isoformat(), payment=payment)
    desk.do(f"/v1/bookings/{first['id']}/cancellation", {"by": "customer"})
    browser.go(f"/desk/customers/{anna}/bookings")
    assert "anna@example.hu" in browser.text
    assert "+36 30 123 4567" in browser.text
    cells = [[cell.text for cell in row.all("td")] for row in browser.page.all("tr")][1:]
    assert [[cell.replace("\u202f", " ") for cell in row] for row in cells] == [
        ["10:00 AM", "Massage 60 Package", "Anna", "Buda", "Eszter", "Cancelled", "not marked", "", "", ""],
        ["10:00 AM", "Nails", "Anna", "", "", "Pending", "not marked", "", "€30.00", "Card"],
    ]
    for query, found in (
        (f"service_id={nails}", ["Nails"]),
        ("status=cancelled", ["Massage 60"]),
        (f"from={desk.today(days=4)}&to={desk.today(days=4)}", ["Nails"]),
        ("status=completed", []),
    ):
        browser.go(f"/desk/customers/{anna}/bookings?{query}")
        for name in ("Massage 60", "Nails"):
            shown = [row for row in browser.page.all("tr") if name in row.text]
            assert bool(shown) == (name in found), query
    assert "No booking of this customer passes the filters." in browser.text
    browser.go("/desk/bookings")
    assert browser.address == f"/desk/bookings?from={desk.today()}&to={desk.today()}"
    browser.go(f"/desk/bookings?from={desk.today(days=3)}&to={desk.today(days=3)}")
    assert "Massage 60" in browser.text
    (after,) = (link for link in browser.page.all("a") if link.text == "Day after")
    browser.go(after.attributes["href"])
    assert "Nails · Anna" in browser.text
    assert "€30.00 · Card" in browser.text
    browser.go(f"/desk/bookings?from={desk.today()}&status=cancelled&staff_id={staff}&location_id={place}")
    assert "Massage 60" in browser.text
    assert "Nails · Anna" not in browser.text
    assert browser.go("/desk/bookings?from=2026-13-45").status_code == 200
    assert "This cannot be asked so: From: is no day of the calendar" in browser.text


@pytest.mark.covers("S74")
def test_a_booking_is_made_from_a_package_and_a_series_says_first_what_it_takes(either_desk: Desk) -> None:
    desk = either_desk
    service = desk.service()
    anna = desk.customer("Anna", participants=[{"name": NASTY, "kind": "dog"}])
    dog = desk.get(f"/v1/customers/{anna}")["participants"][1]["id"]
    package = desk.sell(anna, desk.offer(service, quantity=2, sharing="household"))["id"]
    browser = Browser.signed_in(desk)
    browser.go("/desk/bookings/new?search=ann")
    (link,) = (each for each in browser.page.all("a") if each.text == "Anna")
    browser.go(f"{link.attributes['href']}&service_id={service}&participant_id={dog}&package_id={package}")
    form = ticked(browser.form("/desk/bookings/new"))
    assert (form["service_id"], form["participant_id"], form["package_id"]) == (service, dog, package)
    day = at_ten(desk, 3)
    typed = form | {"day": day.date().isoformat(), "time": "10:00"}
    for _ in range(2):
        browser.post("/desk/bookings/new", typed)
    made = desk.get("/v1/bookings")["data"]
    assert [(each["starts_at"], each["participant"]["id"]) for each in made] == [
        (day.astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%M:%S.000Z"), dog)
    ]
    assert browser.address == f"/desk/bookings/{made[0]['id']}"
    browser.go(f"/desk/bookings/new?customer_id={anna}")
    form = ticked(browser.form("/desk/bookings/new"))
    before = desk.head
    weekly = form | {"day": day.date().isoformat(), "time": "11:30", "repeat": "3", "package_id": package}
    browser.post("/desk/bookings/new", weekly)
    assert desk.head == before
    assert "This will be booked" in browser.text
    assert "1 unit of Massage" in browser.text
    assert browser.text.count("Left out") == 2
    sure = next(form for form in browser.page.all("form") if any(form.all("input", name="sure")))
    for _ in range(2):
        browser.post("/desk/bookings/new", filled(sure))
    answer = browser.post("/desk/bookings/new", weekly)  # back, and from the start
    assert (answer.status_code, answer.text.count("sure")) == (409, 0)
    assert len(desk.all_of("/v1/bookings")) == 2
    browser.go(f"/desk/bookings/new?customer_id={anna}")
    answer = browser.post("/desk/bookings/new", form | {"day": "", "time": ""})
    assert (answer.status_code, "Give a day and a time." in browser.text) == (400, True)
    far = form | {
        "day": desk.today(days=700),
        "time": "11:30",
        "repeat": "12",
        "service_id": desk.service("Bath"),
    }
    browser.post("/desk/bookings/new", far)
    assert "must lie within 731 days" in browser.text, "the last of them lies too far ahead"
    answer = browser.post("/desk/bookings/new", form | {"day": "2027-03-28", "time": "02:30"})
    assert "There is no such time on that day in Europe/Budapest" in browser.text


@pytest.mark.covers("S91", "S92", "S93")
def test_what_a_cancellation_does_is_told_before_and_the_rule_can_be_set_aside_with_a_reason(
    either_desk: Desk,
) -> None:
    desk = either_desk
    service = desk.service()
    anna = desk.customer("Anna")
    rule = {"notice_hours": 24, "late": "forfeit", "text": "A day's notice, please."}
    package = desk.sell(anna, desk.offer(service, quantity=4, cancellation=rule))["id"]
    browser = Browser.signed_in(desk)
    in_time = booked(desk, anna, service)["id"]
    browser.go(f"/desk/bookings/{in_time}")
    assert "A day's notice, please." in browser.text
    assert "If the customer cancels now: 1 unit goes back." in browser.text
    before = desk.head
    browser.send("/cancellation")
    assert desk.head == before
    assert "This will happen Cancelled by the customer, in time. 1 unit goes back." in browser.text
    form = browser.form("/cancellation")
    for _ in range(2):
        browser.post(form.attributes["action"], filled(form))
    assert "Cancelled by the customer, in time. 1 unit goes back." in browser.text
    assert desk.card(package)["remaining"] == 4

    soon = (desk.clock() + timedelta(hours=2)).isoformat()
    late = booked(desk, anna, service, starts_at=soon)["id"]
    browser.go(f"/desk/bookings/{late}")
    assert "If the customer cancels now: 1 unit is forfeited." in browser.text
    assert browser.send("/attendance", attendance="attended").status_code == 409
    assert "It is too early: attendance can be marked from" in browser.text
    browser.send("/cancellation", by="business")
    assert "This will happen Cancelled by the business. 1 unit goes back." in browser.text
    browser.go(f"/desk/bookings/{late}")
    answer = browser.send("/cancellation", override="restore")
    assert answer.status_code == 400
    assert next(browser.page.all("p", id="cancel-reason-flaw")).text
    browser.send("/cancellation", override="restore", reason=NASTY)
    assert "1 unit goes back. Decided against the rule." in browser.text
    browser.send("/cancellation")
    assert desk.card(package)["remaining"] == 4
    assert NASTY in browser.text


def test_a_booking_is_moved_paid_and_paid_back_and_other_hands_are_told(either_desk: Desk) -> None:
    desk = either_desk
    service = desk.service(list_price=4_000)
    anna = desk.customer("Anna")
    made = booked(desk, anna, service)
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/bookings/{made['id']}")
    day = at_ten(desk, 5)
    browser.send("/rescheduling", day=day.date().isoformat(), time="15:45")
    moved = desk.get(f"/v1/bookings/{made['id']}")
    assert (moved["local_date"], moved["local_time"][:5]) == (day.date().isoformat(), "15:45")
    stale = filled(browser.form("/rescheduling"))
    browser.send("/payments", amount="15.50", method="card")
    assert "€15.50 · Card" in browser.text
    answer = browser.post(f"/desk/bookings/{made['id']}/rescheduling", stale)
    assert answer.status_code == 412
    assert "Somebody changed this meanwhile" in browser.text
    assert "What was changed meanwhile Payment recorded owner" in browser.text
    browser.send("/payments", amount="what?")
    assert next(browser.page.all("p", id="pay-amount-flaw")).text
    before = desk.head
    browser.send("/refunds", amount="5", reason=NASTY)
    assert desk.head == before
    assert "€5.00 will be given back. After that €10.50 is paid for the booking." in browser.text
    form = browser.form("/refunds")
    for _ in range(2):
        browser.post(form.attributes["action"], filled(form))
    assert desk.get(f"/v1/bookings/{made['id']}")["refunded"]["amount"] == 500
    assert NASTY in browser.text
    staff = Browser.signed_in(desk.as_role(Role.STAFF))
    staff.go(f"/desk/bookings/{made['id']}")
    assert not [form for form in staff.page.all("form") if form.attributes["action"].endswith("/refunds")]
    assert staff.form("/cancellation")


def test_every_page_opens_for_every_role_in_hungarian_and_shows_names_as_text(desk: Desk) -> None:
    desk.do("/v1/policies", {"locale": "hu-HU", "categories": [NASTY]})
    service = desk.service(NASTY, NASTY)
    dogs = [{"name": NASTY, "kind": "dog", "barred_services": [service]}]
    anna = desk.customer(NASTY, category=NASTY, participants=dogs)
    place, staff = (
        desk.do("/v1/locations", {"name": NASTY})["id"],
        desk.do("/v1/staff", {"name": NASTY})["id"],
    )
    desk.sell(anna, desk.offer(service, quantity=4, name=NASTY))
    made = booked(desk, anna, service, staff_id=staff, location_id=place)
    segment = desk.do("/v1/segments", {"name": NASTY, "filters": {"category": [NASTY]}})["id"]
    booking, person, day = f"/desk/bookings/{made['id']}", f"/desk/customers/{anna}", made["local_date"]
    addresses = ["/desk", "/desk/customers", f"/desk/customers?segment_id={segment}&service_id={service}"]
    addresses += [f"/desk/customers/bulk?customer_id={anna}", f"/desk/customers/bulk?segment_id={segment}"]
    addresses += [
        "/desk/customers/new",
        f"{person}/details",
        f"{person}/bookings",
        "/desk/packages?owing=true",
    ]
    addresses += [f"/desk/bookings?from={day}&staff_id={staff}", booking]
    addresses += ["/desk/bookings/new", f"/desk/bookings/new?customer_id={anna}&service_id={service}"]
    for role in (Role.OWNER, Role.STAFF, Role.AUDITOR):
        browser = Browser.signed_in(desk.as_role(role))
        for address in addresses:
            answer = browser.go(address)
            assert answer.status_code == 200, (role, address)
            assert "Idők: Europe/Budapest" in browser.text
            assert not list(browser.page.all("img"))
            sources = [each.attributes.get("src", "") for each in browser.page.all("script")]
            assert all(source.startswith("/assets/") for source in sources)
            ids = [each.attributes["id"] for each in browser.page.all() if "id" in each.attributes]
            assert len(ids) == len(set(ids)), (address, "an id is that of one element")


def test_the_birthdays_of_the_week_stand_on_the_first_page_in_the_order_of_their_days(
    either_desk: Desk,
) -> None:
    desk = either_desk

    def born(days: int) -> str:
        return f"1980{desk.today(days=days)[4:]}"

    ages = {"Cili": 6, "Anna": 0, NASTY: 3, "Late": 7, "Gone": 1}
    ids = {name: desk.customer(name, date_of_birth=born(days)) for name, days in ages.items()}
    desk.customer("Nobody knows")
    desk.do(f"/v1/customers/{ids['Gone']}/deactivation")
    browser = Browser.signed_in(desk)
    browser.go("/desk")
    (*_, box) = browser.page.all("section")
    assert [each.attributes["href"] for each in box.all("a")] == [
        f"/desk/customers/{ids[name]}" for name in ("Anna", NASTY, "Cili")
    ]
    for n in range(4):
        desk.customer(f"Twin {n}", date_of_birth=born(2))
    browser.go("/desk")
    (*_, box) = browser.page.all("section")
    (*shown, every) = box.all("a")
    assert len(shown) == 6
    browser.go(every.attributes["href"])
    names = {row["name"] for row in desk.all_of("/v1/customers", status="active")} - {"Late", "Nobody knows"}
    assert {each.text for each in browser.page.all("a", **{"data-row": ""})} == {
        " ".join(name.split()) for name in names
    }
    assert len(list(browser.page.all("a", **{"class": "chip"}))) == 3
    auditor = Browser.signed_in(desk.as_role(Role.AUDITOR))
    auditor.go("/desk")
    assert "Birthdays" not in auditor.text


def test_the_page_of_a_booking_tells_what_was_done_with_it_and_by_whom(desk: Desk) -> None:
    service, anna = desk.service(), desk.customer("Anna")
    booking = booked(desk, anna, service)
    base = f"/v1/bookings/{booking['id']}"
    desk.do(f"{base}/payments", {"amount": 900, "method": "card", "price": 900})
    eva = desk.do("/v1/staff", {"name": NASTY, "role": "manager"})["id"]
    manager = desk.as_role(Role.MANAGER, eva)
    manager.do(f"{base}/cancellation", {"by": "business", "reason": NASTY})
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/bookings/{booking['id']}")
    (history,) = browser.page.all("section", id="history")
    steps = [step.text for step in history.all("li")]
    assert len(steps) == 3
    assert steps[0].startswith(f"Cancelled by the business. “{NASTY}” {NASTY} ·")
    assert steps[1].startswith("Paid €9.00 · Card")
    assert steps[2].startswith("Booked for")


MANY = 401


def test_a_day_of_hundreds_of_bookings_is_counted_whole_and_shown_by_the_hour(desk: Desk) -> None:
    """Of a swim school: every name as long as it may be, and most children at one hour."""
    long = "Wwww " * 40
    service, pool = desk.service(long[:200]), desk.do("/v1/locations", {"name": long[:200]})["id"]
    children = [desk.customer(f"{n:03} {long}"[:200]) for n in range(3)]
    morning = datetime.fromisoformat(f"{desk.today()}T09:00").replace(tzinfo=ZoneInfo(ZONE))
    for n in range(MANY):
        starts_at = morning + timedelta(hours=n % 8 if n < 300 else 1, seconds=n)
        child = children[n % len(children)]
        booked(desk, child, service, starts_at=starts_at.isoformat(), location_id=pool)
    browser = Browser.signed_in(desk)
    seen: list[str] = []
    browser.go("/desk")
    (hours,) = browser.page.all("nav", **{"class": "choice spaced"})
    assert f"{MANY} booked today" in browser.text
    assert sum(int(badge.text) for badge in hours.all("span", **{"class": "badge"})) == MANY
    ahead = [link.attributes["href"] for link in hours.all("a")]
    assert len(ahead) == 8
    while ahead:
        browser.go(ahead.pop(0))
        assert len(browser.answer.content) < 150_000
        assert f"{MANY} booked today" in browser.text
        seen += [each.attributes["id"] for each in browser.page.all("li") if "id" in each.attributes]
        ahead += [link.attributes["href"] for link in browser.page.all("a") if link.text == "Later"]
    assert len(seen) == len({*seen}) == MANY
    form = next(
        form for form in browser.page.all("form") if form.attributes["action"].endswith("/attendance")
    )
    assert "hour=" in filled(form)["next"]
    assert browser.go("/desk?hour=nonsense&part=99").status_code == 200
    rows = browser.go("/desk?as=csv").text
    assert len(rows.splitlines()) == MANY + 1
