"""Credits and activity of a customer, memberships and rules that top up."""

import pytest

from domain.actor import Role
from tests.api.desk import Desk
from tests.api.pages.browser import Browser, filled

pytest_plugins = ["tests.api.houses"]


@pytest.mark.covers("S41", "S42", "S43", "S44", "S45", "S46")
def test_credits_say_what_can_be_used_and_what_was_used_from_where(either_desk: Desk) -> None:
    desk = either_desk
    service, anna = desk.service(), desk.customer("Anna")
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/customers/{anna}/credits")
    assert "Nothing is left to use." in browser.text
    assert "No credit was ever used here." in browser.text
    package = desk.sell(anna, desk.offer(service))["id"]
    starts = f"{desk.today(days=3)}T09:00:00Z"
    booking = desk.do(
        "/v1/bookings", {"customer_id": anna, "service_id": service, "starts_at": starts, "quantity": 2}
    )
    desk.redeem(package, service)
    browser.go(f"/desk/customers/{anna}/credits")
    assert "7 Massage 60" in browser.text
    (usage,) = browser.page.all("div", id="usage")
    rows = [row.text for row in next(usage.all("tbody")).all("tr")]
    assert len(rows) == 2
    assert "no booking Massage 60 1 Massage ×10 💆 Purchase #1 Anna" in rows[0]
    assert "Massage 60 2 Massage ×10 💆 Purchase #1 Anna" in rows[1]
    assert f"/desk/bookings/{booking['id']}" in browser.answer.text
    assert len(browser.go(f"{browser.address}?as=json").json()["usage"]) == 2
    assert "deducted_on" in browser.go(f"/desk/customers/{anna}/credits?as=csv").text


@pytest.mark.covers("S40", "S46", "S47", "S48", "S49", "S51", "S52", "S53", "S54", "S55", "S56", "S57", "S58")
def test_a_membership_is_started_paused_ended_and_taken_back(either_desk: Desk) -> None:
    desk = either_desk
    service, anna = desk.service(), desk.customer("Anna", participants=[{"name": "Max", "kind": "dog"}])
    plan = {"name": "Gold", "price": 40_000, "lines": [{"quantity": 4, "services": [service]}]}
    desk.do("/v1/plans", plan | {"period": {"count": 1, "unit": "months"}, "rollover_limit": 2})
    zoe = desk.do("/v1/staff", {"name": "Zoë"})["id"]
    max_ = desk.get(f"/v1/customers/{anna}")["participants"][1]["id"]
    starts = f"{desk.today(days=3)}T09:00:00Z"
    paid = {"payment": {"amount": 9_000, "method": "card"}}
    booked = {"customer_id": anna, "service_id": service, "participant_id": max_, "staff_id": zoe}
    desk.do("/v1/bookings", {**booked, "starts_at": starts, **paid})
    browser = Browser.signed_in(desk)
    browser.go(f"/desk/customers/{anna}/activity")
    assert "Massage 60 Max Zoë Pending not marked €90.00 Card" in browser.text
    assert "Household: Max" in browser.text

    browser.go(f"/desk/customers/{anna}/memberships/new")
    plan_id = desk.get("/v1/plans")["data"][0]["id"]
    before = desk.head
    browser.send("/memberships/new", plan_id=plan_id, **{"try": "yes"})
    assert desk.head == before
    assert "Gold: €400.00 every month, 4 × Massage 60." in browser.text
    form = filled(browser.form("/memberships/new")) | {"plan_id": plan_id}
    for _ in range(2):
        browser.post(f"/desk/customers/{anna}/memberships/new", form)
    (membership,) = desk.get(f"/v1/customers/{anna}/memberships")["data"]
    at = f"/desk/memberships/{membership['id']}"
    assert browser.address == at
    browser.send("/pause", until=desk.today(days=9), reason="Holiday")
    assert "Nothing of it can be used until" in browser.text
    stale = filled(browser.form("/ending")) | {"reason": "Moves away"}
    browser.send("/pause")
    assert desk.get(f"/v1{at.removeprefix('/desk')}")["status"] == "paused"
    assert browser.post(f"{at}/ending", stale).status_code == 412
    assert "“Holiday”" in browser.text
    browser.send("/resume")
    browser.send("/ending", reason="Moves away")
    assert "It ends with its period on" in browser.text
    browser.send("/ending")
    assert "Ends with its period" in browser.text
    browser.send("/resume")
    assert desk.get(f"/v1{at.removeprefix('/desk')}")["ending"] is None
    browser.go(f"/desk/customers/{anna}/activity")
    assert "Gold Active" in browser.text
    assert "4 of 4 remaining" in browser.text
    staff = Browser.signed_in(desk.as_role(Role.STAFF, zoe))
    staff.go(at)
    assert not [each for each in staff.page.all("form") if each.attributes["action"].endswith("/ending")]
    assert (
        staff.post(f"{at}/ending", stale | {"mark": filled(staff.form("/zone")).get("mark", "")}).status_code
        == 403
    )


@pytest.mark.covers("S88", "S89", "S90")
def test_a_rule_that_tops_up_is_set_paused_and_removed_after_a_look(desk: Desk) -> None:
    service, anna = desk.service(), desk.customer("Anna")
    offer = desk.offer(service, quantity=5)
    browser = Browser.signed_in(desk)
    at = f"/desk/customers/{anna}/top-ups"
    browser.go(at)
    assert browser.send("/top-ups", payment_method_ref="4111 1111 1111 1111").status_code == 400
    assert filled(browser.form("/top-ups"))["offer_id"] == offer
    browser.send("/top-ups", payment_method_ref="card_17", threshold="1")
    (rule,) = desk.get(f"/v1/customers/{anna}/top-ups")["data"]
    assert (rule["threshold"], rule["payment_method_ref"]) == (1, "card_17")
    assert "Sells Massage ×10 💆 for €500.00 again when 1 unit is left." in browser.text
    desk.do(f"/v1/offers/{offer}/retirement")
    browser.go(at)
    assert "It would buy nothing now: This is no longer sold." in browser.text
    browser.send(f"{rule['id']}/pause")
    assert "Paused" in browser.text
    browser.send(f"{rule['id']}/resume")
    before = desk.head
    browser.send(f"{rule['id']}/removal")
    assert desk.head == before
    browser.send(f"{rule['id']}/removal")
    assert desk.get(f"/v1/top-ups/{rule['id']}")["status"] == "removed"
    browser.go(f"/desk/customers/{anna}/activity")
    assert "Nothing is bought by itself." in browser.text
