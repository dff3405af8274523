"""What can be used now, and why not: one answer on the card, in lists, in credits, in the past, and by the desk."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.api.desk import Desk

pytest_plugins = ["tests.api.houses"]

BECAUSE = {"reason": "ill"}


def told_everywhere(desk: Desk, package_id: str) -> tuple[int, str | None]:
    """(available, reason) of a package, which card, lists, credits and activity all tell alike."""
    card = desk.card(package_id)
    available, reason = card["available"], card["unavailable_because"]
    assert (reason is None) == (available > 0)
    assert sum(line["available"] for line in card["lines"]) == available
    path = f"/v1/customers/{card['customer']['id']}"
    shown = [*desk.all_of(f"{path}/packages"), *desk.all_of("/v1/packages")]
    shown += desk.get(f"{path}/activity")["packages"]
    for each in shown:
        if each["id"] == package_id:
            assert (each["available"], each["unavailable_because"]) == (available, reason)
    credits = [p for service in desk.get(f"{path}/credits")["services"] for p in service["packages"]]
    counted = sum(part["available"] for part in credits if part["package_id"] == package_id)
    assert counted == available
    return available, reason


def recorded_a_while_ago(desk: Desk) -> str:
    """When the last fact was recorded, once that millisecond is over."""
    recorded_at: str = desk.get("/v1/facts", after=desk.head - 1)["data"][0]["recorded_at"]
    while desk.clock() <= datetime.fromisoformat(recorded_at) + timedelta(milliseconds=1):
        pass
    return recorded_at


def is_refused(desk: Desk, package_id: str, service_id: str, code: str) -> None:
    desk.refused(f"/v1/packages/{package_id}/redemptions", {"service_id": service_id}, code)


@pytest.mark.covers("S12", "S35", "S41")
def test_an_unpaid_package_is_not_available_where_the_business_requires_payment(either_desk: Desk) -> None:
    desk = either_desk
    massage, anna = desk.service(), desk.customer()
    id = desk.sell(anna, desk.offer(massage))["id"]
    assert told_everywhere(desk, id) == (10, None)
    desk.do("/v1/policies", {"payment_required": True})
    assert told_everywhere(desk, id) == (0, "payment-required")
    is_refused(desk, id, massage, "payment-required")
    path = f"/v1/packages/{id}/payments"
    part = desk.do(path, {"amount": 20_000, "method": "cash"})
    assert (part["available"], part["unavailable_because"]) == (0, "payment-required")
    paid = desk.do(path, {"amount": 30_000, "method": "cash"})
    assert (paid["available"], paid["unavailable_because"]) == (10, None)
    assert told_everywhere(desk, id) == (10, None)
    assert desk.redeem(id, massage)["available"] == 9


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("freeze", {"until": 5, **BECAUSE}, "package-frozen"),
        ("cancellation", BECAUSE, "package-cancelled"),
        ("expiry", {"expires_on": -1, **BECAUSE}, "package-expired"),
        ("corrections", {"line": 1, "change": -10}, "insufficient-units"),
    ],
)
def test_the_reason_is_the_code_that_a_use_is_refused_with(
    desk: Desk, path: str, body: dict[str, Any], reason: str
) -> None:
    massage, anna = desk.service(), desk.customer()
    id = desk.sell(anna, desk.offer(massage), effective_at=desk.today(days=-3))["id"]
    days = {name: desk.today(days=day) for name, day in body.items() if name in ("until", "expires_on")}
    done = desk.do(f"/v1/packages/{id}/{path}", body | days)
    assert (done["available"], done["unavailable_because"]) == (0, reason)
    assert told_everywhere(desk, id) == (0, reason)
    is_refused(desk, id, massage, reason)


def test_units_that_are_all_held_are_not_available(desk: Desk) -> None:
    desk.do("/v1/policies", {"deduct": "at_attendance"})
    massage, anna = desk.service(), desk.customer()
    id = desk.sell(anna, desk.offer(massage, quantity=1))["id"]
    body = {"customer_id": anna, "service_id": massage, "starts_at": f"{desk.today(days=2)}T10:00:00Z"}
    desk.do("/v1/bookings", body)
    assert told_everywhere(desk, id) == (0, "insufficient-units")
    assert desk.card(id)["remaining"] == 1
    is_refused(desk, id, massage, "insufficient-units")


def test_the_past_tells_what_could_be_used_by_the_policies_of_then(either_desk: Desk) -> None:
    desk = either_desk
    massage, anna = desk.service(), desk.customer()
    id = desk.sell(anna, desk.offer(massage))["id"]
    sold = recorded_a_while_ago(desk)
    desk.do("/v1/policies", {"payment_required": True})
    required = recorded_a_while_ago(desk)
    desk.do("/v1/policies", {"payment_required": False})
    not_required = recorded_a_while_ago(desk)
    path = f"/v1/customers/{anna}/packages"
    for asked, wanted in (
        ({"as_of": required}, (10, None)),
        ({"as_of": not_required}, (0, "payment-required")),
        ({"effective_as_of": sold}, (10, None)),
        ({"effective_as_of": required}, (0, "payment-required")),
        ({"effective_as_of": not_required}, (10, None)),
    ):
        for card in (desk.card(id, **asked), *desk.get(path, **asked)["data"]):
            assert (card["available"], card["unavailable_because"]) == wanted, asked
    assert desk.card(id, at_version=1)["available"] == 10, "judged when it was sold"
    assert told_everywhere(desk, id) == (10, None)


@pytest.mark.covers("S82")
def test_what_is_not_paid_comes_after_what_can_be_used(desk: Desk) -> None:
    massage, anna = desk.service(), desk.customer()
    offer = desk.offer(massage, price=1_000)
    unpaid = desk.sell(anna, offer, expires_on=desk.today(days=5))["id"]
    paid = desk.sell(
        anna, offer, expires_on=desk.today(days=50), payment={"amount": 1_000, "method": "cash"}
    )["id"]
    order = [card["id"] for card in desk.get(f"/v1/customers/{anna}/packages")["data"]]
    assert order == [unpaid, paid]
    desk.do("/v1/policies", {"payment_required": True})
    pages = desk.all_of(f"/v1/customers/{anna}/packages", limit=1)
    assert [card["id"] for card in pages] == [paid, unpaid]
    assert not any(card["collapsed"] for card in pages)
