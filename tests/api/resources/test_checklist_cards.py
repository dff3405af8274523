"""What a card shows (systems A, C and D of the checklist): proved where the screens get their data."""

import pytest

from tests.api.desk import Desk, money

pytest_plugins = ["tests.api.houses"]


@pytest.mark.covers("S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10", "S32", "S65")
def test_a_card_answers_every_question_of_its_header_and_its_detail(desk: Desk) -> None:
    massage = desk.service("Massage 60", "Massage")
    sauna = desk.service("Sauna", "Wellness")
    lines = [{"quantity": 7, "services": [massage]}, {"quantity": 3, "services": [sauna]}]
    offer = desk.offer(name="Wellness ×10 💆", lines=lines, price=50_000)
    anna = desk.customer()
    expires_on = desk.today(days=90)
    sold = desk.sell(
        anna, offer, price=45_000, expires_on=expires_on, payment={"amount": 10_000, "method": "cash"}
    )
    desk.redeem(sold["id"], massage, quantity=2)
    desk.redeem(sold["id"], sauna)

    card = desk.card(sold["id"])

    assert card["name"] == "Wellness ×10 💆"
    assert (card["status"], card["payment_status"]) == ("active", "partial")
    assert (card["price"], card["list_price"]) == (money(45_000), money(50_000))
    assert (card["purchased_on"], card["expires_on"]) == (desk.today(), expires_on)
    assert (card["used"], card["total"], card["remaining"]) == (3, 10, 7)
    assert [(line["label"], line["remaining"], line["total"]) for line in card["lines"]] == [
        ("Massage 60", 5, 7),
        ("Sauna", 2, 3),
    ]
    assert [line["progress"] for line in card["lines"]] == [0.2857, 0.3333]


@pytest.mark.covers("S8", "S6")
def test_expiry_and_discount_are_optional(desk: Desk) -> None:
    offer = desk.offer(desk.service())
    card = desk.sell(desk.customer(), offer)
    assert card["expires_on"] is None
    assert card["expires_at"] is None
    assert card["price"] == card["list_price"] == money(50_000)


@pytest.mark.covers("S1", "S11", "S12", "S13", "S14", "S4", "S63")
def test_the_customers_tab_lists_active_and_historical_packages_with_their_status(desk: Desk) -> None:
    massage = desk.service()
    offer = desk.offer(massage, quantity=1)
    anna = desk.customer()
    names = ("active", "expired", "fully_used", "cancelled")
    active, expired, used, cancelled = (desk.sell(anna, offer)["id"] for _ in names)
    desk.do(f"/v1/packages/{expired}/expiry", {"expires_on": desk.today()})
    desk.redeem(used, massage)
    desk.do(f"/v1/packages/{cancelled}/cancellation", {"reason": "moved away"})
    desk.clock.forward(days=1)

    listed = desk.get(f"/v1/customers/{anna}/packages")
    assert {card["id"]: card["status"] for card in listed["data"]} == dict(
        zip((active, expired, used, cancelled), names, strict=True)
    )
    assert listed["active_count"] == 1
    assert desk.redeem(active, massage)["status"] == "fully_used"
    body = {"service_id": massage}
    desk.refused(f"/v1/packages/{expired}/redemptions", body, "package-expired")
    desk.refused(f"/v1/packages/{used}/redemptions", body, "insufficient-units")
    desk.refused(f"/v1/packages/{cancelled}/redemptions", body, "package-cancelled")


@pytest.mark.covers("S12")
def test_a_package_is_valid_to_the_end_of_its_last_day_in_the_zone_of_the_business(desk: Desk) -> None:
    massage = desk.service()
    sold = desk.sell(desk.customer(), desk.offer(massage), expires_on=desk.today())
    assert sold["status"] == "active"
    assert sold["available"] == 10
    desk.clock.forward(days=1)
    card = desk.card(sold["id"])
    assert (card["status"], card["remaining"], card["available"]) == ("expired", 10, 0)


