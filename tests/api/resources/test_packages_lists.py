"""The lists of packages: every filter, pages that stay what they are, and freshness."""

from itertools import pairwise
from typing import Any

import pytest

from tests.api.desk import Body, Desk, money

pytest_plugins = ["tests.api.houses"]


def ids(cards: list[Any]) -> list[str]:
    return [card["id"] for card in cards]


@pytest.fixture
def stock(either_desk: Desk) -> tuple[Desk, dict[str, str]]:
    """Packages that differ in everything a filter looks at, by a name for what is special about each."""
    desk = either_desk
    massage, sauna = desk.service(), desk.service("Sauna", "Wellness")
    offer, other = desk.offer(massage, quantity=2, price=1_000), desk.offer(sauna, price=0)
    location = desk.do("/v1/locations", {"name": "Main Street"})["id"]
    anna, ben = desk.customer(), desk.customer("Ben")
    full = {"amount": 1_000, "method": "cash"}
    sales: dict[str, Body] = {
        "plain": {"customer_id": anna, "offer_id": offer, "payment": full},
        "bens": {"customer_id": ben, "offer_id": offer, "payment": full},
        "free": {"customer_id": anna, "offer_id": other},
        "partial": {"customer_id": anna, "offer_id": offer, "payment": {**full, "amount": 1}},
        "unpaid": {"customer_id": anna, "offer_id": offer},
        "located": {"customer_id": anna, "offer_id": offer, "payment": full, "location_id": location},
        "early": {"customer_id": anna, "offer_id": offer, "payment": full, "effective_at": "2024-02-29"},
        "soon": {"customer_id": anna, "offer_id": offer, "payment": full, "expires_on": "2031-05-01"},
        "late": {"customer_id": anna, "offer_id": offer, "payment": full, "expires_on": "2031-06-30"},
        "past": {
            "customer_id": anna,
            "offer_id": offer,
            "payment": full,
            "effective_at": "2024-03-10",
            "expires_on": "2024-04-01",
        },
        "foreign": {
            "customer_id": anna,
            "offer_id": offer,
            "payment": full,
            "external_ref": {"source": "mindbody", "ref": "a:1"},
        },
        "used": {"customer_id": anna, "offer_id": offer, "payment": full},
        "cancelled": {"customer_id": anna, "offer_id": offer},
    }
    sold = {name: desk.do("/v1/packages", sale)["id"] for name, sale in sales.items()}
    desk.redeem(sold["used"], massage, quantity=2)
    desk.do(f"/v1/packages/{sold['cancelled']}/cancellation", {"reason": "moved away"})
    names = {"massage": massage, "sauna": sauna, "offer": offer, "other": other, "anna": anna, "ben": ben}
    return desk, {**sold, **names, "location": location}


@pytest.mark.covers("S34", "S2", "S36")
def test_every_filter_finds_what_it_says(stock: tuple[Desk, dict[str, str]]) -> None:
    desk, known = stock
    ours = set(known) - {"massage", "sauna", "offer", "other", "anna", "ben", "location"}
    expected: list[tuple[dict[str, Any], set[str]]] = [
        ({}, ours),
        ({"status": "active"}, ours - {"past", "used", "cancelled"}),
        ({"status": "expired"}, {"past"}),
        ({"status": "fully_used"}, {"used"}),
        ({"status": "cancelled"}, {"cancelled"}),
        ({"status": ["expired", "fully_used"]}, {"past", "used"}),
        ({"payment_status": "paid"}, ours - {"partial", "unpaid", "cancelled"}),
        ({"payment_status": "partial"}, {"partial"}),
        ({"payment_status": "unpaid"}, {"unpaid", "cancelled"}),
        ({"customer_id": known["ben"]}, {"bens"}),
        ({"customer_id": [known["ben"], known["anna"]]}, ours),
        ({"offer_id": known["other"]}, {"free"}),
        ({"service_id": known["sauna"]}, {"free"}),
        ({"service_id": known["massage"]}, ours - {"free"}),
        ({"location_id": known["location"]}, {"located"}),
        ({"expires_from": "2031-05-01", "expires_to": "2031-05-31"}, {"soon"}),
        ({"expires_from": "2031-05-02"}, {"late"}),
        ({"expires_to": "2031-06-29"}, {"soon", "past"}),
        ({"purchased_to": "2024-02-29"}, {"early"}),
        ({"purchased_from": "2024-03-01", "purchased_to": "2024-12-31"}, {"past"}),
        ({"owing": "true"}, {"partial", "unpaid"}),
        ({"owing": "false"}, ours - {"partial", "unpaid"}),
        ({"external_ref": "mindbody:a:1"}, {"foreign"}),
        ({"external_ref": "mindbody:2"}, set()),
        ({"status": "active", "owing": "true", "service_id": known["massage"]}, {"partial", "unpaid"}),
    ]
    for filters, names in expected:
        found = desk.all_of("/v1/packages", limit=5, **filters)
        assert {name for name in ours if known[name] in ids(found)} == names, filters
        assert len(found) == len(names), filters


