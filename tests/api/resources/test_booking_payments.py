"""Money for bookings at the desk: a series paid in one go, payments and refunds later, what is to be refunded."""

from datetime import timedelta
from typing import Any

import pytest

from domain.actor import Role
from domain.moments import rfc3339
from tests.api.desk import Desk, money
from tests.api.http.test_ownership import own
from tests.api.resources.test_checklist_bookings import ahead, book

pytest_plugins = ["tests.api.houses"]

CASH: dict[str, Any] = {"method": "cash"}
EARN = [{"on": "payment", "points": 1, "per_amount": 100}]


def paid_booking(desk: Desk, amount: int = 9_000, **more: Any) -> Any:
    """A booking of a service without a list price, paid in cash when it was made."""
    return book(desk, desk.customer(), desk.service(), payment={"amount": amount, **CASH}, **more)


def told(booking: Any) -> tuple[int, int, int, str | None]:
    """(paid, refunded, to refund, method)."""
    amounts = [booking[name]["amount"] for name in ("paid", "refunded", "to_refund")]
    return amounts[0], amounts[1], amounts[2], booking["payment_method"]


def in_currency(answers: list[Any], name: str) -> list[int]:
    return [each[name]["amount"] for each in answers]


@pytest.mark.covers("S102", "S54", "S145")
def test_a_payment_for_a_series_is_recorded_once_and_earns_once(either_desk: Desk) -> None:
    desk = either_desk
    desk.do("/v1/policies", {"earn": EARN})
    massage, anna = desk.service(), desk.customer()
    body = {
        "customer_id": anna,
        "service_id": massage,
        "starts_at": ahead(desk, days=3),
        "repeat": {"every": "week", "count": 3},
        "payment": {"amount": 10_000, **CASH, "external_ref": {"source": "till", "ref": "42"}},
    }
    first, again = (desk.post("/v1/bookings", body, key="series") for _ in range(2))
    assert again.content == first.content
    made = first.json()["bookings"]
    assert in_currency(made, "paid") == [3_334, 3_333, 3_333]
    assert len({each["payment_id"] for each in made}) == 3
    points = desk.get(f"/v1/customers/{anna}/points")
    assert [(row["points"], row["source"]["id"]) for row in points["data"]] == [(100, made[0]["payment_id"])]
    desk.refused(
        f"/v1/bookings/{made[1]['id']}/payments",
        {"amount": 1, **CASH, "external_ref": {"source": "till", "ref": "42"}},
        "duplicate-external-ref",
    )
    back = {"amount": 3_333, "reason": "one week less"}
    refunded = desk.do(f"/v1/payments/{made[2]['payment_id']}/refunds", back)
    assert (refunded["id"], told(refunded)) == (made[2]["id"], (0, 3_333, 0, "cash"))
    assert desk.get(f"/v1/customers/{anna}")["points"] == 66


@pytest.mark.covers("S54", "S55")
def test_a_booking_is_paid_later_in_parts_and_the_list_says_the_same(either_desk: Desk) -> None:
    desk = either_desk
    massage, anna = desk.service(list_price=6_000), desk.customer()
    made = book(desk, anna, massage)
    assert (made["price"], made["owing"], made["payment_status"]) == (money(6_000), money(6_000), "unpaid")
    path = f"/v1/bookings/{made['id']}/payments"
    ref = {"source": "till", "ref": "7"}
    part = desk.do(path, {"id": "pay_part", "amount": 2_000, "method": "card", "external_ref": ref})
    assert (part["payment_id"], part["payment_status"], part["owing"]) == (
        "pay_part",
        "partial",
        money(4_000),
    )
    problem = desk.refused(path, {"amount": 4_001, **CASH}, "overpayment")
    assert (problem["requested"], problem["owing"]) == (4_001, 4_000)
    desk.refused(path, {"amount": 0, **CASH}, "validation-failed")
    desk.refused(path, {"id": "pay_part", "amount": 1, **CASH}, "id-taken")
    desk.refused("/v1/bookings/bkg_unknown/payments", {"amount": 1, **CASH}, "not-found")
    rest = desk.as_role(Role.STAFF).do(path, {"amount": 4_000, **CASH})
    assert (rest["payment_status"], rest["owing"], told(rest)) == ("paid", money(0), (6_000, 0, 0, "cash"))
    assert desk.get(f"/v1/bookings/{made['id']}") == rest == desk.all_of("/v1/bookings")[0]
    assert desk.get(f"/v1/customers/{anna}/activity")["bookings"]["upcoming"] == [rest]
    payments = desk.all_of(path, limit=1)
    assert in_currency(payments, "amount") == [2_000, 4_000]
    assert [each["external_ref"] for each in payments] == [ref, None]


