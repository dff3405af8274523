"""A server whose clock is behind what the ledger has recorded, as its callers see it."""

from tests.api.desk import Desk

pytest_plugins = ["tests.api.houses"]


def test_a_clock_that_is_a_minute_behind_refuses_nobody(either_desk: Desk) -> None:
    desk = either_desk
    service = desk.service()
    package = desk.sell(desk.customer(), desk.offer(service))["id"]
    desk.clock.forward(minutes=-1)
    desk.redeem(package, service)

    sale, *_, use = desk.history(package)
    assert use["recorded_at"] >= sale["recorded_at"]
    assert use["effective_at"] >= sale["effective_at"]
    assert desk.card(package)["remaining"] == 9
    assert desk.ask("/readyz").status_code == 200


def test_a_clock_that_is_far_behind_is_a_fault_of_the_server(either_desk: Desk) -> None:
    desk = either_desk
    service = desk.service()
    package = desk.sell(desk.customer(), desk.offer(service))["id"]
    use = {"service_id": service}
    first = desk.post(f"/v1/packages/{package}/redemptions", use, key="once")
    assert first.status_code == 201
    head = desk.head

    desk.clock.forward(minutes=-6)
    refused = desk.post(f"/v1/packages/{package}/redemptions", use)
    assert (refused.status_code, refused.json()["code"]) == (503, "clock-skew")
    assert refused.headers["retry-after"]
    assert desk.post(f"/v1/packages/{package}/redemptions?dry_run=true", use).status_code == 503
    assert desk.ask("/readyz").json()["code"] == "clock-skew"
    assert desk.ask("/livez").status_code == 200
    again = desk.post(f"/v1/packages/{package}/redemptions", use, key="once")
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert desk.card(package)["remaining"] == 9, "questions are answered"
    assert desk.head == head

    desk.clock.forward(minutes=6)
    desk.redeem(package, service)
    assert desk.ask("/readyz").status_code == 200
