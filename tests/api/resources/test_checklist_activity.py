"""Credits and activity of a customer (system B of the checklist)."""

from typing import Any

import pytest

from domain.actor import Role
from tests.api.desk import Desk
from tests.api.resources.test_checklist_bookings import NOTICE, ahead, book

pytest_plugins = ["tests.api.houses"]


@pytest.mark.covers("S41")
def test_credits_tell_for_which_services_they_can_be_used(either_desk: Desk) -> None:
    desk = either_desk
    massage, cut, colour = desk.service(), desk.service("Cut", "Hair"), desk.service("Colour", "Hair")
    anna = desk.customer()
    lines = [{"quantity": 3, "services": [cut, colour]}, {"quantity": 1, "services": [cut]}]
    hair = desk.sell(anna, desk.offer(lines=lines), expires_on=desk.today(days=30))
    both = desk.sell(anna, desk.offer(massage, cut, quantity=5))
    gone = desk.sell(anna, desk.offer(massage, quantity=7), expires_on=desk.today(days=2))
    desk.redeem(hair["id"], cut)
    desk.do("/v1/policies", {"deduct": "at_attendance"})
    book(desk, anna, massage, package_id=both["id"])
    frozen = desk.sell(anna, desk.offer(massage, quantity=2))
    desk.do(f"/v1/packages/{frozen['id']}/freeze", {"until": desk.today(days=20), "reason": "ill"})
    desk.clock.forward(days=4)

    services = {each["id"]: each for each in desk.get(f"/v1/customers/{anna}/credits")["services"]}
    assert {id: each["available"] for id, each in services.items()} == {cut: 7, colour: 3, massage: 4}
    assert [part["package_id"] for part in services[cut]["packages"]] == [hair["id"], both["id"]], (
        "soonest first"
    )
    assert services[cut]["packages"][0] == {
        "package_id": hair["id"],
        "name": hair["name"],
        "purchase_number": 1,
        "expires_on": hair["expires_on"],
        "available": 3,
        "membership_id": None,
    }
    assert (services[massage]["name"], services[massage]["service_type"]) == ("Massage 60", "Massage")
    assert gone["id"] not in str(services), "what has expired is no credit"


@pytest.mark.covers("S42", "S43", "S44", "S45", "S46")
def test_the_history_of_credits_has_both_dates_the_service_and_its_source(either_desk: Desk) -> None:
    desk = either_desk
    massage, anna = desk.service(), desk.customer()
    sold = desk.sell(anna, desk.offer(massage, cancellation=NOTICE))
    walked_in = desk.redeem(sold["id"], massage)
    booked = book(desk, anna, massage, quantity=2)
    late = book(desk, anna, massage, ahead(desk, hours=3))
    desk.do(f"/v1/bookings/{late['id']}/cancellation")
    desk.do(f"/v1/redemptions/{walked_in['redemption_id']}/restorations")

    rows = desk.get(f"/v1/customers/{anna}/credits")["usage"]
    assert [(row["kind"], row["quantity"], row["returned"]) for row in rows] == [
        ("forfeited", 1, 0),
        ("used", 1, 1),
        ("used", 2, 0),
        ("used", 1, 1),
    ]
    two = rows[2]
    assert (two["deducted_on"], two["booking_starts_at"]) == (desk.today(), booked["starts_at"])
    assert two["service"] == {"id": massage, "name": "Massage 60"}
    assert (two["package_id"], two["membership_id"], two["source_name"]) == (sold["id"], None, sold["name"])
    assert two["booking_id"] == booked["id"]
    assert rows[3]["booking_starts_at"] is None

    paged: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        page = desk.get(f"/v1/customers/{anna}/credits", limit=1, **cursor)
        paged += page["usage"]
        if not page["has_more"]:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert paged == rows


def test_a_customer_without_packages_has_no_credits(desk: Desk) -> None:
    empty = desk.get(f"/v1/customers/{desk.customer()}/credits")
    assert (empty["services"], empty["usage"], empty["has_more"]) == ([], [], False)
    for path in ("credits", "activity"):
        assert desk.ask(f"/v1/customers/cus_unknown/{path}").status_code == 404


@pytest.mark.covers("S47", "S49", "S62")
def test_activity_shows_active_packages_and_bookings_on_both_sides_of_now(either_desk: Desk) -> None:
    desk = either_desk
    massage, anna = desk.service(), desk.customer("Anna", email="anna@example.org")
    offer = desk.offer(massage, quantity=5)
    active, ended = desk.sell(anna, offer), desk.sell(anna, offer)
    desk.do(f"/v1/packages/{ended['id']}/cancellation", {"reason": "twice"})
    earlier, later, far = (book(desk, anna, massage, ahead(desk, days=days))["id"] for days in (1, 2, 9))
    desk.clock.forward(days=3)
    next_one = book(desk, anna, massage, ahead(desk, days=1))["id"]

    told = desk.get(f"/v1/customers/{anna}/activity")
    assert (told["customer"]["name"], told["customer"]["email"]) == ("Anna", "anna@example.org")
    assert told["memberships"] == []
    assert told["packages"] == [desk.card(active["id"])]
    assert [each["id"] for each in told["bookings"]["upcoming"]] == [next_one, far]
    assert [each["id"] for each in told["bookings"]["past"]] == [later, earlier], "the latest first"
    assert told["bookings"]["past"][0] == desk.get(f"/v1/bookings/{later}")
    assert (told["has_more"], told["next_cursor"]) == (False, None)
    few = desk.get(f"/v1/customers/{anna}/activity", limit=1)
    assert [each["id"] for each in few["bookings"]["upcoming"] + few["bookings"]["past"]] == [next_one, later]
    assert few["has_more"] is True
    audited = desk.as_role(Role.AUDITOR).get(f"/v1/customers/{anna}/activity")
    assert (audited["customer"]["name"], audited["packages"][0]["customer"]["name"]) == (None, None)


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_of_activity_hold_every_booking_once_though_time_goes_on(either_desk: Desk, limit: int) -> None:
    desk = either_desk
    massage, anna = desk.service(), desk.customer("Anna")
    starts = [ahead(desk, days=days) for days in (1, 1, 2, 3, 9, 9)]
    made = [book(desk, anna, massage, starts_at)["id"] for starts_at in starts]
    desk.clock.forward(days=4)
    path, sides = f"/v1/customers/{anna}/activity", ("upcoming", "past")
    whole = desk.get(path)["bookings"]
    assert {side: {each["id"] for each in whole[side]} for side in sides} == {
        "upcoming": {*made[4:]},
        "past": {*made[:4]},
    }

    page = desk.get(path, limit=limit)
    pages = [page]
    while page["has_more"]:
        desk.clock.forward(days=3)
        page = desk.get(path, limit=limit, cursor=page["next_cursor"])
        pages.append(page)

    for side in sides:
        assert [each["id"] for page in pages for each in page["bookings"][side]] == [
            each["id"] for each in whole[side]
        ]
    assert all(len(page["bookings"][side]) <= limit for page in pages for side in sides)
    assert page["next_cursor"] is None
    ben = desk.customer("Ben")
    foreign = desk.ask(f"/v1/customers/{ben}/activity", limit=limit, cursor=pages[0]["next_cursor"])
    assert foreign.json()["code"] == "invalid-cursor"
