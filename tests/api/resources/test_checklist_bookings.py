"""Bookings over HTTP (systems B, C, D and E of the checklist): what they show, take and give back."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.actor import Role
from domain.moments import rfc3339
from tests.api.desk import Desk, money

pytest_plugins = ["tests.api.houses"]

NOTICE = {"notice_hours": 24, "late": "forfeit", "text": "Cancel a day ahead, or the session counts."}


def ahead(desk: Desk, **later: int) -> str:
    """A moment so much later, on the full minute."""
    return rfc3339((desk.clock() + timedelta(**later)).replace(second=0, microsecond=0))


def book(desk: Desk, customer_id: str, service_id: str, starts_at: str | None = None, **more: Any) -> Any:
    body = {
        "customer_id": customer_id,
        "service_id": service_id,
        "starts_at": starts_at or ahead(desk, days=7),
    }
    return desk.do("/v1/bookings", body | more)


def in_short(booking: Any) -> tuple[str, str, int]:
    return booking["status"], booking["attendance"], booking["credits_used"]


# The life of a booking


@pytest.mark.covers("S59", "S102", "S94", "S101")
def test_a_package_applies_by_itself_to_the_next_booking(either_desk: Desk) -> None:
    desk = either_desk
    massage, anna = desk.service(), desk.customer()
    sold = desk.sell(anna, desk.offer(massage))
    made = book(desk, anna, massage)
    assert in_short(made) == ("pending", "unmarked", 1)
    assert made["uses_package"] is True
    assert made["sources"] == [
        {
            "package_id": sold["id"],
            "membership_id": None,
            "name": "Massage ×10 💆",
            "purchase_number": 1,
            "quantity": 1,
        }
    ]
    assert made["paid"] == money(0)
    card = desk.card(sold["id"])
    assert f"{card['remaining']} of {card['total']} remaining" == "9 of 10 remaining"
    assert desk.get(f"/v1/customers/{anna}/packages")["active_count"] == 1
    assert desk.get(f"/v1/bookings/{made['id']}") == made
    assert desk.all_of("/v1/bookings") == [made], "the list and the booking itself say the same"


@pytest.mark.covers("S104")
def test_staff_choose_the_package_when_they_set_an_appointment(desk: Desk) -> None:
    massage, anna = desk.service(), desk.customer()
    offer = desk.offer(massage)
    soon, later = (desk.sell(anna, offer, expires_on=desk.today(days=days)) for days in (30, 60))
    assert book(desk, anna, massage)["sources"][0]["package_id"] == soon["id"], "the rule: soonest expiry"
    chosen = book(desk.as_role(Role.STAFF), anna, massage, package_id=later["id"])
    assert chosen["sources"][0]["package_id"] == later["id"]
    late = ahead(desk, days=45)
    body = {"customer_id": anna, "service_id": massage, "starts_at": late, "package_id": soon["id"]}
    problem = desk.refused("/v1/bookings", body, "package-expired")
    assert problem["expires_on"] == desk.today(days=30)
    assert book(desk, anna, massage, late)["sources"][0]["package_id"] == later["id"]


@pytest.mark.covers("S141", "S57")
def test_a_booking_is_pending_confirmed_completed_or_cancelled(desk: Desk) -> None:
    massage, anna = desk.service(), desk.customer()
    one, other = (book(desk, anna, massage) for _ in range(2))
    assert desk.do(f"/v1/bookings/{one['id']}/confirmation")["status"] == "confirmed"
    refused = desk.refused(f"/v1/bookings/{one['id']}/confirmation", {}, "booking-state")
    assert (refused["booking_status"], refused["wanted"], refused["status"]) == (
        "confirmed",
        "confirmed",
        409,
    )
    desk.refused(f"/v1/bookings/{other['id']}/completion", {}, "booking-state")
    assert desk.do(f"/v1/bookings/{other['id']}/cancellation")["status"] == "cancelled"
    desk.clock.forward(days=7)
    done = desk.do(f"/v1/bookings/{one['id']}/completion")
    assert in_short(done) == ("completed", "attended", 0)
    for verb in ("cancellation", "confirmation"):
        desk.refused(f"/v1/bookings/{one['id']}/{verb}", {}, "booking-state")
    starts_at = ahead(desk, days=9)
    desk.refused(f"/v1/bookings/{one['id']}/rescheduling", {"starts_at": starts_at}, "booking-state")
    statuses = {each["id"]: each["status"] for each in desk.get(f"/v1/customers/{anna}/bookings")["data"]}
    assert statuses == {one["id"]: "completed", other["id"]: "cancelled"}


@pytest.mark.covers("S57")
def test_attendance_is_marked_from_an_hour_before_the_start_or_what_the_business_says(desk: Desk) -> None:
    massage, anna = desk.service(), desk.customer()
    starts_at = ahead(desk, hours=2)
    path = f"/v1/bookings/{book(desk, anna, massage, starts_at)['id']}"
    desk.do(f"{path}/confirmation")
    for verb, body in (
        ("attendance", {"attendance": "attended"}),
        ("attendance", {"attendance": "no_show"}),
        ("completion", {}),
    ):
        problem = desk.refused(f"{path}/{verb}", body, "booking-state")
        an_hour_before = datetime.fromisoformat(starts_at) - timedelta(hours=1)
        assert problem["opens_at"] == rfc3339(an_hour_before)
    assert desk.get("/v1/business")["policies"]["attendance_opens_minutes"] == 60
    desk.do("/v1/policies", {"attendance_opens_minutes": 180})
    assert desk.do(f"{path}/attendance", {"attendance": "late"})["attendance"] == "late"
    refused = desk.refused(f"{path}/attendance", {"attendance": "no_show"}, "validation-failed")
    assert refused["errors"][0]["pointer"] == "/attendance"
    for minutes in (-1, 1_441):
        desk.refused("/v1/policies", {"attendance_opens_minutes": minutes}, "validation-failed")


@pytest.mark.covers("S57", "S92")
@pytest.mark.parametrize("deduct", ["at_booking", "at_attendance"])
def test_a_wrong_mark_is_corrected_and_units_and_points_follow(either_desk: Desk, deduct: str) -> None:
    desk = either_desk
    earn = [{"on": "visit", "points": 5}]
    desk.do("/v1/policies", {"deduct": deduct, "earn": earn, "cancellation": NOTICE})
    massage, anna = desk.service(), desk.customer()
    sold = desk.sell(anna, desk.offer(massage))
    path = f"/v1/bookings/{book(desk, anna, massage, ahead(desk, hours=1))['id']}"
    desk.clock.forward(hours=2)
    for attendance, outcome, counted, points in (
        ("attended", None, (1, 0), 5),
        ("no_show", "forfeited", (0, 1), 0),
        ("late", None, (1, 0), 5),
        ("no_show", "forfeited", (0, 1), 0),
        ("attended", None, (1, 0), 5),
    ):
        body = {"attendance": attendance, "reason": f"she was {attendance}"}
        marked = desk.do(f"{path}/attendance", body)
        shown = (marked["attendance"], marked["attendance_reason"], marked["cancellation"]["outcome"])
        assert shown == (attendance, body["reason"], outcome)
        assert marked == desk.get(path) == desk.all_of("/v1/bookings")[0]
        card = desk.card(sold["id"])
        assert (card["redeemed"], card["forfeited"], card["remaining"]) == (*counted, 9)
        assert desk.get(f"/v1/customers/{anna}")["points"] == points
    states = [unit["state"] for unit in desk.units(sold["id"])]
    assert (states.count("used"), states.count("available")) == (1, 9)
    assert desk.ask(f"/v1/packages/{sold['id']}/explanation").status_code == 200
    kinds = [row["kind"] for row in desk.history(sold["id"])]
    assert (kinds.count("forfeiture"), kinds.count("use")) == (2, 3)


def test_staff_correct_a_mark_on_its_day_and_managers_at_any_time(desk: Desk) -> None:
    massage, anna = desk.service(), desk.customer()
    staff, manager = desk.as_role(Role.STAFF), desk.as_role(Role.MANAGER)
    starts_at = ahead(desk, days=1)
    path = f"/v1/bookings/{book(desk, anna, massage, starts_at)['id']}/attendance"
    desk.clock.forward(days=1, minutes=1)
    staff.do(path, {"attendance": "no_show"})
    staff.do(path, {"attendance": "late"})
    desk.clock.forward(days=1)
    staff.refused(path, {"attendance": "no_show"}, "forbidden")
    assert manager.do(path, {"attendance": "no_show"})["attendance"] == "no_show"


# Cancelling


@pytest.mark.covers("S91", "S93", "S77")
def test_cancelled_within_the_notice_period_the_credit_goes_back_by_itself(either_desk: Desk) -> None:
    desk = either_desk
    massage, anna = desk.service(), desk.customer()
    sold = desk.sell(anna, desk.offer(massage, cancellation=NOTICE))
    made = book(desk, anna, massage, ahead(desk, days=2))
    shown = made["cancellation"]
    assert (shown["notice_hours"], shown["late"], shown["text"]) == (24, "forfeit", NOTICE["text"])
    free_until = datetime.fromisoformat(made["starts_at"]) - timedelta(hours=24)
    assert shown["free_until"] == rfc3339(free_until)
    assert desk.card(sold["id"])["cancellation"] == NOTICE, "the customer reads the same rules on the card"
    gone = desk.do(f"/v1/bookings/{made['id']}/cancellation")
    assert in_short(gone) == ("cancelled", "unmarked", 0)
    assert (gone["cancellation"]["outcome"], gone["cancellation"]["in_time"]) == ("restored", True)
    assert gone["uses_package"] is True, "it was booked with a package"
    card = desk.card(sold["id"])
    assert (card["remaining"], card["redeemed"], card["forfeited"]) == (10, 0, 0)
    assert [row["kind"] for row in desk.history(sold["id"])] == ["purchase", "use", "restoration"]


@pytest.mark.covers("S92")
def test_cancelled_late_the_credit_is_forfeited_or_restored_at_staff_discretion(desk: Desk) -> None:
    massage, anna = desk.service(), desk.customer()
    sold = desk.sell(anna, desk.offer(massage, cancellation=NOTICE))
    first, second, third = (book(desk, anna, massage, ahead(desk, hours=5)) for _ in range(3))

    gone = desk.do(f"/v1/bookings/{first['id']}/cancellation", {"by": "customer"})
    assert (gone["cancellation"]["outcome"], gone["credits_used"]) == ("forfeited", 1)
    assert (gone["cancellation"]["in_time"], gone["cancellation"]["overridden"]) == (False, False)
    card = desk.card(sold["id"])
    assert (card["used"], card["redeemed"], card["forfeited"], card["remaining"]) == (3, 2, 1, 7)

    staff = desk.as_role(Role.STAFF)
    path = f"/v1/bookings/{second['id']}/cancellation"
    unsaid = staff.refused(path, {"override": "restore"}, "validation-failed")
    assert unsaid["errors"][0]["pointer"] == "/reason"
    desk.as_role(Role.INTEGRATION).refused(path, {"override": "restore", "reason": "ill"}, "forbidden")
    kept = staff.do(path, {"override": "restore", "reason": "Ill, showed a doctor’s note"})
    assert (kept["cancellation"]["outcome"], kept["cancellation"]["overridden"]) == ("restored", True)
    assert desk.card(sold["id"])["remaining"] == 8

    by_us = desk.do(f"/v1/bookings/{third['id']}/cancellation", {"by": "business"})
    assert (by_us["cancellation"]["outcome"], by_us["cancellation"]["by"]) == ("restored", "business")
    states = [unit["state"] for unit in desk.units(sold["id"])]
    assert states == ["forfeited"] + ["available"] * 9


@pytest.mark.covers("S92", "S93")
def test_the_rules_in_force_when_it_was_booked_count(desk: Desk) -> None:
    massage, anna = desk.service(), desk.customer()
    desk.do("/v1/policies", {"cancellation": {"notice_hours": 2, "late": "forfeit"}})
    paid = book(desk, anna, massage, ahead(desk, hours=5), payment={"amount": 9_000, "method": "card"})
    desk.do("/v1/policies", {"cancellation": {"notice_hours": 48, "late": "restore"}})
    shown = desk.get(f"/v1/bookings/{paid['id']}")["cancellation"]
    assert (shown["notice_hours"], shown["late"], shown["policy_version"]) == (2, "forfeit", 1)
    assert desk.do(f"/v1/bookings/{paid['id']}/cancellation")["cancellation"]["in_time"] is True


def test_moved_inside_the_notice_period_the_earlier_start_stays_the_measure(desk: Desk) -> None:
    massage, anna = desk.service(), desk.customer()
    desk.sell(anna, desk.offer(massage, cancellation=NOTICE))
    early, late = (
        book(desk, anna, massage, ahead(desk, days=3)),
        book(desk, anna, massage, ahead(desk, hours=5)),
    )
    to = ahead(desk, days=10)
    moved = desk.do(f"/v1/bookings/{early['id']}/rescheduling", {"starts_at": to})
    assert moved["cancellation"]["free_until"] == ahead(desk, days=9)
    moved = desk.do(f"/v1/bookings/{late['id']}/rescheduling", {"starts_at": to})
    assert moved["starts_at"] == to
    assert moved["cancellation"]["free_until"] == late["cancellation"]["free_until"]
    gone = desk.do(f"/v1/bookings/{late['id']}/cancellation")
    assert gone["cancellation"]["outcome"] == "forfeited"


@pytest.mark.covers("S44", "S76")
def test_where_a_booking_was_moved_its_uses_show_the_new_start(desk: Desk) -> None:
    massage, anna = desk.service(), desk.customer()
    sold = desk.sell(anna, desk.offer(massage))
    made = book(desk, anna, massage)
    starts_at = ahead(desk, days=9)
    desk.do(f"/v1/bookings/{made['id']}/rescheduling", {"starts_at": starts_at})
    link = desk.history(sold["id"])[1]["booking"]
    assert (link["id"], link["starts_at"]) == (made["id"], starts_at)
    assert desk.get(f"/v1/redemptions/{made['redemption_id']}")["booking"] == link
    assert desk.get(f"/v1/customers/{anna}/credits")["usage"][0]["booking_starts_at"] == starts_at
    then = desk.history(sold["id"], at_version=2)[1]["booking"]
    assert then["starts_at"] == made["starts_at"], "the past is as it was"
    elsewhere = desk.redeem(sold["id"], massage, booking_id="bkg_of-another-system", session_at=starts_at)
    (shown,) = [
        row["booking"]
        for row in desk.history(sold["id"])
        if row["redemption_id"] == elsewhere["redemption_id"]
    ]
    assert (shown["id"], shown["starts_at"]) == ("bkg_of-another-system", starts_at)


# Held until it is attended


@pytest.mark.covers("S72", "S70", "S87")
def test_units_are_held_until_the_booking_is_attended_and_stamps_link_to_it(either_desk: Desk) -> None:
    desk = either_desk
    desk.do("/v1/policies", {"deduct": "at_attendance"})
    massage = desk.service()
    anna = desk.customer(participants=[{"name": "Max", "kind": "dog"}])
    max_id = desk.get(f"/v1/customers/{anna}")["participants"][1]["id"]
    sold = desk.sell(anna, desk.offer(massage, quantity=3, sharing="household"))
    made = book(desk, anna, massage, ahead(desk, hours=1), participant_id=max_id)
    assert (made["deduct"], made["credits_used"]) == ("at_attendance", 1)
    card = desk.card(sold["id"])
    assert (card["remaining"], card["held"], card["available"], card["used"]) == (3, 1, 2, 0)
    stamp, *others = desk.units(sold["id"])
    assert (stamp["state"], stamp["booking_id"], stamp["used_at"]) == ("held", made["id"], None)
    assert stamp["participant"]["name"] == "Max"
    assert [(unit["state"], unit["booking_id"]) for unit in others] == [("available", None)] * 2

    desk.clock.forward(hours=3)
    marked = desk.do(f"/v1/bookings/{made['id']}/attendance", {"attendance": "attended"})
    stamp = desk.units(sold["id"])[0]
    assert (stamp["state"], stamp["booking_id"], stamp["used_at"]) == ("used", made["id"], made["starts_at"])
    kinds = [
        (row["kind"], row["booking"] and row["booking"]["starts_at"]) for row in desk.history(sold["id"])
    ]
    assert kinds == [
        ("purchase", None),
        ("hold", made["starts_at"]),
        ("hold", made["starts_at"]),
        ("use", made["starts_at"]),
    ]
    assert desk.get(f"/v1/redemptions/{marked['redemption_id']}")["booking"]["id"] == made["id"]


def test_a_package_with_holds_ends_only_when_they_are_released_with_it(desk: Desk) -> None:
    desk.do("/v1/policies", {"deduct": "at_attendance"})
    massage, anna = desk.service(), desk.customer()
    offer = desk.offer(massage, quantity=2)
    sold = desk.sell(anna, offer)
    made = book(desk, anna, massage)
    for verb in ("cancellation", "voiding"):
        problem = desk.refused(
            f"/v1/packages/{sold['id']}/{verb}", {"reason": "moved away"}, "holds-outstanding"
        )
        assert problem["bookings"] == [made["id"]]
    body = {"reason": "moved away", "release_holds": True}
    assert desk.do(f"/v1/packages/{sold['id']}/cancellation", body)["held"] == 0
    assert desk.do(f"/v1/bookings/{made['id']}/cancellation")["status"] == "cancelled"
    again = desk.sell(anna, offer)
    book(desk, anna, massage)
    assert desk.do(f"/v1/packages/{again['id']}/voiding", body)["status"] == "cancelled"


def test_held_units_are_not_there_for_others(desk: Desk) -> None:
    desk.do("/v1/policies", {"deduct": "at_attendance"})
    massage, anna = desk.service(), desk.customer()
    sold = desk.sell(anna, desk.offer(massage, quantity=1))
    book(desk, anna, massage)
    problem = desk.refused(
        f"/v1/packages/{sold['id']}/redemptions", {"service_id": massage}, "insufficient-units"
    )
    assert (problem["available"], problem["remaining"]) == (0, 1)
    unpaid = book(desk, anna, massage)
    assert (unpaid["sources"], unpaid["uses_package"]) == ([], False), "booked all the same, without units"


# Series


def test_each_of_a_series_has_units_of_its_own_until_there_are_none_left(either_desk: Desk) -> None:
    desk = either_desk
    massage, anna = desk.service(), desk.customer()
    sold = desk.sell(anna, desk.offer(massage, quantity=3))
    made = book(desk, anna, massage, repeat={"every": "week", "count": 5})
    assert [each["series"]["number"] for each in made["bookings"]] == [1, 2, 3]
    assert {each["series"]["id"] for each in made["bookings"]} == {made["bookings"][0]["id"]}
    assert len({each["local_time"] for each in made["bookings"]}) == 1, "also where the clocks change"
    days = [datetime.fromisoformat(each["local_date"]) for each in made["bookings"]]
    assert [(later - days[0]).days for later in days] == [0, 7, 14]
    assert [each["code"] for each in made["refused"]] == ["insufficient-units"] * 2
    assert "available" in made["refused"][0]["detail"]
    assert desk.card(sold["id"])["status"] == "fully_used"
    assert [each["id"] for each in desk.all_of("/v1/bookings", limit=2)] == [
        each["id"] for each in made["bookings"]
    ]
    desk.do(f"/v1/bookings/{made['bookings'][1]['id']}/cancellation")
    assert desk.card(sold["id"])["remaining"] == 1


def test_a_series_of_which_none_can_be_made_is_refused(desk: Desk) -> None:
    massage, anna = desk.service(), desk.customer()
    sold = desk.sell(anna, desk.offer(massage, quantity=1), expires_on=desk.today(days=3))
    body = {
        "customer_id": anna,
        "service_id": massage,
        "starts_at": ahead(desk, days=7),
        "package_id": sold["id"],
        "repeat": {"every": "week", "count": 2},
    }
    desk.refused("/v1/bookings", body, "package-expired")
    desk.refused("/v1/bookings", body | {"repeat": {"every": "day", "count": 2}}, "validation-failed")
    desk.refused("/v1/bookings", body | {"repeat": {"every": "week", "count": 53}}, "validation-failed")


# What the lists show


@pytest.mark.covers("S49", "S51", "S52", "S53", "S54", "S55", "S56", "S57", "S58", "S138", "S140")
def test_the_bookings_of_a_customer_show_everything_the_table_needs(desk: Desk) -> None:
    massage = desk.service("Massage 60", "Massage")
    anna = desk.customer(
        "Anna",
        email="anna@example.org",
        mobile="30 123 4567",
        country_code="+36",
        participants=[{"name": "Max", "kind": "dog"}],
    )
    max_id = desk.get(f"/v1/customers/{anna}")["participants"][1]["id"]
    zoe = desk.do("/v1/staff", {"name": "Zoë"})["id"]
    branch = desk.do("/v1/locations", {"name": "Buda", "time_zone": "Asia/Tokyo"})["id"]
    starts_at = ahead(desk, days=3)
    paid = {"amount": 9_000, "method": "transfer"}
    made = book(
        desk, anna, massage, starts_at, participant_id=max_id, staff_id=zoe, location_id=branch, payment=paid
    )
    page = desk.get(f"/v1/customers/{anna}/bookings")
    assert page["data"] == [made]
    header = page["customer"]
    assert (header["name"], header["email"], header["country_code"]) == ("Anna", "anna@example.org", "+36")
    assert header["mobile"]
    local = datetime.fromisoformat(starts_at).astimezone(ZoneInfo("Asia/Tokyo"))
    assert made["starts_at"] == starts_at
    assert (made["local_date"], made["local_time"]) == (local.date().isoformat(), f"{local:%H:%M}")
    assert made["time_zone"] == "Asia/Tokyo"
    assert made["service"] == {"id": massage, "name": "Massage 60", "service_type": "Massage"}
    assert (made["participant"]["name"], made["participant"]["kind"]) == ("Max", "dog")
    assert made["staff"] == {"id": zoe, "name": "Zoë"}
    assert made["location"] == {"id": branch, "name": "Buda"}
    assert (made["paid"], made["payment_method"]) == (money(9_000), "transfer")
    assert (made["credits_used"], made["uses_package"], made["attendance"]) == (0, False, "unmarked")


@pytest.mark.covers("S139", "S49", "S124")
def test_bookings_are_found_by_every_filter_and_their_combinations(either_desk: Desk) -> None:
    desk = either_desk
    massage, cut = desk.service(), desk.service("Cut", "Hair")
    anna, ben = desk.customer("Anna", participants=[{"name": "Max", "kind": "dog"}]), desk.customer("Ben")
    max_id = desk.get(f"/v1/customers/{anna}")["participants"][1]["id"]
    zoe, branch = (
        desk.do("/v1/staff", {"name": "Zoë"})["id"],
        desk.do("/v1/locations", {"name": "Buda"})["id"],
    )
    sold = desk.sell(anna, desk.offer(massage, sharing="household"))
    ref = {"source": "calendar", "ref": "7"}
    one = book(desk, anna, massage, ahead(desk, days=1), external_ref=ref)["id"]
    two = book(desk, anna, cut, ahead(desk, days=2), staff_id=zoe)["id"]
    three = book(desk, anna, massage, ahead(desk, days=3), participant_id=max_id)["id"]
    four = book(desk, ben, massage, ahead(desk, days=4), location_id=branch)["id"]
    desk.do(f"/v1/bookings/{two}/confirmation")
    desk.clock.forward(days=2)
    desk.do(f"/v1/bookings/{two}/attendance", {"attendance": "late"})
    desk.clock.forward(days=-2)

    def found(**filters: Any) -> list[str]:
        return [each["id"] for each in desk.all_of("/v1/bookings", limit=1, **filters)]

    assert found() == [one, two, three, four]
    assert found(customer_id=anna) == [one, two, three]
    assert found(customer_id=[anna, ben], service_id=massage) == [one, three, four]
    assert found(service_id=cut) == [two]
    assert found(staff_id=zoe) == found(status="confirmed") == found(attendance="late") == [two]
    assert found(location_id=branch) == [four]
    assert found(participant_id=max_id) == [three]
    assert found(package_id=sold["id"]) == [one, three]
    assert found(external_ref="calendar:7") == [one]
    assert found(**{"from": desk.today(days=2), "to": desk.today(days=3)}) == [two, three]
    assert found(**{"from": ahead(desk, days=2), "to": ahead(desk, days=2)}) == [two]
    assert found(status=["pending", "confirmed"], **{"from": desk.today(days=3)}) == [three, four]
    assert found(customer_id=ben, service_id=cut) == []
    of_anna = desk.all_of(f"/v1/customers/{anna}/bookings", service_id=massage, participant_id=max_id)
    assert [each["id"] for each in of_anna] == [three]
    assert desk.ask("/v1/bookings", therapist=zoe).json()["code"] == "unknown-parameter"


@pytest.mark.covers("S142")
def test_where_there_is_nothing_the_answer_says_what_the_screen_says(desk: Desk) -> None:
    anna, massage = desk.customer(), desk.service()
    empty = desk.get(f"/v1/customers/{anna}/bookings")
    assert (empty["data"], empty["empty_text"]) == ([], "No Data Found"), "no history"
    assert desk.get("/v1/bookings")["empty_text"] == "No Data Found"
    book(desk, anna, massage)
    assert desk.get(f"/v1/customers/{anna}/bookings")["empty_text"] is None
    assert desk.get(f"/v1/customers/{anna}/bookings", to=desk.today())["empty_text"] == "No Data Found"
    assert desk.ask("/v1/customers/cus_unknown/bookings").status_code == 404


def test_pages_stay_as_they_are_while_bookings_are_added(desk: Desk) -> None:
    anna, massage = desk.customer(), desk.service()
    made = [book(desk, anna, massage, ahead(desk, days=n))["id"] for n in (1, 2, 3)]
    first = desk.get("/v1/bookings", limit=2)
    assert [each["id"] for each in first["data"]] == made[:2]
    book(desk, anna, massage, ahead(desk, hours=1))
    rest = desk.get("/v1/bookings", limit=2, cursor=first["next_cursor"])
    assert [each["id"] for each in rest["data"]] == made[2:]
    assert desk.ask("/v1/bookings", cursor=first["next_cursor"], service_id=massage).status_code == 400


# Who may book


@pytest.mark.covers("S137")
def test_a_blocked_customer_cannot_make_bookings(desk: Desk) -> None:
    massage, anna = desk.service(), desk.customer()
    body = {"customer_id": anna, "service_id": massage, "starts_at": ahead(desk, days=1)}
    made = desk.do("/v1/bookings", body)
    desk.do(f"/v1/customers/{anna}/block", {"reason": "never pays"})
    desk.refused("/v1/bookings", body, "customer-blocked")
    desk.do(f"/v1/bookings/{made['id']}/cancellation")
    desk.do(f"/v1/customers/{anna}/unblock")
    desk.do(f"/v1/customers/{anna}/deactivation")
    desk.refused("/v1/bookings", body, "customer-inactive")


@pytest.mark.covers("S74", "S78", "S79")
def test_book_now_and_buy_more_start_from_what_the_card_shows(desk: Desk) -> None:
    massage = desk.service()
    anna = desk.customer(participants=[{"name": "Max", "kind": "dog"}])
    max_id = desk.get(f"/v1/customers/{anna}")["participants"][1]["id"]
    desk.sell(anna, desk.offer(massage), beneficiaries=[max_id])
    (card,) = desk.get(f"/v1/customers/{anna}/packages")["data"]
    made = book(desk, card["customer"]["id"], card["lines"][0]["services"][0]["id"], package_id=card["id"])
    assert (made["participant"]["id"], made["participant"]["name"]) == (max_id, "Max")
    more = desk.sell(anna, card["offer_id"], beneficiaries=[card["beneficiaries"][0]["id"]])
    assert more["purchase_number"] == 2


# Money, repeats, the past


def test_a_booking_refuses_what_cannot_be(desk: Desk) -> None:
    massage, anna, ben = desk.service(), desk.customer(), desk.customer("Ben")
    theirs = desk.sell(ben, desk.offer(massage))
    body = {"customer_id": anna, "service_id": massage, "starts_at": ahead(desk, days=1)}
    desk.refused("/v1/bookings", body | {"package_id": theirs["id"]}, "not-found")
    desk.refused("/v1/bookings", body | {"participant_id": "par_unknown"}, "not-found")
    desk.refused("/v1/bookings", body | {"service_id": "svc_unknown"}, "validation-failed")
    desk.refused("/v1/bookings", body | {"starts_at": ahead(desk, days=800)}, "validation-failed")
    dollars = {"amount": {"amount": 5, "currency": "USD"}, "method": "cash"}
    desk.refused("/v1/bookings", body | {"payment": dollars}, "validation-failed")
    desk.refused("/v1/bookings/bkg_unknown/confirmation", {}, "not-found")
    auditor = desk.as_role(Role.AUDITOR)
    auditor.refused("/v1/bookings", body, "forbidden")
    book(desk, anna, massage)
    (shown,) = auditor.get("/v1/bookings")["data"]
    assert (shown["customer"]["name"], shown["participant"]["name"]) == (None, None)


def test_the_same_request_makes_one_booking_and_a_dry_run_none(either_desk: Desk) -> None:
    desk = either_desk
    massage, anna = desk.service(), desk.customer()
    sold = desk.sell(anna, desk.offer(massage))
    body = {"customer_id": anna, "service_id": massage, "starts_at": ahead(desk, days=1)}
    tried = desk.try_out("/v1/bookings", body)
    assert (tried["id"], tried["redemption_id"], tried["recorded_at"]) == (None, None, None)
    assert [fact["name"] for fact in tried["facts"]] == ["package.redeemed", "booking.made"]
    first, again = (desk.post("/v1/bookings", body, key="book-1") for _ in range(2))
    assert first.headers["location"] == f"/v1/bookings/{first.json()['id']}"
    assert first.headers["etag"] == '"v1"'
    assert again.content == first.content
    assert desk.card(sold["id"])["remaining"] == 9
    stale = desk.post(f"/v1/bookings/{first.json()['id']}/confirmation", {}, If_Match='"v2"')
    assert stale.json()["code"] == "version-mismatch"


def test_a_booking_is_shown_as_it_was(either_desk: Desk) -> None:
    desk = either_desk
    massage, anna = desk.service(), desk.customer()
    sold = desk.sell(anna, desk.offer(massage))
    made = book(desk, anna, massage)
    path = f"/v1/bookings/{made['id']}"
    desk.do(f"{path}/confirmation")
    desk.do(f"{path}/cancellation", {"by": "business"})
    then = desk.get(path, at_version=1)
    assert (then["status"], then["credits_used"], then["version"]) == ("pending", 1, 1)
    assert then["sources"][0]["name"] == sold["name"]
    assert (then["service"]["name"], then["customer"]["name"]) == ("Massage 60", None)
    desk.do(f"/v1/services/{massage}/changes", {"name": "Massage de luxe", "service_type": "Massage"})
    assert desk.get(path, at_version=1) == then, "the same answer for ever"
    assert desk.get(path)["service"]["name"] == "Massage de luxe"
    assert desk.get(path, at_version=2)["status"] == "confirmed"
    assert desk.ask(path, at_version=4).status_code == 400
    assert desk.ask(path, as_of=desk.today(days=-1)).status_code == 404
    desk.clock.forward(days=1)
    an_hour_ago = rfc3339(desk.clock() - timedelta(hours=1))
    for clock in ("as_of", "effective_as_of"):
        assert desk.get(path, **{clock: an_hour_ago})["status"] == "cancelled"
    assert desk.as_role(Role.STAFF).ask(path, at_version=1).status_code == 403


@pytest.mark.parametrize("deduct", ["at_booking", "at_attendance"])
def test_the_list_and_the_booking_say_the_same_whatever_happened(either_desk: Desk, deduct: str) -> None:
    desk = either_desk
    desk.do("/v1/policies", {"deduct": deduct})
    massage, anna = desk.service(), desk.customer()
    sold = desk.sell(anna, desk.offer(massage, cancellation=NOTICE))
    starts_at = ahead(desk, hours=3)
    ids = [book(desk, anna, massage, starts_at)["id"] for _ in range(6)]
    missed, moved, late, ours, kept, done = (f"/v1/bookings/{id}" for id in ids)
    desk.do(f"{moved}/rescheduling", {"starts_at": ahead(desk, days=3)})
    desk.do(f"{late}/cancellation")
    desk.do(f"{ours}/cancellation", {"by": "business"})
    desk.do(f"{kept}/cancellation", {"override": "restore", "reason": "first time"})
    desk.do(f"{done}/confirmation")
    desk.clock.forward(hours=5)
    desk.do(f"{done}/completion")
    desk.do(f"{missed}/attendance", {"attendance": "no_show"})

    listed = {each["id"]: each for each in desk.all_of("/v1/bookings", limit=4)}
    assert listed == {id: desk.get(f"/v1/bookings/{id}") for id in ids}
    told = [(listed[id]["cancellation"]["outcome"], listed[id]["credits_used"]) for id in ids]
    assert told == [
        ("forfeited", 1),
        (None, 1),
        ("forfeited", 1),
        ("restored", 0),
        ("restored", 0),
        (None, 1),
    ]
    card = desk.card(sold["id"])
    held = 1 if deduct == "at_attendance" else 0
    assert (card["forfeited"], card["held"], card["redeemed"]) == (2, held, 2 - held)
    assert (card["remaining"], card["available"]) == (6 + held, 6)
    states = [unit["state"] for unit in desk.units(sold["id"])]
    counts = {state: states.count(state) for state in ("available", "held", "used", "forfeited")}
    assert counts == {"available": 6, "held": held, "used": 2 - held, "forfeited": 2}
