"""The local day and time beside every moment that a person reads, in the zone of the place it belongs to."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.api.desk import ZONE, Desk
from tests.api.resources.test_checklist_bookings import NOTICE, ahead, book

pytest_plugins = ["tests.api.houses"]


def check_reads(row: Mapping[str, Any], moment: str, zone: str = ZONE) -> None:
    """The row tells this moment as a clock in that zone shows it."""
    there = datetime.fromisoformat(moment).astimezone(ZoneInfo(zone))
    shown = (row["local_date"], row["local_time"], row["time_zone"])
    assert shown == (f"{there:%Y-%m-%d}", f"{there:%H:%M}", zone)


def booked(desk: Desk, customer_id: str, service_id: str, days: int, **more: Any) -> Any:
    """A booking at 22:30 in UTC, which is the next day in the zone of the business."""
    starts_at = f"{desk.today(days=days)}T22:30:00.000Z"
    asked = {"customer_id": customer_id, "service_id": service_id, "starts_at": starts_at}
    return desk.do("/v1/bookings", asked | more)


@pytest.mark.covers("S43", "S44", "S46", "S71", "S72")
def test_a_stamp_booked_ahead_shows_its_session_and_when_it_was_deducted(either_desk: Desk) -> None:
    desk = either_desk
    massage, anna = desk.service(), desk.customer()
    offer = desk.offer(massage)
    desk.sell(anna, offer, expires_on=desk.today(days=100))
    second = desk.sell(anna, offer, expires_on=desk.today(days=50))
    made = booked(desk, anna, massage, 7)

    stamp, unused = desk.units(second["id"])[:2]
    assert stamp["used_at"] == made["starts_at"]
    check_reads(stamp, made["starts_at"])
    assert stamp["deducted_at"] < made["starts_at"]
    shown = [unused[name] for name in ("used_at", "deducted_at", "local_date", "local_time", "time_zone")]
    assert shown == [None, None, None, None, ZONE]

    (usage,) = desk.get(f"/v1/customers/{anna}/credits")["usage"]
    assert (usage["purchase_number"], usage["source_name"]) == (2, second["name"])
    assert (usage["booking_starts_at"], usage["deducted_at"]) == (made["starts_at"], stamp["deducted_at"])
    assert usage["deducted_on"] == desk.today()
    check_reads(usage, made["starts_at"])

    moved = f"{desk.today(days=9)}T08:00:00.000Z"
    desk.do(f"/v1/bookings/{made['id']}/rescheduling", {"starts_at": moved})
    assert desk.units(second["id"])[0]["used_at"] == moved
    check_reads(desk.units(second["id"])[0], moved)
    (usage,) = desk.get(f"/v1/customers/{anna}/credits")["usage"]
    check_reads(usage, moved)
    used = desk.history(second["id"])[-1]
    check_reads(used, used["effective_at"])
    assert used["date"] == used["local_date"]
    check_reads(used["booking"], moved)


def test_a_session_elsewhere_is_read_in_the_zone_of_its_place(desk: Desk) -> None:
    there = "America/New_York"
    branch = desk.do("/v1/locations", {"name": "Branch", "time_zone": there})["id"]
    massage, anna = desk.service(), desk.customer()
    sold = desk.sell(anna, desk.offer(massage))
    made = booked(desk, anna, massage, 7, location_id=branch)
    check_reads(made, made["starts_at"], there)
    for row in (
        desk.units(sold["id"])[0],
        desk.get(f"/v1/customers/{anna}/credits")["usage"][0],
        desk.history(sold["id"])[-1]["booking"],
    ):
        check_reads(row, made["starts_at"], there)


def test_what_was_forfeited_or_corrected_shows_what_took_it(desk: Desk) -> None:
    massage, anna = desk.service(), desk.customer()
    sold = desk.sell(anna, desk.offer(massage, quantity=2, cancellation=NOTICE))
    made = book(desk, anna, massage, ahead(desk, hours=3))
    desk.do(f"/v1/bookings/{made['id']}/cancellation")
    desk.do(f"/v1/packages/{sold['id']}/corrections", {"line": 1, "change": -1})
    forfeited, corrected = desk.units(sold["id"])
    assert (forfeited["state"], forfeited["used_at"]) == ("forfeited", made["starts_at"])
    check_reads(forfeited, made["starts_at"])
    assert (corrected["state"], corrected["used_at"]) == ("corrected", None)
    check_reads(corrected, corrected["deducted_at"])


def test_every_row_that_people_read_tells_its_local_time(either_desk: Desk) -> None:
    desk = either_desk
    massage, anna = desk.service(), desk.customer()
    payment = {"amount": 1_000, "method": "cash"}
    late = f"{desk.today(days=-2)}T22:30:00.000Z"
    sold = desk.sell(anna, desk.offer(massage), payment=payment, effective_at=late)
    path = f"/v1/packages/{sold['id']}"
    used = desk.redeem(sold["id"], massage, effective_at=late)
    desk.do(f"{path}/notes", {"text": "left-handed"})
    given = desk.do(f"/v1/customers/{anna}/points", {"action": "add", "points": 5})
    check_reads(given, given["effective_at"])
    (paid,) = desk.get(f"{path}/payments")["data"]
    check_reads(paid, late)
    desk.do(f"/v1/payments/{paid['payment_id']}/refunds", {"amount": 100, "reason": "too dear"})
    (refund,) = desk.get(f"{path}/payments")["data"][0]["refunds"]
    check_reads(refund, refund["recorded_at"])
    for row in desk.history(sold["id"]):
        check_reads(row, row["effective_at"])
    (note,) = desk.get(f"{path}/notes")["data"]
    check_reads(note, note["recorded_at"])
    check_reads(desk.get(f"/v1/redemptions/{used['redemption_id']}"), late)
    for row in desk.get(f"/v1/customers/{anna}/points")["data"]:
        check_reads(row, row["effective_at"])
        assert row["date"] == row["local_date"]
    for row in desk.get(f"/v1/customers/{anna}/history")["data"]:
        check_reads(row, row["recorded_at"])
    made = booked(desk, anna, massage, 7)
    for row in (made, *desk.get(f"/v1/customers/{anna}/activity")["bookings"]["upcoming"]):
        check_reads(row, row["starts_at"])
        check_reads(row["cancellation"], row["cancellation"]["free_until"])
    for row in desk.get("/v1/reports/late-entries", **{"from": desk.today()})["data"]:
        check_reads(row, row["effective_at"])
    for row in desk.get("/v1/reports/movements/lines")["data"]:
        check_reads(row, row["at"])