def test_cards_of_the_list_are_the_cards_themselves(stock: tuple[Desk, dict[str, str]]) -> None:
    desk, known = stock
    for card in desk.all_of("/v1/packages", limit=4):
        assert card == desk.card(card["id"])
    for card in desk.all_of(f"/v1/customers/{known['anna']}/packages", limit=4):
        assert card == desk.card(card["id"])


def test_the_list_begins_with_the_latest_purchase(stock: tuple[Desk, dict[str, str]]) -> None:
    desk, known = stock
    found = ids(desk.all_of("/v1/packages", limit=3))
    assert found[-2:] == [known["past"], known["early"]]
    assert found[0] == known["cancelled"]


def test_a_frozen_package_is_found_by_the_day_it_will_end_on(desk: Desk) -> None:
    sold = desk.sell(desk.customer(), desk.offer(desk.service()), expires_on=desk.today(days=30))
    path = f"/v1/packages/{sold['id']}/freeze"
    desk.do(path, {"until": desk.today(days=4), "reason": "ill"})
    moved = desk.today(days=35)
    assert ids(desk.get("/v1/packages", expires_from=moved)["data"]) == []
    desk.clock.forward(days=6)
    assert desk.card(sold["id"])["expires_on"] == moved, "five days frozen, both ends counted"
    assert ids(desk.get("/v1/packages", expires_from=moved, expires_to=moved)["data"]) == [sold["id"]]
    assert ids(desk.get("/v1/packages", expires_to=desk.today(days=28))["data"]) == []


# Pages


def test_pages_stay_what_they_are_while_packages_are_sold(either_desk: Desk) -> None:
    desk = either_desk
    offer, anna = desk.offer(desk.service()), desk.customer()
    before = [desk.sell(anna, offer)["id"] for _ in range(7)]
    seen: list[str] = []
    page = desk.get("/v1/packages", limit=2)
    while True:
        seen += ids(page["data"])
        if not page["has_more"]:
            break
        desk.sell(anna, offer)
        desk.sell(anna, offer, effective_at=desk.today(days=-1))
        page = desk.get("/v1/packages", limit=2, cursor=page["next_cursor"])
    found = [id for id in seen if id in before]
    assert found == before[::-1], "each of them once, in order"
    assert len(set(seen)) == len(seen)


def test_pages_of_units_history_and_the_customers_packages_join_without_a_gap(desk: Desk) -> None:
    massage = desk.service()
    lines = [{"quantity": 3, "services": [massage]}, {"quantity": 4, "services": [massage]}]
    offer, anna = desk.offer(lines=lines), desk.customer()
    sold = [desk.sell(anna, offer)["id"] for _ in range(3)]
    for _ in range(4):
        desk.redeem(sold[0], massage)
    for path in (
        f"/v1/packages/{sold[0]}/units",
        f"/v1/packages/{sold[0]}/history",
        f"/v1/packages/{sold[0]}/facts",
        f"/v1/customers/{anna}/packages",
    ):
        whole = desk.get(path, limit=200)
        assert whole["has_more"] is False
        assert whole["next_cursor"] is None
        assert desk.all_of(path, limit=1) == desk.all_of(path, limit=2) == whole["data"]
    units = [(unit["line"], unit["unit"]) for unit in desk.units(sold[0])]
    assert all(first < second for first, second in pairwise(units))
    assert len(units) == 7