@pytest.mark.covers("S66", "S67", "S80", "S81", "S78", "S79")
def test_every_purchase_is_its_own_card_with_its_number_date_and_expiry(desk: Desk) -> None:
    massage = desk.service()
    offer = desk.offer(massage, quantity=5)
    anna, ben = desk.customer(), desk.customer("Ben")
    days_ago = (30, 20, 10, 0, 0)
    cards = [
        desk.sell(anna, offer, effective_at=desk.today(days=-days), expires_on=desk.today(days=60 - n))
        for n, days in enumerate(days_ago)
    ]
    assert [card["purchase_number"] for card in cards] == [1, 2, 3, 4, 5]
    assert [card["purchased_on"] for card in cards] == [desk.today(days=-days) for days in days_ago]
    assert len({card["expires_on"] for card in cards}) == 5
    assert desk.sell(ben, offer)["purchase_number"] == 1, "numbers count for each customer"

    desk.redeem(cards[3]["id"], massage, quantity=5)
    desk.redeem(cards[4]["id"], massage)
    remaining = {n: desk.card(card["id"])["remaining"] for n, card in enumerate(cards, 1)}
    assert remaining == {1: 5, 2: 5, 3: 5, 4: 0, 5: 4}


@pytest.mark.covers("S78")
def test_buying_more_sells_the_offer_of_the_card_again(desk: Desk) -> None:
    offer = desk.offer(desk.service())
    card = desk.sell(desk.customer(), offer)
    again = desk.sell(card["customer"]["id"], card["offer_id"])
    assert (again["name"], again["purchase_number"], again["remaining"]) == (card["name"], 2, 10)


@pytest.mark.covers("S66")
def test_custom_packages_are_numbered_by_customer_and_name(desk: Desk) -> None:
    lines = [{"quantity": 2, "services": [desk.service()]}]
    anna = desk.customer()
    custom = [desk.sell(anna, name=name, lines=lines, price=100) for name in ("Gift", "Gift", "Other")]
    assert [card["purchase_number"] for card in custom] == [1, 2, 1]
    assert custom[0]["offer_id"] is None


@pytest.mark.covers("S68", "S69", "S73", "S70", "S61")
def test_stamps_fill_up_one_by_one(desk: Desk) -> None:
    massage = desk.service()
    sold = desk.sell(
        desk.customer(), desk.offer(massage, quantity=5), payment={"amount": 50_000, "method": "card"}
    )
    assert (sold["payment_status"], sold["granted"]) == ("paid", 5), "5x Pre-paid"
    seen = []
    for used in range(1, 6):
        card = desk.redeem(sold["id"], massage)
        states = [unit["state"] for unit in desk.units(sold["id"])]
        assert states == ["used"] * used + ["available"] * (5 - used)
        seen.append(f"{card['remaining']} of {card['total']} remaining")
    assert seen == [f"{left} of 5 remaining" for left in (4, 3, 2, 1, 0)]


@pytest.mark.covers("S82", "S83", "S84", "S62")
def test_packages_with_units_come_first_and_used_up_ones_are_collapsed_at_the_end(desk: Desk) -> None:
    massage = desk.service()
    offer = desk.offer(massage, quantity=1)
    anna = desk.customer()
    never, late, used, soon = (desk.sell(anna, offer)["id"] for _ in range(4))
    desk.do(f"/v1/packages/{late}/expiry", {"expires_on": desk.today(days=60)})
    desk.do(f"/v1/packages/{soon}/expiry", {"expires_on": desk.today(days=30)})
    desk.redeem(used, massage)

    listed = desk.get(f"/v1/customers/{anna}/packages")
    assert [card["id"] for card in listed["data"]] == [soon, late, never, used]
    assert [card["collapsed"] for card in listed["data"]] == [False, False, False, True]
    assert listed["active_count"] == 3
    collapsed = listed["data"][-1]
    assert {"name", "purchase_number", "purchased_on", "remaining"} <= collapsed.keys()
    assert len(desk.units(collapsed["id"])) == 1, "and expands to its stamps"


