"""The history of a booking: one row for each fact, on both clocks, with who entered it and why."""

from domain.actor import Role
from tests.api.desk import Desk

pytest_plugins = ["tests.api.houses"]


def test_a_booking_tells_when_it_was_made_moved_paid_and_cancelled(either_desk: Desk) -> None:
    desk = either_desk
    massage, anna = desk.service(), desk.customer("Anna")
    package = desk.sell(anna, desk.offer(massage))["id"]
    starts_at, later = "2027-01-04T08:00:00.000Z", "2027-01-05T08:00:00.000Z"
    made = desk.do(
        "/v1/bookings",
        {"customer_id": anna, "service_id": massage, "starts_at": starts_at, "package_id": package},
    )["id"]
    desk.do(f"/v1/bookings/{made}/rescheduling", {"starts_at": later})
    money = {"amount": 500, "method": "cash", "price": 500}
    unpaid = desk.do(
        "/v1/bookings", {"customer_id": anna, "service_id": desk.service("Talk"), "starts_at": starts_at}
    )["id"]
    paid = desk.do(f"/v1/bookings/{unpaid}/payments", money)["payment_id"]
    desk.do(f"/v1/payments/{paid}/refunds", {"amount": 200, "reason": "A part of it"})
    desk.do(f"/v1/bookings/{made}/cancellation", {"by": "customer", "reason": "Ill"})
    path = f"/v1/bookings/{made}/history"
    rows = desk.get(path)["data"]
    kinds = [row["kind"] for row in rows]
    assert kinds[0] == "booking"
    assert kinds[-2:] == ["rescheduling", "cancellation"]
    assert [row["version"] for row in rows] == list(range(1, len(rows) + 1))
    moved, cancelled = rows[-2:]
    assert (moved["previous_starts_at"], moved["starts_at"]) == (starts_at, later)
    assert moved["units"] == [{"package_id": package, "line": 1, "quantity": 1}]
    assert (cancelled["by"], cancelled["in_time"], cancelled["reason"]) == ("customer", True, "Ill")
    assert [(each["package_id"], each["outcome"]) for each in cancelled["outcomes"]] == [
        (package, "restored")
    ]
    assert cancelled["entered_by"]["role"] == "owner"
    assert [row["version"] for row in desk.all_of(path, order="newest", limit=1)] == [
        row["version"] for row in reversed(rows)
    ]
    assert desk.get(path, at_version=1)["data"] == [{**rows[0], "entered_by": nameless(rows[0])}]
    money_rows = [row for row in desk.get(f"/v1/bookings/{unpaid}/history")["data"] if row["amount"]]
    assert [(row["kind"], row["amount"]["amount"], row["payment_id"]) for row in money_rows] == [
        ("payment", 500, paid),
        ("refund", 200, paid),
    ]
    assert money_rows[1]["reason"] == "A part of it"
    unseen = desk.as_role(Role.AUDITOR).get(path)["data"][-1]
    assert (unseen["reason"], unseen["entered_by"]["name"]) == (None, None)
    assert len(desk.as_role(Role.CUSTOMER, anna).get(path)["data"]) == len(rows)
    stranger = desk.as_role(Role.CUSTOMER, desk.customer("Béla"))
    assert stranger.ask(path).status_code == 404
    assert desk.ask("/v1/bookings/bkg_none/history").status_code == 404


def test_a_mark_and_its_correction_are_rows(desk: Desk) -> None:
    massage, anna = desk.service(), desk.customer("Anna")
    booking = desk.do(
        "/v1/bookings",
        {
            "customer_id": anna,
            "service_id": massage,
            "starts_at": (desk.clock()).strftime("%Y-%m-%dT%H:%M:00Z"),
        },
    )["id"]
    desk.clock.forward(hours=1)
    desk.do(f"/v1/bookings/{booking}/attendance", {"attendance": "no_show"})
    desk.do(f"/v1/bookings/{booking}/attendance", {"attendance": "late", "reason": "Came at ten"})
    marks = [row for row in desk.get(f"/v1/bookings/{booking}/history")["data"] if row["attendance"]]
    assert [(row["attendance"], row["previous_attendance"], row["reason"]) for row in marks] == [
        ("no_show", None, None),
        ("late", "no_show", "Came at ten"),
    ]


def nameless(row: dict[str, dict[str, str]]) -> dict[str, str | None]:
    return {**row["entered_by"], "name": None}