def test_a_history_page_does_not_change_when_more_happens(desk: Desk) -> None:
    massage = desk.service()
    sold = desk.sell(desk.customer(), desk.offer(massage))["id"]
    for _ in range(3):
        desk.redeem(sold, massage)
    first = desk.get(f"/v1/packages/{sold}/history", limit=2)
    desk.redeem(sold, massage)
    second = desk.get(f"/v1/packages/{sold}/history", limit=2, cursor=first["next_cursor"])
    assert [row["version"] for row in first["data"] + second["data"]] == [1, 2, 3, 4]


def test_a_cursor_belongs_to_its_filters(desk: Desk) -> None:
    offer, anna = desk.offer(desk.service()), desk.customer()
    for _ in range(3):
        desk.sell(anna, offer)
    cursor = desk.get("/v1/packages", limit=1)["next_cursor"]
    for wrong in ({"cursor": cursor, "status": "active"}, {"cursor": cursor[:-1]}, {"cursor": "x.y"}):
        answer = desk.ask("/v1/packages", **wrong)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid-cursor")
    assert desk.ask(f"/v1/customers/{anna}/packages", cursor=cursor).json()["code"] == "invalid-cursor"


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"status": "gone"}, "validation-failed"),
        ({"limit": "0"}, "validation-failed"),
        ({"limit": "201"}, "validation-failed"),
        ({"expires_from": "soon"}, "validation-failed"),
        ({"customer_id": "pkg_1"}, "validation-failed"),
        ({"external_ref": "nothing"}, "validation-failed"),
        ({"owing": "1"}, "validation-failed"),
        ({"colour": "red"}, "unknown-parameter"),
        ({"as_of": "2024-01-01"}, "unknown-parameter"),
    ],
)
def test_a_list_refuses_what_it_does_not_know(desk: Desk, parameters: dict[str, str], code: str) -> None:
    answer = desk.ask("/v1/packages", **parameters)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


# Freshness


def test_lists_are_true_for_the_command_that_was_just_answered(either_desk: Desk) -> None:
    desk = either_desk
    massage = desk.service()
    sold, anna = None, desk.customer()
    offer = desk.offer(massage, price=1_000)
    sold = desk.sell(anna, offer)["id"]
    for used in range(1, 6):
        answer = desk.post(f"/v1/packages/{sold}/redemptions", {"service_id": massage})
        position = int(answer.headers["Ledger-Position"])
        headers = {"Authorization": f"Bearer {desk.key}", "Ledger-Min-Position": str(position)}
        listed = desk.client.get("/v1/packages", headers=headers)
        assert listed.status_code == 200
        assert int(listed.headers["Ledger-Position"]) >= position
        assert [card["used"] for card in listed.json()["data"]] == [used]
    above = {**headers, "Ledger-Min-Position": str(position + 1)}
    answer = desk.client.get("/v1/packages", headers=above)
    assert (answer.status_code, answer.json()["code"]) == (400, "validation-failed")


def test_the_list_adds_up_to_the_money_of_its_cards(stock: tuple[Desk, dict[str, str]]) -> None:
    desk, _ = stock
    cards = desk.all_of("/v1/packages")
    for card in cards:
        assert card["total"] == card["used"] + card["remaining"]
        units = desk.units(card["id"])
        left = sum(unit["value"]["amount"] for unit in units if unit["state"] == "available")
        assert card["unused_value"] == money(left)
        assert sum(unit["value"]["amount"] for unit in units) == card["price"]["amount"]