@pytest.mark.covers("S82", "S84")
def test_what_can_be_used_comes_first_and_what_is_over_last_and_newest_first(desk: Desk) -> None:
    massage = desk.service()
    offer, anna = desk.offer(massage, quantity=2), desk.customer()
    long_over = desk.sell(anna, offer, effective_at=desk.today(days=-90), expires_on=desk.today(days=-60))[
        "id"
    ]
    over = desk.sell(anna, offer, effective_at=desk.today(days=-30), expires_on=desk.today(days=-1))["id"]
    frozen = desk.sell(anna, offer, effective_at=desk.today(days=-5), expires_on=desk.today(days=2))["id"]
    soon, never, gone = (
        desk.sell(anna, offer, effective_at=desk.today(days=-days), **more)["id"]
        for days, more in ((4, {"expires_on": desk.today(days=9)}), (3, {}), (2, {}))
    )
    desk.do(f"/v1/packages/{frozen}/freeze", {"until": desk.today(days=20), "reason": "ill"})
    desk.do(f"/v1/packages/{gone}/cancellation", {"reason": "moved away"})

    listed = desk.get(f"/v1/customers/{anna}/packages")

    assert [card["id"] for card in listed["data"]] == [soon, never, frozen, gone, over, long_over]
    assert [card["collapsed"] for card in listed["data"]] == [False] * 3 + [True] * 3
    assert desk.all_of(f"/v1/customers/{anna}/packages", limit=1) == listed["data"]


@pytest.mark.covers("S105", "S101")
def test_a_package_is_a_bundle_of_services_with_a_counter(desk: Desk) -> None:
    cut, colour = desk.service("Cut", "Hair"), desk.service("Colour", "Hair")
    lines = [{"quantity": 3, "services": [cut, colour], "label": "Any of these"}]
    sold = desk.sell(desk.customer(), desk.offer(lines=lines))
    assert [service["name"] for service in sold["lines"][0]["services"]] == ["Cut", "Colour"]
    assert sold["lines"][0]["label"] == "Any of these"
    desk.redeem(sold["id"], colour)
    card = desk.redeem(sold["id"], cut)
    assert (card["used"], card["total"]) == (2, 3)


@pytest.mark.covers("S16", "S15", "S17")
def test_a_card_of_the_customers_tab_is_enough_to_edit_the_package(desk: Desk) -> None:
    offer, anna = desk.offer(desk.service()), desk.customer()
    desk.sell(anna, offer)
    (card,) = desk.get(f"/v1/customers/{anna}/packages")["data"]
    day = desk.today(days=10)
    edited = desk.do(
        f"/v1/packages/{card['id']}/expiry", {"expires_on": day}, If_Match=f'"v{card["version"]}"'
    )
    assert edited["expires_on"] == day
    (again,) = desk.get(f"/v1/customers/{anna}/packages")["data"]
    assert again == edited
    stale = f'"v{card["version"]}"'
    desk.refused(
        f"/v1/packages/{card['id']}/expiry", {"expires_on": None}, "version-mismatch", If_Match=stale
    )


def test_a_package_that_nobody_has_used_was_never_used_last(either_desk: Desk) -> None:
    desk = either_desk
    massage, anna = desk.service(), desk.customer()
    sold = desk.sell(anna, desk.offer(massage), effective_at=desk.today(days=-9))
    moments = [f"{desk.today(days=-days)}T10:00:00.000Z" for days in (3, 5)]
    uses = [desk.redeem(sold["id"], massage, effective_at=moment)["redemption_id"] for moment in moments]
    assert desk.card(sold["id"])["last_used_at"] == moments[0]
    for use in uses:
        desk.do(f"/v1/redemptions/{use}/restorations")
    assert desk.card(sold["id"])["last_used_at"] is None
    assert desk.get(f"/v1/customers/{anna}/packages")["data"] == [desk.card(sold["id"])]
