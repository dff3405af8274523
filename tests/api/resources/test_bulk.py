"""Bulk actions: many customers at once, each decided and answered for itself."""

from typing import Any

import pytest

from domain.actor import Role
from domain.ledger.errors import LedgerUnavailable
from tests.api.desk import Desk

pytest_plugins = ["tests.api.houses"]

BULK = "/v1/customers/bulk"


def told(answer: Any) -> dict[str, str | None]:
    return {row["customer_id"]: row["code"] for row in answer["rows"]}


@pytest.mark.covers("S113")
def test_a_selection_is_changed_and_each_customer_is_answered_for(either_desk: Desk) -> None:
    desk = either_desk
    anna, bela = desk.customer("Anna"), desk.customer("Béla")
    chosen = {"action": "block", "customer_ids": [anna, "cus_nobody", bela, anna], "reason": "Did not pay"}
    answer = desk.do(BULK, chosen)
    assert told(answer) == {anna: None, "cus_nobody": "not-found", bela: None}
    assert (answer["customers"], answer["done"], answer["refused"]) == (3, 2, 1)
    assert [desk.get(f"/v1/customers/{id}")["blocked"] for id in (anna, bela)] == [True, True]
    before = desk.head
    assert told(desk.do(BULK, chosen)) == told(answer), "what is so already is done"
    assert desk.head == before


@pytest.mark.parametrize(
    ("action", "shown"),
    [
        ({"action": "deactivate"}, {"status": "inactive"}),
        ({"action": "activate"}, {"status": "active"}),
        ({"action": "unblock"}, {"blocked": False}),
        ({"action": "categorise", "category": "VIP"}, {"category": "VIP"}),
        ({"action": "categorise", "category": None}, {"category": None}),
    ],
)
def test_every_action_does_what_it_says(desk: Desk, action: Any, shown: Any) -> None:
    anna = desk.customer("Anna")
    desk.do(BULK, {**action, "customer_ids": [anna]})
    card = desk.get(f"/v1/customers/{anna}")
    assert {name: card[name] for name in shown} == shown


def test_a_segment_is_changed_as_it_is_at_that_moment(either_desk: Desk) -> None:
    desk = either_desk
    vips = [desk.customer(name, category="VIP") for name in ("Anna", "Béla")]
    desk.customer("Cili")
    saved = {"name": "VIPs", "filters": {"category": ["VIP"]}}
    segment = desk.do("/v1/segments", saved)["id"]
    asked = {"action": "categorise", "category": None, "segment_id": segment}
    answer = desk.do(BULK, asked)
    assert [row["customer_id"] for row in answer["rows"]] == sorted(vips)
    assert desk.do(BULK, asked)["rows"] == [], "nobody passes its filters any more"
    desk.do(f"/v1/segments/{segment}/removal")
    desk.refused(BULK, asked, "not-found")


def test_a_repeated_request_gets_the_same_answer_whatever_changed_since(desk: Desk) -> None:
    anna = desk.customer("Anna", category="VIP")
    segment = desk.do("/v1/segments", {"name": "VIPs", "filters": {"category": ["VIP"]}})["id"]
    asked = {"action": "categorise", "category": None, "segment_id": segment}
    first = desk.post(BULK, asked, key="once").json()
    desk.customer("Béla", category="VIP")
    assert desk.post(BULK, asked, key="once").json() == first
    assert told(first) == {anna: None}
    other = desk.post(BULK, {**asked, "category": "VIP"}, key="once")
    assert other.json()["code"] == "idempotency-key-reused"


def test_an_interrupted_request_goes_on_with_the_customers_it_began_with(desk: Desk) -> None:
    """The list was stored, and the first customer changed, when the database went away."""
    anna, bela = sorted(desk.customer(name, category="VIP") for name in ("Anna", "Béla"))
    segment = desk.do("/v1/segments", {"name": "VIPs", "filters": {"category": ["VIP"]}})["id"]
    asked = {"action": "categorise", "category": None, "segment_id": segment}
    execute = desk.carnet.ledger(desk.business_id).execute
    ledger = type(desk.carnet.ledger(desk.business_id))

    def breaks_off(self: Any, orders: Any) -> Any:
        execute(orders[:1])
        raise LedgerUnavailable("the database is gone")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "execute", breaks_off)
        assert desk.post(BULK, asked, key="once").status_code == 503
    assert desk.get(f"/v1/customers/{anna}")["category"] is None
    assert told(desk.post(BULK, asked, key="once").json()) == {anna: None, bela: None}


def test_a_dry_run_tells_each_row_and_changes_nothing(desk: Desk) -> None:
    anna, before = desk.customer("Anna"), desk.head
    answer = desk.try_out(BULK, {"action": "deactivate", "customer_ids": [anna, "cus_nobody"]})
    assert told(answer) == {anna: None, "cus_nobody": "not-found"}
    assert desk.head == before


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"action": "block"}, "/customer_ids"),
        ({"action": "block", "customer_ids": ["cus_1"], "segment_id": "seg_1"}, "/customer_ids"),
        ({"action": "block", "customer_ids": []}, "/customer_ids"),
        ({"action": "block", "customer_ids": ["cus_1"], "category": "VIP"}, "/category"),
        ({"action": "categorise", "customer_ids": ["cus_1"]}, "/category"),
        ({"action": "activate", "customer_ids": ["cus_1"], "reason": "x"}, "/reason"),
        ({"action": "block", "customer_ids": [f"cus_{n}" for n in range(1_001)]}, "/customer_ids"),
    ],
)
def test_members_that_do_not_go_together_are_named(desk: Desk, body: Any, pointer: str) -> None:
    problem = desk.refused(BULK, body, "validation-failed")
    assert [flaw["pointer"] for flaw in problem["errors"]] == [pointer]


def test_staff_change_customers_one_by_one(desk: Desk) -> None:
    answer = desk.as_role(Role.STAFF).post(BULK, {"action": "block", "customer_ids": ["cus_1"]})
    assert answer.json()["code"] == "forbidden"
