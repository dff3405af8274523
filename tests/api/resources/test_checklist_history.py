"""The history of a package (systems A and C of the checklist): every action, told in full."""

import pytest

from domain.actor import Role
from tests.api.desk import Desk, money
from tests.api.resources.test_checklist_bookings import book

pytest_plugins = ["tests.api.houses"]


@pytest.mark.covers("S76", "S59")
def test_the_history_tells_purchases_uses_and_where(desk: Desk) -> None:
    massage = desk.service()
    location = desk.do("/v1/locations", {"name": "Main Street"})["id"]
    offer = desk.offer(massage, quantity=5, price=25_000)
    payment = {"amount": 25_000, "method": "cash"}
    sold = desk.sell(desk.customer(), offer, payment=payment, location_id=location)
    session_at = f"{desk.today()}T09:00:00.000Z"
    used = desk.redeem(sold["id"], massage, booking_id="bkg_77", session_at=session_at)

    purchase, paid, use = desk.history(sold["id"])

    assert (purchase["kind"], purchase["label"], purchase["date"]) == (
        "purchase",
        "+5 uses · Cash",
        desk.today(),
    )
    assert purchase["location"] == {"id": location, "name": "Main Street"}
    assert {row["business_name"] for row in (purchase, paid, use)} == {"Szalon"}
    assert (paid["amount"], paid["payment_method"]) == (money(25_000), "cash")
    assert (use["kind"], use["change"], use["remaining"]) == ("use", -1, 4)
    assert use["service"] == {"id": massage, "name": "Massage 60"}
    assert (use["booking"]["id"], use["booking"]["starts_at"]) == ("bkg_77", session_at)
    assert use["redemption_id"] == used["redemption_id"]


@pytest.mark.covers("S33")
def test_a_disputed_redemption_is_answered_with_date_and_staff(desk: Desk) -> None:
    massage = desk.service()
    sold = desk.sell(desk.customer(), desk.offer(massage))
    eva = desk.do("/v1/staff", {"name": "Éva", "role": "staff"})["id"]
    desk.as_role(Role.STAFF, eva).redeem(sold["id"], massage)
    day = desk.today(days=-3)
    backdated = desk.sell(desk.customer(), desk.offer(massage), effective_at=day)
    desk.redeem(backdated["id"], massage, effective_at=desk.today(days=-2), staff_id=eva)

    assert desk.history(sold["id"])[-1]["staff"] == {"id": eva, "name": "Éva"}
    assert desk.history(sold["id"])[-1]["date"] == desk.today()
    row = desk.history(backdated["id"])[-1]
    assert (row["date"], row["staff"]) == (desk.today(days=-2), {"id": eva, "name": "Éva"})
    assert row["recorded_at"] > row["effective_at"]


@pytest.mark.covers("S77", "S37", "S25")
def test_every_action_is_a_row_and_an_undo_is_one_more(desk: Desk) -> None:
    massage = desk.service()
    sold = desk.sell(desk.customer(), desk.offer(massage, quantity=3))
    red = desk.redeem(sold["id"], massage)["redemption_id"]
    before = desk.history(sold["id"])
    desk.do(f"/v1/redemptions/{red}/restorations", {"reason": "stamped twice"})
    desk.do(f"/v1/packages/{sold['id']}/corrections", {"line": 1, "change": -1, "reason": "missed"})

    rows = desk.history(sold["id"])

    assert rows[: len(before)] == before, "what was told before is told for ever"
    restoration, correction = rows[len(before) :]
    assert (restoration["kind"], restoration["change"], restoration["text"]) == (
        "restoration",
        1,
        "stamped twice",
    )
    assert restoration["reverses"] == before[-1]["version"]
    assert restoration["redemption_id"] == red
    assert (correction["kind"], correction["label"]) == ("correction", "Correction: missed")
    assert [row["version"] for row in rows] == list(range(1, len(rows) + 1))


@pytest.mark.covers("S76", "S77", "S86")
@pytest.mark.parametrize(("deduct", "kind"), [("at_booking", "restoration"), ("at_attendance", "hold")])
def test_what_goes_back_tells_whose_it_was_and_for_which_appointment(
    either_desk: Desk, deduct: str, kind: str
) -> None:
    desk = either_desk
    desk.do("/v1/policies", {"deduct": deduct})
    walk = desk.service("Walk", "Dog care")
    ida = desk.do("/v1/customers", {"name": "Ida", "participants": [{"name": "Max", "kind": "dog"}]})
    dog = ida["participants"][-1]
    sold = desk.sell(ida["id"], desk.offer(walk, sharing="household"))
    made = book(desk, ida["id"], walk, participant_id=dog["id"])
    desk.do(f"/v1/bookings/{made['id']}/cancellation", {"by": "business"})

    _, taken, given_back = desk.history(sold["id"])

    assert given_back["kind"] == kind
    assert given_back["service"] == {"id": walk, "name": "Walk"}
    assert given_back["participant"]["name"] == "Max"
    link = given_back["booking"]
    assert (link["id"], link["starts_at"]) == (made["id"], made["starts_at"])
    names = ("service", "participant", "booking")
    assert [given_back[name] for name in names] == [taken[name] for name in names]
    _, then_taken, then_back = desk.history(sold["id"], at_version=3)
    assert [then_back[name] for name in names] == [then_taken[name] for name in names]
    assert then_back["participant"]["id"] == dog["id"]


