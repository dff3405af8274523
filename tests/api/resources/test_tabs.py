"""What the tabs of a customer show at once: the stamps with their cards, and the count of upcoming bookings."""

from typing import Any

import pytest

from domain.actor import Role
from tests.api.desk import Desk
from tests.api.resources.test_checklist_bookings import ahead, book

pytest_plugins = ["tests.api.houses"]


@pytest.fixture
def stamped(either_desk: Desk) -> tuple[Desk, str, str, dict[str, int]]:
    """Anna with a used package, one of two lines, one that is used up, one of 101 units, and a gift to Ben."""
    desk = either_desk
    massage, sauna = desk.service(), desk.service("Sauna", "Wellness")
    anna, ben = desk.customer("Anna"), desk.customer("Ben")
    used = desk.sell(anna, desk.offer(massage, quantity=3), note="Back")["id"]
    two = desk.sell(anna, desk.offer(massage, sauna, quantity=2))["id"]
    gone = desk.sell(anna, desk.offer(sauna, quantity=1))["id"]
    large = desk.sell(anna, desk.offer(massage, quantity=101))["id"]
    gift = desk.sell(ben, desk.offer(massage, quantity=2), purchased_by=anna)["id"]
    booked = book(desk, anna, massage, ahead(desk, days=1), package_id=used)
    desk.clock.forward(days=2)
    desk.do(f"/v1/bookings/{booked['id']}/attendance", {"attendance": "attended"})
    desk.redeem(gone, sauna)
    book(desk, anna, massage, ahead(desk, days=2), package_id=used)
    return desk, anna, large, {used: 3, two: 2, gone: 1, gift: 2}


def units_of(answer: Any) -> dict[str, Any]:
    return {card["id"]: card["units"] for card in answer["data"]}


def test_each_card_comes_with_the_units_that_its_own_list_tells(
    stamped: tuple[Desk, str, str, dict[str, int]],
) -> None:
    desk, anna, large, counts = stamped
    path = f"/v1/customers/{anna}/packages"
    for role in (None, Role.AUDITOR):
        reader = desk if role is None else desk.as_role(role)
        told = units_of(reader.get(path, include="units"))
        assert told.pop(large) is None, "more than 100 have a list of their own"
        assert {id: len(units) for id, units in told.items()} == counts
        for id, units in told.items():
            assert units == reader.get(f"/v1/packages/{id}/units", limit=200)["data"]
    told = units_of(desk.get(path, include="units"))
    assert [unit["participant"]["name"] for units in told.values() for unit in units or () if unit["used_at"]]
    assert "Anna" not in desk.as_role(Role.AUDITOR).ask(path, include="units").text
    pages = desk.all_of(path, include="units", limit=1)
    assert {card["id"]: card["units"] for card in pages} == told
    assert not any("units" in card for card in desk.get(path)["data"])
    refused = desk.ask(path, include="photos")
    assert (refused.status_code, refused.json()["code"]) == (400, "validation-failed")


def test_units_come_with_cards_of_the_past(stamped: tuple[Desk, str, str, dict[str, int]]) -> None:
    desk, anna, _, _ = stamped
    moment = desk.get("/v1/facts", kind="booking", name="booking.attendance_marked")["data"][0]["recorded_at"]
    told = units_of(desk.get(f"/v1/customers/{anna}/packages", include="units", as_of=moment))
    for id, units in told.items():
        if units is not None:
            assert units == desk.get(f"/v1/packages/{id}/units", as_of=moment)["data"]
    assert any(units for units in told.values())


def test_a_customer_sees_the_stamps_of_what_is_theirs(
    stamped: tuple[Desk, str, str, dict[str, int]],
) -> None:
    desk, anna, large, counts = stamped
    own = units_of(desk.as_role(Role.CUSTOMER, anna).get(f"/v1/customers/{anna}/packages", include="units"))
    (gift,) = set(counts) - {id for id, units in own.items() if units}
    assert (own[gift], own[large]) == (None, None)


def test_upcoming_bookings_are_counted_whatever_the_page_shows(either_desk: Desk) -> None:
    desk = either_desk
    massage, anna, ben = desk.service(), desk.customer("Anna"), desk.customer("Ben")
    path = f"/v1/customers/{anna}/bookings"
    assert desk.get(path)["upcoming_count"] == 0
    soon, later, called_off, past = (
        book(desk, anna, massage, ahead(desk, days=days))["id"] for days in (1, 8, 9, -3)
    )
    book(desk, ben, massage)
    desk.do(f"/v1/bookings/{later}/confirmation")
    desk.do(f"/v1/bookings/{called_off}/cancellation", {"by": "business"})
    assert desk.get(path)["upcoming_count"] == 2
    assert desk.get(path, limit=1, status="cancelled")["upcoming_count"] == 2
    assert desk.as_role(Role.CUSTOMER, anna).get(path)["upcoming_count"] == 2
    assert {soon, past} < {booking["id"] for booking in desk.get(path)["data"]}
    desk.clock.forward(days=2)
    assert desk.get(path)["upcoming_count"] == 1
    desk.do(f"/v1/customers/{ben}/merge", {"absorbed_customer_id": anna})
    assert desk.get(f"/v1/customers/{ben}/bookings")["upcoming_count"] == 2
