"""Five people at the pages, each by mouse and by keyboard alone; what they did is told by the API in the end."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Locator, Page, expect

from tests.api.pages.chromium.hands import KEYBOARD, MOUSE, Hand
from tests.api.pages.chromium.salon import Salon
from tests.api.pages.chromium.visitor import PHONE, Visitor, visitor_of

ZONE = ZoneInfo("Europe/Budapest")
CANCEL = re.compile("^Cancel")
RECOMPUTE = re.compile("^Recompute the (chain|whole ledger)$")
EDIT = re.compile(r"^Edit .*purchase \d")


@pytest.fixture(params=[MOUSE, pytest.param(KEYBOARD, marks=pytest.mark.extended)], ids=str)
def hand(request: pytest.FixtureRequest) -> Hand:
    found: Hand = request.param
    return found


class Doors:
    """Lets visitors in, and holds each to a browser that complained of nothing."""

    def __init__(self, chromium: Chromium, salon: Salon, stack: ExitStack) -> None:
        self._chromium, self._salon, self._stack = chromium, salon, stack
        self.visitors: list[Visitor] = []

    def enter(self, key: str = "", **more: Any) -> Visitor:
        visitor = self._stack.enter_context(visitor_of(self._chromium, self._salon, key, **more))
        self.visitors.append(visitor)
        return visitor


@pytest.fixture
def doors(chromium: Chromium, salon: Salon) -> Iterator[Doors]:
    with ExitStack() as stack:
        made = Doors(chromium, salon, stack)
        yield made
        refusals = ("status of 409", "status of 412")
        complaints = [each for visitor in made.visitors for each in visitor.complaints]
        assert [each for each in complaints if not any(code in each for code in refusals)] == []


# What a story begins with


def offer(salon: Salon, quantity: int = 3) -> str:
    """The name of a new one, for 300.00 EUR."""
    name = f"Story {salon.number():03}"
    service = salon.desk.get("/services")["data"][0]["id"]
    lines = [{"quantity": quantity, "services": [service]}]
    salon.desk.post("/offers", {"name": name, "price": 30_000, "lines": lines})
    return name


def sold(salon: Salon, customer: str, quantity: int = 3) -> str:
    """A package of a new offer."""
    name = offer(salon, quantity)
    found = next(each for each in salon.offers() if each["name"] == name)
    id: str = salon.desk.post("/packages", {"customer_id": customer, "offer_id": found["id"]})["id"]
    return id


def kinds(salon: Salon, package: str) -> list[str]:
    """Of the rows of its history."""
    return [row["kind"] for row in salon.desk.get(f"/packages/{package}/history")["data"]]


def remaining(salon: Salon, package: str) -> int:
    count: int = salon.desk.get(f"/packages/{package}")["remaining"]
    return count


def booking_of(salon: Salon, customer: str) -> Any:
    """The only one."""
    (found,) = salon.desk.get(f"/customers/{customer}/bookings")["data"]
    return found


def button(inside: Page | Locator, name: str) -> Locator:
    return inside.get_by_role("button", name=name, exact=True)


def link(inside: Page | Locator, name: str) -> Locator:
    return inside.get_by_role("link", name=name, exact=True)


def form(page: Page, with_button: str) -> Locator:
    """The one that this button sends."""
    return page.locator("form").filter(has=page.get_by_role("button", name=with_button, exact=True))


# The stories


@pytest.mark.covers("S35", "S60", "S61")
@pytest.mark.parametrize("hand", [MOUSE, KEYBOARD], ids=str)
def test_staff_sell_take_payments_use_and_undo(hand: Hand, doors: Doors, salon: Salon) -> None:
    customer, wanted = salon.customer("Ilona"), offer(salon)
    name = salon.name_of(customer)
    visitor = doors.enter()
    page = visitor.page
    visitor.go("/desk")
    hand.write(page.get_by_label("Your key"), salon.key("staff"))
    hand.press(button(page, "Sign in"))
    hand.write(page.get_by_role("searchbox", name="Find a customer"), name)
    page.keyboard.press("Enter")
    hand.press(link(page, name))

    hand.press(link(page, "New package"))
    hand.press(link(page, wanted))
    hand.write(page.get_by_label("Amount"), "100")
    hand.choose(page.get_by_label("Method"), "Cash")
    hand.press(button(page, "Show first what they get"))
    expect(page.get_by_text("Nothing is sold yet")).to_be_visible()
    hand.press(button(page, "Sell"))
    expect(page.get_by_text("€200.00 owing").first).to_be_visible()
    (card,) = salon.desk.get(f"/customers/{customer}/packages")["data"]
    assert (card["total"], card["paid"]["amount"]) == (3, 10_000)

    hand.press(link(page, "History"))
    hand.press(button(page, "Record"))
    expect(page.get_by_text("€200.00 owing")).to_have_count(0)

    visitor.go(f"/desk/customers/{customer}")
    hand.press(button(page, "Use one"))
    used = page.locator("#used")
    expect(used).to_contain_text("2 of 3 remaining")
    hand.press(button(used, "Undo"))
    expect(page.locator("#used")).to_contain_text("Given back")
    expect(page.get_by_text("3 of 3 remaining").first).to_be_visible()
    assert kinds(salon, card["id"]) == ["purchase", "payment", "payment", "use", "restoration"]


@pytest.mark.covers("S15", "S17", "S21")
def test_a_manager_moves_the_expiry_and_corrects_what_staff_may_not(
    hand: Hand, doors: Doors, salon: Salon
) -> None:
    customer = salon.customer("Judit")
    package = sold(salon, customer)
    address = f"/desk/customers/{customer}"
    staff = doors.enter(salon.key("staff")).page
    staff.goto(address)
    expect(staff.get_by_role("article")).to_be_visible()
    expect(staff.get_by_role("link", name=EDIT)).to_have_count(0)

    page = doors.enter(salon.key("manager")).page
    page.goto(address)
    day = datetime.now(ZONE).date() + timedelta(days=90)
    hand.press(page.get_by_role("link", name=EDIT))
    expiry = form(page, "Change expiry")
    hand.date(expiry.get_by_label("Good until"), day)
    hand.write(expiry.get_by_label("Reason"), "Her knee")
    hand.press(button(expiry, "Change expiry"))
    expect(page.get_by_role("article")).to_contain_text(f"{day:%B} {day.day}, {day.year}")

    panel = page.locator("form").filter(has=page.get_by_role("heading", name="Session correction"))
    hand.write(panel.get_by_label("Reason"), "Used on paper")
    hand.press(panel.get_by_role("button", name="mark one more as used"))
    expect(page.get_by_text("3 left now, 2 afterwards")).to_be_visible()
    assert salon.desk.get(f"/packages/{package}")["remaining"] == 3, "it is asked first"
    hand.press(button(page, "Yes, do it"))
    expect(page.get_by_text("2 of 3 remaining").first).to_be_visible()
    card = salon.desk.get(f"/packages/{package}")
    assert (card["remaining"], card["expires_on"]) == (2, day.isoformat())
    last = salon.desk.get(f"/packages/{package}/history")["data"][-1]
    assert (last["kind"], last["text"]) == ("correction", "Used on paper")


def test_of_two_managers_at_once_the_second_is_told(hand: Hand, doors: Doors, salon: Salon) -> None:
    customer = salon.customer("Klára")
    package = sold(salon, customer)
    days = [datetime.now(ZONE).date() + timedelta(days=count) for count in (30, 60)]
    managers = [doors.enter(salon.key("manager")).page for _ in days]
    for page in managers:
        page.goto(f"/desk/customers/{customer}")
        hand.press(page.get_by_role("link", name=EDIT))
        expect(button(page, "Change expiry")).to_be_visible()
    first, second = managers
    for page, day in zip(managers, days, strict=True):
        hand.date(form(page, "Change expiry").get_by_label("Good until"), day)
        hand.press(button(page, "Change expiry"))
        if page is first:
            expect(page.get_by_role("article")).to_contain_text(f"{day:%B} {day.day}, {day.year}")
    expect(second.get_by_role("alert").first).to_be_visible()
    told = second.get_by_role("region", name="What happened meanwhile")
    expect(told).to_contain_text(f"{days[0]:%B} {days[0].day}")
    expect(form(second, "Change expiry").get_by_label("Good until")).to_have_value(days[1].isoformat())
    assert salon.desk.get(f"/packages/{package}")["expires_on"] == days[0].isoformat()


@pytest.mark.covers("S113", "S116", "S125")
def test_a_manager_filters_saves_a_segment_and_changes_all_in_it(
    hand: Hand, doors: Doors, salon: Salon
) -> None:
    category = f"Story {salon.number():03}"
    known = salon.desk.get("/business")["policies"]["categories"]
    salon.desk.post("/policies", {"categories": [*known, category]})
    people = [salon.customer("Lili", category=category) for _ in range(2)]
    visitor = doors.enter(salon.key("manager"))
    page = visitor.page
    visitor.go("/desk/customers")
    filters = page.get_by_role("complementary", name="Filters")
    if not filters.get_by_role("button", name="Show").is_visible():
        hand.press(filters.locator("summary").first)
    hand.press(filters.locator("summary").filter(has_text="Category"))
    hand.press(filters.get_by_label(category))
    hand.press(button(filters, "Show"))
    expect(link(page, f"Category: {category} take this filter away")).to_be_visible()
    assert "category=" in visitor.address

    hand.press(page.locator("summary").filter(has_text="Save as segment"))
    hand.write(page.get_by_label("Name of the segment"), category)
    hand.press(button(page, "Save"))
    hand.press(link(page, "Change everybody in it"))
    hand.press(page.get_by_label("Deactivate"))
    hand.press(button(page, "Say what will happen"))
    expect(page.get_by_role("alert")).to_contain_text("2 customers are inactive")
    assert {salon.desk.get(f"/customers/{id}")["status"] for id in people} == {"active"}
    hand.press(button(page, "Yes, do it"))
    expect(page.get_by_role("heading", level=1)).to_contain_text(category)
    expect(page.get_by_role("row").filter(has_text="Lili").filter(has_text="Inactive")).to_have_count(2)
    assert {salon.desk.get(f"/customers/{id}")["status"] for id in people} == {"inactive"}
    others = salon.desk.get(f"/customers/{salon.ordinary['customer_id']}")
    assert others["status"] == "active"


@pytest.mark.covers("S92", "S93")
def test_a_customer_sees_what_a_late_cancellation_costs_before_it(
    hand: Hand, doors: Doors, salon: Salon
) -> None:
    customer = salon.customer("Mária")
    package = sold(salon, customer)
    soon = datetime.now(ZONE) + timedelta(hours=3)
    visitor = doors.enter(salon.key("customer", customer))
    page = visitor.page
    visitor.at_width(PHONE)
    visitor.go("/card")
    hand.press(link(page, "Book a session"))
    service = salon.desk.get(f"/packages/{package}")["lines"][0]["services"][0]["name"]
    hand.choose(page.get_by_label("Service"), service)
    hand.date(page.get_by_label("Day"), soon.date())
    hand.time(page.get_by_label("Time"), soon.time())
    hand.press(button(page, "See what it takes"))
    hand.press(button(page, "Book it"))
    expect(page.get_by_role("link", name=CANCEL)).to_be_visible()
    assert remaining(salon, package) == 2

    hand.press(page.get_by_role("link", name=CANCEL))
    expect(page.get_by_text("If you cancel now:")).to_be_visible()
    expect(page.locator(".told-before")).to_contain_text("lost")
    assert booking_of(salon, customer)["status"] != "cancelled", "it is told first"
    hand.press(button(page, "Cancel the booking"))
    expect(page.get_by_role("heading", name="Bookings", exact=True)).to_be_visible()
    cancelled = booking_of(salon, customer)
    assert (cancelled["status"], cancelled["cancellation"]["outcome"]) == ("cancelled", "forfeited")
    assert remaining(salon, package) == 2


def test_an_auditor_goes_from_a_number_to_the_stored_bytes(hand: Hand, doors: Doors, salon: Salon) -> None:
    customer = salon.customer("Nóra")
    package = sold(salon, customer)
    service = salon.desk.get(f"/packages/{package}")["lines"][0]["services"][0]["id"]
    salon.desk.post(f"/packages/{package}/redemptions", {"service_id": service})
    (use,) = [row for row in salon.desk.get(f"/packages/{package}/history")["data"] if row["redemption_id"]]
    visitor = doors.enter(salon.key("auditor"))
    page = visitor.page
    visitor.go("/audit")
    hand.press(link(page, "Packages"))
    hand.write(page.get_by_label("Number of a package"), package)
    hand.press(button(page, "Open"))
    expect(page.get_by_text("2 of 3").first).to_be_visible()
    hand.press(link(page, "Why?"))
    hand.press(page.get_by_role("row").filter(has_text="−1").get_by_role("link"))
    stored = page.locator("pre").first
    expect(stored).to_contain_text(use["redemption_id"])
    hand.press(page.get_by_role("button", name=RECOMPUTE))
    expect(page.get_by_role("region", name="Proof")).to_contain_text("The chain holds.")
    assert salon.name_of(customer) not in page.content()
