"""A business in Budapest with a location in New York: whose days count, and whose days a list uses."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from domain.actor import Role
from tests.api.desk import ZONE, Desk

pytest_plugins = ["tests.api.houses"]
NEW_YORK = "America/New_York"


@pytest.fixture
def there(either_desk: Desk) -> Desk:
    """The desk at 19:30 in New York of a day that is over in Budapest: tomorrow's evening there."""
    now = either_desk.clock()
    evening = (now + timedelta(days=1)).astimezone(ZoneInfo(NEW_YORK)).replace(hour=19, minute=30, second=0)
    either_desk.clock.ahead = evening.astimezone(UTC) - datetime.now(UTC)
    return either_desk


def day_in(desk: Desk, zone: str, **later: int) -> str:
    return (desk.clock() + timedelta(**later)).astimezone(ZoneInfo(zone)).date().isoformat()


def open_new_york(desk: Desk) -> str:
    return str(desk.do("/v1/locations", {"name": "5th Avenue", "time_zone": NEW_YORK})["id"])


def test_a_package_lasts_until_the_end_of_its_day_where_it_was_sold(there: Desk) -> None:
    desk, massage, anna = there, there.service(), there.customer()
    branch, today = open_new_york(there), day_in(there, NEW_YORK)
    assert day_in(desk, ZONE) > today, "it is tomorrow in Budapest"
    card = desk.sell(anna, desk.offer(massage), location_id=branch, expires_on=today)
    assert (card["time_zone"], card["purchased_on"], card["expires_on"]) == (NEW_YORK, today, today)
    assert card["status"] == "active"
    booking = {"customer_id": anna, "service_id": massage, "location_id": branch}
    later = (desk.clock() + timedelta(hours=1)).isoformat()
    booked = desk.do("/v1/bookings", {**booking, "starts_at": later})
    assert (booked["local_date"], booked["credits_used"]) == (today, 1)
    desk.clock.forward(hours=4)
    assert day_in(desk, NEW_YORK) == today
    assert desk.redeem(card["id"], massage, location_id=branch)["remaining"] == 8
    desk.clock.forward(hours=1)
    desk.refused(f"/v1/packages/{card['id']}/redemptions", {"service_id": massage}, "package-expired")


def test_staff_enter_what_happened_today_where_they_are(there: Desk) -> None:
    desk, massage, anna = there, there.service(), there.customer()
    branch = open_new_york(desk)
    package = desk.sell(anna, desk.offer(massage), effective_at=desk.today(days=-3))["id"]
    staff = desk.as_role(Role.STAFF)
    noon = (desk.clock() - timedelta(hours=7)).isoformat()
    path, use = f"/v1/packages/{package}/redemptions", {"service_id": massage, "effective_at": noon}
    staff.refused(path, use, "back-dating-not-allowed")
    assert staff.do(path, {**use, "location_id": branch})["remaining"] == 9
    today = day_in(desk, NEW_YORK)
    used = staff.do(path, {"service_id": massage, "effective_at": today, "location_id": branch})
    moment = datetime.fromisoformat(used["last_used_at"]).astimezone(ZoneInfo(NEW_YORK))
    assert (moment.date().isoformat(), moment.hour) == (today, 12), (
        "the first moment of a day is no later use"
    )


def test_a_sale_for_a_date_is_of_that_date_where_it_was_sold(there: Desk) -> None:
    desk, massage, anna = there, there.service(), there.customer()
    branch, yesterday = open_new_york(desk), day_in(there, NEW_YORK, days=-1)
    card = desk.sell(anna, desk.offer(massage), location_id=branch, effective_at=yesterday)
    assert card["purchased_on"] == yesterday