@pytest.mark.covers("S81")
def test_what_the_business_cancels_is_to_be_refunded(either_desk: Desk) -> None:
    desk = either_desk
    made = paid_booking(desk)
    path = f"/v1/bookings/{made['id']}"
    cancelled = desk.do(f"{path}/cancellation", {"by": "business"})
    assert told(cancelled) == (9_000, 0, 9_000, "cash")
    desk.refused(f"{path}/payments", {"amount": 1, **CASH}, "booking-state")
    refunds = f"/v1/payments/{made['payment_id']}/refunds"
    first = desk.do(refunds, {"amount": 4_000, "reason": "we were ill"})
    assert told(first) == (5_000, 4_000, 5_000, "cash")
    problem = desk.refused(refunds, {"amount": 5_001, "reason": "x"}, "refund-exceeds-paid")
    assert problem["refundable"] == 5_000
    whole = desk.do(refunds, {"amount": 5_000, "reason": "we were ill"})
    assert told(whole) == (0, 9_000, 0, "cash")
    assert desk.get(path) == whole == desk.all_of("/v1/bookings")[0]
    (payment,) = desk.get(f"{path}/payments")["data"]
    assert (payment["refunded"], payment["refundable"]) == (money(9_000), money(0))
    assert [(each["amount"], each["reason"]) for each in payment["refunds"]] == [
        (money(4_000), "we were ill"),
        (money(5_000), "we were ill"),
    ]


def test_a_late_cancellation_keeps_the_money_and_may_be_charged(desk: Desk) -> None:
    desk.do("/v1/policies", {"cancellation": {"notice_hours": 24, "late": "forfeit"}})
    massage, anna = desk.service(list_price=6_000), desk.customer()
    made = book(desk, anna, massage, ahead(desk, hours=3), payment={"amount": 1_000, **CASH})
    path = f"/v1/bookings/{made['id']}"
    assert told(desk.do(f"{path}/cancellation")) == (1_000, 0, 0, "cash")
    assert told(desk.do(f"{path}/payments", {"amount": 2_000, "method": "card"})) == (3_000, 0, 0, "card")


def test_who_may_take_money_and_give_it_back(desk: Desk) -> None:
    made = paid_booking(desk)
    path, refunds = f"/v1/bookings/{made['id']}/payments", f"/v1/payments/{made['payment_id']}/refunds"
    back = {"amount": 1, "reason": "promised"}
    app = own(desk, made["customer"]["id"])
    app.refused(path, {"amount": 1, **CASH}, "forbidden")
    assert [each["payment_id"] for each in app.get(path)["data"]] == [made["payment_id"]]
    assert own(desk, desk.customer("Ben")).ask(path).status_code == 404
    for role in (Role.STAFF, Role.INTEGRATION):
        desk.as_role(role).do(path, {"amount": 1, **CASH})
        desk.as_role(role).refused(refunds, back, "forbidden")
    auditor = desk.as_role(Role.AUDITOR)
    auditor.refused(path, {"amount": 1, **CASH}, "forbidden")
    assert len(auditor.get(path)["data"]) == 3
    assert desk.as_role(Role.MANAGER).do(refunds, back)["refunded"] == money(1)


def test_the_same_payment_and_the_same_refund_are_recorded_once(either_desk: Desk) -> None:
    desk = either_desk
    made = paid_booking(desk)
    path, refunds = f"/v1/bookings/{made['id']}/payments", f"/v1/payments/{made['payment_id']}/refunds"
    for place, body in ((path, {"amount": 500, **CASH}), (refunds, {"amount": 300, "reason": "promised"})):
        first, again = (desk.post(place, body, key=place) for _ in range(2))
        assert again.content == first.content
        assert desk.try_out(place, body)["dry_run"] is True
    assert told(desk.get(f"/v1/bookings/{made['id']}")) == (9_200, 300, 0, "cash")
    stale = desk.post(path, {"amount": 1, **CASH}, If_Match='"v1"')
    assert stale.json()["code"] == "version-mismatch"


def test_money_of_the_past_is_shown_as_it_was(either_desk: Desk) -> None:
    desk = either_desk
    made = paid_booking(desk, 1_000)
    path = f"/v1/bookings/{made['id']}"
    desk.clock.forward(hours=1)
    before = rfc3339(desk.clock() - timedelta(minutes=30))
    yesterday = rfc3339(desk.clock() - timedelta(days=1))
    desk.refused(
        f"{path}/payments", {"amount": 1, **CASH, "effective_at": yesterday}, "effective-at-out-of-range"
    )
    desk.do(f"{path}/payments", {"amount": 500, **CASH, "effective_at": before})
    desk.clock.forward(hours=1)
    for minutes, amount in ((75, 1_500), (100, 1_000)):
        then = rfc3339(desk.clock() - timedelta(minutes=minutes))
        assert desk.get(path, effective_as_of=then)["paid"] == money(amount)
        page = desk.get(f"{path}/payments", effective_as_of=then)["data"]
        assert sum(in_currency(page, "amount")) == amount
    assert desk.get(path, at_version=1)["paid"] == money(0)
    assert desk.get(path, at_version=2)["paid"] == money(1_000)


def test_what_was_paid_before_its_booking_was_entered_counts_from_its_entry(desk: Desk) -> None:
    start = rfc3339(desk.clock() - timedelta(hours=2))
    made = book(desk, desk.customer(), desk.service(), start)
    path = f"/v1/bookings/{made['id']}"
    desk.do(f"{path}/payments", {"amount": 700, **CASH, "effective_at": start})
    desk.clock.forward(minutes=5)
    assert desk.ask(path, effective_as_of=rfc3339(desk.clock() - timedelta(hours=1))).status_code == 404
    now = rfc3339(desk.clock() - timedelta(minutes=1))
    assert desk.get(path, effective_as_of=now)["paid"] == money(700)
    (payment,) = desk.get(f"{path}/payments")["data"]
    assert payment["effective_at"] == start