@pytest.mark.covers("S37")
@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH"])
def test_there_is_no_way_to_delete_or_rewrite_a_redemption(desk: Desk, method: str) -> None:
    massage = desk.service()
    sold = desk.sell(desk.customer(), desk.offer(massage))
    red = desk.redeem(sold["id"], massage)["redemption_id"]
    answer = desk.client.request(method, f"/v1/redemptions/{red}", headers=desk.headers())
    assert answer.status_code == 405
    assert answer.json()["code"] == "method-not-allowed"
    assert desk.get(f"/v1/redemptions/{red}")["restorable"] == 1


@pytest.mark.covers("S71", "S70", "S76")
def test_each_stamp_tells_when_it_was_used_and_for_which_appointment(desk: Desk) -> None:
    massage = desk.service()
    sold = desk.sell(desk.customer(), desk.offer(massage, quantity=3), effective_at=desk.today(days=-9))
    moments = [f"{desk.today(days=-days)}T10:00:00.000Z" for days in (5, 3)]
    for n, moment in enumerate(moments):
        desk.redeem(sold["id"], massage, effective_at=moment, booking_id=f"bkg_{n}")
    stamps = desk.units(sold["id"])
    assert [(stamp["unit"], stamp["state"], stamp["used_at"], stamp["booking_id"]) for stamp in stamps] == [
        (1, "used", moments[0], "bkg_0"),
        (2, "used", moments[1], "bkg_1"),
        (3, "available", None, None),
    ]
    assert sum(stamp["value"]["amount"] for stamp in stamps) == 50_000


@pytest.mark.covers("S85", "S86", "S87", "S70")
def test_a_twenty_pack_is_shared_by_three_dogs_and_each_stamp_shows_whose_it_was(desk: Desk) -> None:
    walk = desk.service("Walk", "Dog care")
    offer = desk.offer(walk, quantity=20, price=40_000, sharing="household")
    names = ("Max", "Bella", "Rex")
    household = [{"name": name, "kind": "dog"} for name in names]
    owner = desk.do("/v1/customers", {"name": "Ida", "participants": household})
    dogs = {each["name"]: each["id"] for each in owner["participants"] if each["kind"] == "dog"}
    sold = desk.sell(owner["id"], offer)
    assert sold["sharing"] == "household"
    for name in ("Max", "Bella", "Max", "Rex"):
        card = desk.redeem(sold["id"], walk, participant_id=dogs[name])
    assert (card["remaining"], card["total"]) == (16, 20), "one shared pool"

    stamps = [unit["participant"] for unit in desk.units(sold["id"])][:4]
    assert [(dog["name"], dog["kind"], dog["id"]) for dog in stamps] == [
        (name, "dog", dogs[name]) for name in ("Max", "Bella", "Max", "Rex")
    ]
    uses = [row["participant"]["name"] for row in desk.history(sold["id"]) if row["kind"] == "use"]
    assert [uses.count(name) for name in names] == [2, 1, 1], "tracked separately"


@pytest.mark.covers("S85")
def test_sharing_is_optional_and_only_for_eligible_participants(desk: Desk) -> None:
    walk, swim = desk.service("Walk", "Dog care"), desk.service("Swim", "Dog care")
    dogs = [{"name": "Max", "kind": "dog"}, {"name": "Rex", "kind": "dog", "barred_services": [swim]}]
    owner = desk.do("/v1/customers", {"name": "Ida", "participants": dogs})
    _, max_, rex = (each["id"] for each in owner["participants"])
    lines = [{"quantity": 5, "services": [walk, swim]}]
    sold = desk.sell(owner["id"], desk.offer(lines=lines), beneficiaries=[max_])
    assert [(dog["id"], dog["name"], dog["kind"]) for dog in sold["beneficiaries"]] == [(max_, "Max", "dog")]

    path = f"/v1/packages/{sold['id']}"
    desk.redeem(sold["id"], walk, participant_id=max_)
    desk.refused(f"{path}/redemptions", {"service_id": walk, "participant_id": rex}, "not-eligible")
    assert desk.do(f"{path}/sharing", {"sharing": "household"})["sharing"] == "household"
    desk.redeem(sold["id"], walk, participant_id=rex)
    desk.refused(f"{path}/redemptions", {"service_id": swim, "participant_id": rex}, "not-eligible")


@pytest.mark.covers("S81", "S77")
def test_refunds_belong_to_one_purchase(desk: Desk) -> None:
    offer, anna = desk.offer(desk.service()), desk.customer()
    payment = {"amount": 50_000, "method": "card"}
    first, second = (desk.sell(anna, offer, payment=payment) for _ in range(2))
    refunded = desk.do(f"/v1/payments/{second['payment_id']}/refunds", {"amount": 20_000, "reason": "ill"})
    assert (refunded["id"], refunded["payment_status"], refunded["refunded"]) == (
        second["id"],
        "partial",
        money(20_000),
    )
    assert desk.card(first["id"])["payment_status"] == "paid"
    row = desk.history(second["id"])[-1]
    assert (row["kind"], row["amount"], row["text"], row["reverses"]) == ("refund", money(20_000), "ill", 2)


def test_the_history_begins_at_either_end(either_desk: Desk) -> None:
    service = either_desk.service()
    package = either_desk.sell(either_desk.customer(), either_desk.offer(service))["id"]
    for _ in range(3):
        either_desk.redeem(package, service)
    newest = either_desk.history(package, order="newest", limit=3)
    assert newest == either_desk.history(package)[::-1], "page by page"
    cursor = either_desk.get(f"/v1/packages/{package}/history", order="newest", limit=1)["next_cursor"]
    problem = either_desk.ask(f"/v1/packages/{package}/history", cursor=cursor).json()
    assert problem["code"] == "invalid-cursor", "a cursor belongs to one order"
