"""Units moved to another customer: whose they are, what they are worth, and how that is taken back."""

from typing import Any

import pytest

from domain.actor import Role
from tests.api.desk import Desk, money

pytest_plugins = ["tests.api.houses"]


class Gift:
    """Anna's ten massages for 500 euros, half paid, of which Béla gets three."""

    def __init__(self, desk: Desk, **body: Any) -> None:
        self.desk, self.massage = desk, desk.service()
        self.anna, self.bela = desk.customer(), desk.customer("Béla")
        payment = {"amount": money(25_000), "method": "cash"}
        self.origin = desk.sell(self.anna, desk.offer(self.massage), payment=payment)["id"]
        asked = {"to_customer_id": self.bela, "line": 1, "quantity": 3, **body}
        self.moved = desk.do(f"/v1/packages/{self.origin}/transfers", asked)
        self.id, self.package = self.moved["transfer_id"], self.moved["to"]["id"]

    def undo(self) -> str:
        return f"/v1/transfers/{self.id}/undo"


COUNTS = ("granted", "total", "remaining", "used", "transferred")


def test_units_move_with_their_values_and_a_debt_stays_with_the_origin(either_desk: Desk) -> None:
    gift = Gift(either_desk)
    desk, origin, new = gift.desk, gift.moved, gift.moved["to"]
    assert [origin[name] for name in COUNTS] == [10, 7, 7, 0, 3]
    assert [new[name] for name in COUNTS] == [3, 3, 3, 0, 0]
    assert (origin["owing"]["amount"], origin["payment_status"]) == (25_000, "partial")
    assert (new["price"]["amount"], new["owing"]["amount"], new["payment_status"]) == (15_000, 0, "paid")
    assert (new["customer"]["id"], new["purchase_number"]) == (gift.bela, 1)
    assert new["origin"] == {"kind": "transfer", "id": gift.id}
    assert new["expires_on"] == origin["expires_on"]
    assert desk.card(gift.package) == new
    (listed,) = desk.get(f"/v1/customers/{gift.bela}/packages")["data"]
    assert listed == new
    states = [unit["state"] for unit in desk.units(gift.origin)]
    assert states == ["transferred"] * 3 + ["available"] * 7
    assert desk.redeem(gift.package, gift.massage)["remaining"] == 2
    quote = desk.get(f"/v1/packages/{gift.origin}/refund-quote")
    assert quote["quote"]["amount"] == 10_000, "what was paid, less the value that went"


def test_a_transfer_is_no_sale_in_any_report(either_desk: Desk) -> None:
    gift = Gift(either_desk)
    report = gift.desk.get("/v1/reports/liability")
    assert (report["units_granted"], report["units_transferred"], report["units_remaining"]) == (10, 0, 10)
    assert (report["amount_sold"]["amount"], report["liability"]["amount"]) == (50_000, 50_000)
    moved = gift.desk.get("/v1/reports/movements")
    changes = {cause: change["units"] for cause, change in moved["changes"].items()}
    assert (changes["sold"], changes["transferred"], moved["closing"]["units"]) == (10, 0, 10)


def test_a_transfer_is_undone_while_none_of_its_units_was_used(either_desk: Desk) -> None:
    gift = Gift(either_desk)
    desk = gift.desk
    used = desk.redeem(gift.package, gift.massage)["redemption_id"]
    desk.refused(gift.undo(), {}, "not-eligible")
    desk.do(f"/v1/redemptions/{used}/restorations", {})
    undone = desk.do(gift.undo(), {"reason": "meant for Cili"})
    cards = {card["id"]: card for card in undone["packages"]}
    assert [cards[gift.origin][name] for name in COUNTS] == [10, 10, 10, 0, 0]
    assert [cards[gift.package][name] for name in COUNTS] == [3, 0, 0, 0, 3]
    assert cards[gift.package]["status"] == "cancelled"
    desk.refused(gift.undo(), {}, "package-cancelled")
    back = {"expires_on": desk.today(days=9), "reason": "a mistake"}
    desk.refused(f"/v1/packages/{gift.package}/reinstatement", back, "not-eligible")
    labels = [row["label"] for row in desk.history(gift.origin)]
    assert ("Transferred out" in labels, "Transfer undone" in labels) == (True, True)
    for package in (gift.origin, gift.package):
        assert desk.get(f"/v1/packages/{package}/explanation")["balance"]["result"] == (
            10 if package == gift.origin else 0
        )
    report = desk.get("/v1/reports/liability")
    assert (report["units_transferred"], report["units_remaining"]) == (0, 10)


def test_an_expiry_of_its_own_may_be_set(desk: Desk) -> None:
    assert Gift(desk, expires_on=None).moved["to"]["expires_on"] is None
    assert Gift(desk, expires_on=desk.today(days=7)).moved["to"]["expires_on"] == desk.today(days=7)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"quantity": 8}, "insufficient-units"),
        ({"line": 2}, "validation-failed"),
        ({"to_customer_id": "cus_unknown"}, "not-found"),
        ({"expires_on": "2001-01-01"}, "validation-failed"),
    ],
)
def test_what_cannot_be_moved_is_refused(desk: Desk, body: dict[str, Any], code: str) -> None:
    gift = Gift(desk)
    asked = {"to_customer_id": gift.bela, "line": 1, "quantity": 1, **body}
    desk.refused(f"/v1/packages/{gift.origin}/transfers", asked, code)
    assert desk.card(gift.origin)["remaining"] == 7


def test_units_are_not_moved_to_the_same_customer_nor_to_a_blocked_one(desk: Desk) -> None:
    gift = Gift(desk)
    path, asked = f"/v1/packages/{gift.origin}/transfers", {"line": 1, "quantity": 1}
    desk.refused(path, {**asked, "to_customer_id": gift.anna}, "validation-failed")
    desk.do(f"/v1/customers/{gift.bela}/block", {})
    desk.refused(path, {**asked, "to_customer_id": gift.bela}, "customer-blocked")


def test_managers_transfer_and_staff_do_not(desk: Desk) -> None:
    gift = Gift(desk)
    asked = {"to_customer_id": gift.bela, "line": 1, "quantity": 1}
    path = f"/v1/packages/{gift.origin}/transfers"
    desk.as_role(Role.STAFF).refused(path, asked, "forbidden")
    assert desk.as_role(Role.MANAGER).do(path, asked)["remaining"] == 6