@pytest.mark.covers("S139")
def test_a_booking_is_found_by_the_date_that_it_shows(there: Desk) -> None:
    desk, massage, anna = there, there.service(), there.customer()
    branch = open_new_york(desk)
    zone = ZoneInfo(NEW_YORK)
    evening = (desk.clock() + timedelta(days=10)).astimezone(zone).replace(hour=20, minute=0, second=0)
    asked = {"customer_id": anna, "service_id": massage}
    abroad = desk.do("/v1/bookings", {**asked, "location_id": branch, "starts_at": evening.isoformat()})
    home = desk.do("/v1/bookings", {**asked, "starts_at": evening.isoformat()})
    day, next_day = abroad["local_date"], home["local_date"]
    assert (day, next_day) == (
        evening.date().isoformat(),
        (evening.date() + timedelta(days=1)).isoformat(),
    )
    for path in ("/v1/bookings", f"/v1/customers/{anna}/bookings"):
        for on, found in ((day, [abroad["id"]]), (next_day, [home["id"]])):
            rows = desk.all_of(path, **{"from": on, "to": on})
            assert [row["id"] for row in rows] == found
            assert {row["local_date"] for row in rows} == {on}
        both = desk.all_of(path, **{"from": day, "to": next_day}, limit=1)
        assert {row["id"] for row in both} == {abroad["id"], home["id"]}
        at = abroad["starts_at"]
        assert len(desk.all_of(path, **{"from": at, "to": at})) == 2, "a moment is the same everywhere"
    desk.do(f"/v1/bookings/{home['id']}/cancellation", {"by": "business"})
    assert [row["id"] for row in desk.all_of("/v1/customers", booking_from=day, booking_to=day)] == [anna]
    assert desk.all_of("/v1/customers", booking_from=next_day) == []
    moved = (evening + timedelta(days=3)).isoformat()
    desk.do(f"/v1/bookings/{abroad['id']}/rescheduling", {"starts_at": moved})
    there_now = (evening.date() + timedelta(days=3)).isoformat()
    assert [row["local_date"] for row in desk.all_of("/v1/bookings", **{"from": there_now})] == [there_now]


def test_packages_are_found_by_the_days_that_their_cards_show(there: Desk) -> None:
    desk, massage, anna = there, there.service(), there.customer()
    branch, offer = open_new_york(desk), there.offer(massage)
    here, abroad = day_in(desk, ZONE), day_in(desk, NEW_YORK)
    for location, today in ((None, here), (branch, abroad)):
        sold = desk.sell(anna, offer, location_id=location, expires_on=today)
        assert (sold["purchased_on"], sold["expires_on"]) == (today, today)
        for name in ("purchased", "expires"):
            rows = desk.all_of("/v1/packages", **{f"{name}_from": today, f"{name}_to": today})
            assert [row["id"] for row in rows] == [sold["id"]]


def test_a_freeze_that_has_run_out_moves_the_day_by_which_a_package_is_found(there: Desk) -> None:
    desk, massage, anna = there, there.service(), there.customer()
    today = day_in(desk, NEW_YORK)
    sold = desk.sell(anna, desk.offer(massage), location_id=open_new_york(desk), expires_on=today)
    desk.do(f"/v1/packages/{sold['id']}/freeze", {"until": today, "reason": "flu"})
    assert desk.all_of("/v1/packages", expires_from=today, expires_to=today)
    desk.clock.forward(hours=6)
    tomorrow = desk.card(sold["id"])["expires_on"]
    assert tomorrow == day_in(desk, NEW_YORK)
    assert desk.all_of("/v1/packages", expires_from=today, expires_to=today) == []
    assert [row["id"] for row in desk.all_of("/v1/packages", expires_from=tomorrow)] == [sold["id"]]


def test_a_range_that_no_zone_could_hold_is_refused(desk: Desk) -> None:
    for first, last in (("2026-10-04", "2026-10-03"), ("2026-10-04", "2026-10-03T09:00:00Z")):
        assert desk.ask("/v1/bookings", **{"from": first, "to": last}).json()["code"] == "validation-failed"
    assert desk.get("/v1/bookings", **{"from": "2026-10-04", "to": "2026-10-03T11:00:00Z"})["data"] == []
