"""Selling and using packages (systems A, C and D of the checklist), and the lists that find them again."""

import pytest

from domain.actor import Role
from tests.api.desk import Desk, money

pytest_plugins = ["tests.api.houses"]


@pytest.mark.covers("S59", "S60", "S61", "S95")
def test_a_purchase_grants_credits_and_each_service_used_deducts_one(desk: Desk) -> None:
    massage = desk.service()
    anna = desk.customer()
    staff = desk.as_role(Role.STAFF)
    sold = staff.sell(anna, desk.offer(massage, quantity=5))
    assert (sold["granted"], sold["remaining"]) == (5, 5)
    for left in (4, 3, 2, 1, 0):
        assert staff.redeem(sold["id"], massage)["remaining"] == left


@pytest.mark.covers("S97", "S98")
def test_price_and_expiry_are_prefilled_from_the_offer_and_either_may_be_adjusted(desk: Desk) -> None:
    validity = {"rule": "after_purchase", "count": 30, "unit": "days"}
    offer = desk.offer(desk.service(), validity=validity)
    (listed,) = desk.get("/v1/offers")["data"]
    assert listed["id"] == offer, "what the drop-down shows"
    anna = desk.customer()

    as_offered = desk.sell(anna, offer)
    assert (as_offered["price"], as_offered["expires_on"]) == (money(50_000), desk.today(days=30))
    cheaper = desk.sell(anna, offer, price=money(40_000))
    assert (cheaper["price"], cheaper["list_price"]) == (money(40_000), money(50_000))
    assert cheaper["expires_on"] == desk.today(days=30)
    longer = desk.sell(anna, offer, expires_on=desk.today(days=90))
    assert (longer["price"], longer["expires_on"]) == (money(50_000), desk.today(days=90))
    assert desk.sell(anna, offer, expires_on=None)["expires_on"] is None


@pytest.mark.covers("S99", "S95")
@pytest.mark.parametrize(
    ("payment", "status"),
    [
        (None, "unpaid"),
        ({"amount": 50_000, "method": "external"}, "paid"),
        ({"amount": 20_000, "method": "card"}, "partial"),
    ],
)
def test_payment_at_the_sale_is_optional(desk: Desk, payment: dict[str, object] | None, status: str) -> None:
    sold = desk.sell(desk.customer(), desk.offer(desk.service()), payment=payment)
    assert sold["payment_status"] == status
    assert (sold["payment_id"] is None) == (payment is None)
    payments = desk.get(f"/v1/packages/{sold['id']}/payments")["data"]
    assert [each["payment_id"] for each in payments] == ([sold["payment_id"]] if payment else [])


@pytest.mark.covers("S105", "S101")
def test_a_custom_package_bundles_services_for_one_client(desk: Desk) -> None:
    cut, colour = desk.service("Cut", "Hair"), desk.service("Colour", "Hair")
    lines = [{"quantity": 3, "services": [cut]}, {"quantity": 1, "services": [colour]}]
    anna = desk.customer()
    sold = desk.sell(anna, name="Wedding 👰", lines=lines, price=20_000)
    assert (sold["name"], sold["offer_id"], sold["total"]) == ("Wedding 👰", None, 4)
    (listed,) = desk.get(f"/v1/customers/{anna}/packages")["data"]
    assert (listed["id"], listed["used"], listed["total"]) == (sold["id"], 0, 4)


@pytest.mark.covers("S2")
def test_packages_are_listed_across_all_customers(desk: Desk) -> None:
    offer = desk.offer(desk.service())
    sold = {desk.sell(desk.customer(name), offer)["id"]: name for name in ("Anna", "Ben", "Cilla")}
    listed = desk.get("/v1/packages")["data"]
    assert {card["id"]: card["customer"]["name"] for card in listed} == sold


@pytest.mark.covers("S34", "S36")
def test_packages_that_expire_next_month_lead_to_their_customers(desk: Desk) -> None:
    offer = desk.offer(desk.service())
    days = {"Anna": 20, "Ben": 40, "Cilla": 80, "Dora": None}
    for name, later in days.items():
        customer = desk.customer(name, email=f"{name.lower()}@example.org", mobile="+36301234567")
        desk.sell(customer, offer, expires_on=None if later is None else desk.today(days=later))
    window = {"expires_from": desk.today(days=30), "expires_to": desk.today(days=60)}
    (card,) = desk.get("/v1/packages", **window)["data"]
    assert card["expires_on"] == desk.today(days=40)
    assert card["customer"] == {
        "id": card["customer"]["id"],
        "name": "Ben",
        "email": "ben@example.org",
        "mobile": "+36301234567",
    }


@pytest.mark.covers("S36")
def test_the_monthly_audit_lists_debts_and_used_up_packages(desk: Desk) -> None:
    massage = desk.service()
    offer, anna = desk.offer(massage, quantity=1, price=1_000), desk.customer()
    debt = desk.sell(anna, offer)["id"]
    settled = desk.sell(anna, offer, payment={"amount": 1_000, "method": "cash"})["id"]
    desk.redeem(settled, massage)
    assert [card["id"] for card in desk.get("/v1/packages", owing="true")["data"]] == [debt]
    assert [card["id"] for card in desk.get("/v1/packages", status="fully_used")["data"]] == [settled]


@pytest.mark.covers("S60", "S80")
def test_units_come_from_the_purchase_that_ends_first(desk: Desk) -> None:
    massage = desk.service()
    offer, anna = desk.offer(massage, quantity=2), desk.customer()
    late = desk.sell(anna, offer, expires_on=desk.today(days=90))["id"]
    soon = desk.sell(anna, offer, expires_on=desk.today(days=30))["id"]
    body = {"service_id": massage, "quantity": 3}
    used = desk.do(f"/v1/customers/{anna}/redemptions", body)
    assert [(part["package_id"], part["units"]) for part in used["allocations"]] == [
        (soon, [1, 2]),
        (late, [1]),
    ]
    assert {card["id"]: card["remaining"] for card in used["packages"]} == {soon: 0, late: 1}
    assert desk.get(f"/v1/redemptions/{used['redemption_id']}")["restorable"] == 3
