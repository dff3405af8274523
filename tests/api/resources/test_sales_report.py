"""The sales of a period, with the tax of the receipts by rate: periods add up, and closed ones stay."""

from domain.actor import Role
from tests.api.desk import Body, Desk, money

pytest_plugins = ["tests.api.houses"]


def sales(desk: Desk, **period: str) -> Body:
    found: Body = desk.get("/v1/reports/sales", **period)
    return found


def at_rate(told: Body, rate: int | None) -> tuple[int, int | None]:
    (each,) = (each for each in told["taxes"] if each["tax_rate"] == rate)
    return each["amount"]["amount"], each["tax"] and each["tax"]["amount"]


def test_the_tax_of_a_period_is_that_of_its_receipts(either_desk: Desk) -> None:
    desk, anna = either_desk, either_desk.customer()
    massage, cream, gift = (desk.service(f"At {rate}", tax_rate=rate) for rate in (2_700, 500, None))
    for service, price, days in ((massage, 101, -9), (massage, 101, -3), (cream, 10_500, -3), (gift, 7, -3)):
        desk.sell(anna, desk.offer(service, price=price), effective_at=desk.today(days=days))

    whole = sales(desk)
    assert (whole["packages"], whole["amount"]) == (4, money(10_709))
    assert at_rate(whole, 2_700) == (202, 42)  # 21 on each receipt
    assert at_rate(whole, 500) == (10_500, 500)
    assert at_rate(whole, None) == (7, None)
    early = sales(desk, to=desk.today(days=-4))
    late = sales(desk, **{"from": desk.today(days=-3)})
    assert (early["packages"], late["packages"]) == (1, 3)
    assert early["amount"]["amount"] + late["amount"]["amount"] == whole["amount"]["amount"]
    assert at_rate(early, 2_700) == at_rate(late, 2_700) == (101, 21)
    assert desk.get("/v1/reports/liability")["amount_sold"] == whole["amount"]
    recorded = sales(desk, clock="recorded", to=desk.today(days=-1))
    assert (recorded["packages"], recorded["taxes"]) == (0, [])


def test_changes_count_in_the_period_they_are_made_in(either_desk: Desk) -> None:
    desk, anna, massage = either_desk, either_desk.customer(), either_desk.service(tax_rate=2_700)
    offer = desk.offer(massage, price=12_700)
    package = desk.sell(anna, offer, effective_at=desk.today(days=-9))["id"]
    wrong = desk.sell(anna, offer, effective_at=desk.today(days=-9))["id"]
    desk.do(f"/v1/packages/{package}/price", {"price": 6_350, "reason": "a complaint"})
    desk.do(f"/v1/packages/{wrong}/voiding", {"reason": "sold twice"})
    before, since = sales(desk, to=desk.today(days=-1)), sales(desk, **{"from": desk.today()})
    assert (before["packages"], at_rate(before, 2_700)) == (2, (25_400, 5_400))
    assert (since["packages"], at_rate(since, 2_700)) == (-1, (-19_050, -4_050))
    assert at_rate(sales(desk), 2_700) == (6_350, 1_350)


def test_a_transfer_is_no_sale(either_desk: Desk) -> None:
    desk, massage = either_desk, either_desk.service(tax_rate=2_700)
    package = desk.sell(desk.customer(), desk.offer(massage, price=12_700))["id"]
    before = sales(desk)
    moved = {"to_customer_id": desk.customer("Cili"), "line": 1, "quantity": 4}
    desk.do(f"/v1/packages/{package}/transfers", moved)
    assert {**sales(desk), "position": before["position"]} == before


def test_bookkeepers_read_the_sales(desk: Desk) -> None:
    assert sales(desk.as_role(Role.AUDITOR))["amount"] == money(0)
    for role in (Role.STAFF, Role.INTEGRATION, Role.CUSTOMER):
        assert desk.as_role(role).ask("/v1/reports/sales").json()["code"] == "forbidden"
    assert desk.ask("/v1/reports/sales", to=desk.today()).json()["errors"][0]["pointer"] == "/to"
