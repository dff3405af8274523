"""Who paid for somebody else's package, payments by their reference, and rows that say what they did."""

import pytest

from domain.actor import Role
from tests.api.desk import Desk, money

pytest_plugins = ["tests.api.houses"]


def test_who_paid_for_a_package_sees_it_among_theirs(either_desk: Desk) -> None:
    desk = either_desk
    massage, anna = desk.service(), desk.customer("Anna")
    ben = desk.do("/v1/customers", {"name": "Ben", "participants": [{"name": "Max", "kind": "dog"}]})["id"]
    offer = desk.offer(massage, sharing="household")
    own = desk.sell(anna, offer)
    gift = desk.sell(ben, offer, purchased_by=anna)
    desk.sell(ben, offer)
    path = f"/v1/customers/{anna}/packages"
    found = desk.get(path)
    assert [card["id"] for card in found["data"]] == [own["id"], gift["id"]]
    assert found["active_count"] == 1, "the badge counts what is hers to use"
    assert found["data"][1] == desk.card(gift["id"])
    assert (found["data"][1]["customer"]["name"], found["data"][1]["purchased_by"]) == ("Ben", anna)
    assert [card["id"] for card in desk.all_of(path, limit=1)] == [own["id"], gift["id"]]
    then = desk.get(path, as_of=desk.get("/v1/facts", after=desk.head - 1)["data"][0]["recorded_at"])
    assert {card["id"] for card in then["data"]} == {own["id"], gift["id"]}
    for tab in ("credits", "activity"):
        assert gift["id"] not in str(desk.get(f"/v1/customers/{anna}/{tab}"))


def test_the_key_of_who_paid_reads_the_card_and_the_payments_and_nothing_of_the_use(
    either_desk: Desk,
) -> None:
    desk = either_desk
    massage, anna, ben = desk.service(), desk.customer("Anna"), desk.customer("Ben")
    payment = {"amount": 20_000, "method": "card"}
    gift = desk.sell(ben, desk.offer(massage), purchased_by=anna, payment=payment)
    desk.redeem(gift["id"], massage)
    app = desk.as_role(Role.CUSTOMER, anna)
    path = f"/v1/packages/{gift['id']}"
    card = app.get(path)
    assert (card["purchased_by"], card["paid"]["amount"], card["remaining"]) == (anna, 20_000, 9)
    assert card["customer"] == {"id": ben, "name": None, "email": None, "mobile": None}
    assert [person["name"] for person in card["beneficiaries"]] == [None]
    assert [paid["amount"]["amount"] for paid in app.get(f"{path}/payments")["data"]] == [20_000]
    assert app.get(f"/v1/customers/{anna}/packages")["data"] == [card]
    for other in ("/units", "/history", "/facts"):
        assert app.ask(path + other).json()["code"] == "not-found"
    somebody = desk.as_role(Role.CUSTOMER, desk.customer("Eva"))
    assert somebody.ask(path).json()["code"] == "not-found"
    assert desk.as_role(Role.CUSTOMER, ben).get(path)["customer"]["name"] == "Ben"


@pytest.mark.covers("S28")
def test_a_payment_is_found_by_the_reference_of_another_system(either_desk: Desk) -> None:
    desk = either_desk
    anna = desk.customer("Anna")
    sold = desk.sell(anna, desk.offer(desk.service()))
    path = f"/v1/packages/{sold['id']}/payments"
    for ref in ("41:a", "42"):
        paid = {"amount": 1_000, "method": "online", "external_ref": {"source": "shop", "ref": ref}}
        desk.do(path, paid)
    (found,) = desk.get("/v1/payments", external_ref="shop:41:a")["data"]
    assert found == {
        **desk.get(path)["data"][0],
        "package_id": sold["id"],
        "booking_id": None,
        "customer_id": anna,
    }
    assert desk.get("/v1/payments", external_ref="shop:43")["data"] == []
    assert desk.ask("/v1/payments").json()["code"] == "validation-failed"
    auditor = desk.as_role(Role.AUDITOR).get("/v1/payments", external_ref="shop:42")
    assert auditor["data"][0]["entered_by"]["name"] is None


@pytest.mark.covers("S76")
def test_the_row_of_a_purchase_tells_what_was_paid_and_what_it_costs(either_desk: Desk) -> None:
    desk = either_desk
    offer, anna = desk.offer(desk.service(), quantity=5, price=50_000), desk.customer()
    unpaid = desk.history(desk.sell(anna, offer)["id"])[0]
    assert (unpaid["label"], unpaid["amount"], unpaid["price"]) == ("+5 uses", None, money(50_000))
    sold = desk.sell(anna, offer, payment={"amount": 20_000, "method": "cash"})
    desk.do(f"/v1/packages/{sold['id']}/price", {"price": 40_000, "reason": "a friend"})
    purchase, paid, price = desk.history(sold["id"])
    assert (purchase["label"], purchase["amount"]) == ("+5 uses · Cash", money(20_000))
    assert (purchase["price"], purchase["payment_id"]) == (money(50_000), paid["payment_id"])
    assert (paid["kind"], paid["amount"], paid["price"]) == ("payment", money(20_000), None)
    assert (price["kind"], price["amount"], price["price"]) == ("price", None, money(40_000))
    (entry,) = desk.get("/v1/reports/corrections", **{"from": desk.today()})["data"]
    assert (entry["amount"], entry["price"]) == (None, money(40_000))


def test_the_row_of_a_freeze_tells_until_when(desk: Desk) -> None:
    sold = desk.sell(desk.customer(), desk.offer(desk.service()), expires_on=desk.today(days=60))
    until = desk.today(days=10)
    desk.do(f"/v1/packages/{sold['id']}/freeze", {"until": until, "reason": "ill"})
    desk.do(f"/v1/packages/{sold['id']}/unfreeze")
    _, frozen, unfrozen = desk.history(sold["id"])
    assert (frozen["label"], frozen["frozen_until"]) == (f"Frozen until {until}", until)
    assert (unfrozen["frozen_until"], unfrozen["expires_on"]) == (None, desk.card(sold["id"])["expires_on"])
