"""Who entered it, beside who performed: on every row that a person reads."""

from dataclasses import replace
from typing import Any

import pytest

from api.http.permissions import Scope
from domain.actor import Role
from tests.api.desk import Desk

pytest_plugins = ["tests.api.houses"]


def with_key(desk: Desk, name: str, **more: Any) -> tuple[Desk, str]:
    """The desk with a new key of that name, and the id of its actor."""
    issued = desk.do("/v1/keys", {"name": name, "role": "staff", **more})
    return replace(desk, key=issued["key"]), issued["actor_id"]


@pytest.mark.covers("S33", "S38", "S149")
def test_a_desks_key_that_names_nobody_shows_by_its_name(either_desk: Desk) -> None:
    desk = either_desk
    massage, anna, zoe = desk.service(), desk.customer("Anna"), desk.do("/v1/staff", {"name": "Zoë"})["id"]
    front, key_id = with_key(desk, "front desk")
    front_desk = {"id": key_id, "name": "front desk", "role": "staff"}
    sold = front.sell(anna, desk.offer(massage), payment={"amount": 10_000, "method": "cash"})
    path = f"/v1/packages/{sold['id']}"
    used = front.redeem(sold["id"], massage, staff_id=zoe)
    front.do(f"{path}/notes", {"text": "agreed to pay 5k Ft per visit"})
    given = front.do(f"/v1/customers/{anna}/points", {"action": "add", "points": 5})

    rows = desk.history(sold["id"])
    assert [row["entered_by"] for row in rows] == [front_desk] * 4
    assert [row["staff"] for row in rows] == [None, None, {"id": zoe, "name": "Zoë"}, None]
    (note,) = desk.get(f"{path}/notes")["data"]
    assert (note["entered_by"], note["staff"]) == (front_desk, None)
    (payment,) = desk.get(f"{path}/payments")["data"]
    assert payment["entered_by"] == front_desk
    redemption = desk.get(f"/v1/redemptions/{used['redemption_id']}")
    assert (redemption["entered_by"], redemption["staff"]["name"]) == (front_desk, "Zoë")
    rewarded_by = {"id": key_id, "name": "front desk", "kind": "staff"}
    assert given["rewarded_by"] == rewarded_by
    assert desk.get(f"/v1/customers/{anna}/points")["data"][-1]["rewarded_by"] == rewarded_by
    front.do(f"/v1/customers/{anna}/changes", {"gender": "female"})
    assert desk.all_of(f"/v1/customers/{anna}/history")[-1]["entered_by"] == front_desk


def test_a_member_of_staff_shows_by_their_own_name_and_a_refund_by_who_gave_it(desk: Desk) -> None:
    anna, zoe = desk.customer("Anna"), desk.do("/v1/staff", {"name": "Zoë"})["id"]
    till, _ = with_key(desk, "Zoë’s phone", staff_id=zoe)
    sold = till.sell(anna, desk.offer(desk.service()), payment={"amount": 10_000, "method": "cash"})
    (payment,) = desk.get(f"/v1/packages/{sold['id']}/payments")["data"]
    assert payment["entered_by"] == {"id": zoe, "name": "Zoë", "role": "staff"}
    desk.do(f"/v1/payments/{payment['payment_id']}/refunds", {"amount": 1_000, "reason": "too dear"})
    (payment,) = desk.get(f"/v1/packages/{sold['id']}/payments")["data"]
    (refund,) = payment["refunds"]
    assert (refund["entered_by"]["name"], refund["entered_by"]["role"]) == ("owner", "owner")
    (entry,) = desk.get("/v1/reports/corrections", **{"from": desk.today()})["data"]
    assert entry["entered_by"] == refund["entered_by"]


def test_an_auditor_and_the_past_tell_ids_and_roles_and_no_names(desk: Desk) -> None:
    massage = desk.service()
    front, key_id = with_key(desk, "Zoë’s tablet")
    sold = front.sell(desk.customer("Anna"), desk.offer(massage))
    unnamed = {"id": key_id, "name": None, "role": "staff"}
    auditor = desk.as_role(Role.AUDITOR)
    assert [row["entered_by"] for row in auditor.history(sold["id"])] == [unnamed]
    assert [row["entered_by"] for row in desk.history(sold["id"], at_version=1)] == [unnamed]
    reader = desk.with_scopes(Scope.READ)
    assert [row["entered_by"] for row in reader.history(sold["id"])] == [unnamed]


def test_a_revoked_key_keeps_its_name(either_desk: Desk) -> None:
    desk = either_desk
    front, key_id = with_key(desk, "front desk")
    sold = front.sell(desk.customer("Anna"), desk.offer(desk.service()))
    desk.do(f"/v1/keys/{key_id}/revocation")
    (row,) = desk.history(sold["id"])
    assert row["entered_by"]["name"] == "front desk"


def test_a_customer_who_booked_shows_by_name(desk: Desk) -> None:
    massage, anna = desk.service(), desk.customer("Anna")
    sold = desk.sell(anna, desk.offer(massage))
    app = desk.as_role(Role.CUSTOMER, anna)
    body = {"customer_id": anna, "service_id": massage, "starts_at": f"{desk.today(days=2)}T10:00:00Z"}
    app.do("/v1/bookings", body)
    (_, used) = desk.history(sold["id"])
    assert (used["kind"], used["staff"]) == ("use", None)
    assert used["entered_by"] == {"id": anna, "name": "Anna", "role": "customer"}


@pytest.mark.covers("S37")
def test_a_desks_key_takes_back_its_own_use_of_the_same_day(either_desk: Desk) -> None:
    desk = either_desk
    massage = desk.service()
    front, _ = with_key(desk, "front desk")
    other, _ = with_key(desk, "back room")
    sold = desk.sell(desk.customer("Anna"), desk.offer(massage))
    for staff_id in (None, desk.do("/v1/staff", {"name": "Zoë"})["id"]):
        used = front.redeem(sold["id"], massage, **({"staff_id": staff_id} if staff_id else {}))
        path = f"/v1/redemptions/{used['redemption_id']}/restorations"
        other.refused(path, {}, "forbidden")
        assert front.do(path)["restored"] == 1
    used = front.redeem(sold["id"], massage)
    desk.clock.forward(days=1)
    front.refused(f"/v1/redemptions/{used['redemption_id']}/restorations", {}, "forbidden")
