"""Editing packages (system A of the checklist): expiry, corrections, payments, notes, and who may."""

import pytest

from domain.actor import Role
from tests.api.desk import Body, Desk, House, money

pytest_plugins = ["tests.api.houses"]

MAY_EDIT = {Role.OWNER: True, Role.MANAGER: True, Role.STAFF: False, Role.AUDITOR: False}


@pytest.mark.covers("S17", "S18", "S8")
def test_the_expiry_is_changed_and_removed(desk: Desk) -> None:
    sold = desk.sell(desk.customer(), desk.offer(desk.service()), expires_on=desk.today(days=5))
    path = f"/v1/packages/{sold['id']}/expiry"
    assert desk.do(path, {"expires_on": desk.today(days=50)})["expires_on"] == desk.today(days=50)
    removed = desk.do(path, {"expires_on": None, "reason": "loyal customer"})
    assert removed["expires_on"] is None
    desk.clock.forward(days=5_000)
    assert desk.card(sold["id"])["status"] == "active"
    labels = [row["label"] for row in desk.history(sold["id"]) if row["kind"] == "expiry"]
    assert labels[-1] == "Expiry removed"


@pytest.mark.covers("S15", "S27")
@pytest.mark.parametrize("role", MAY_EDIT)
def test_only_managers_and_owners_edit_packages(desk: Desk, role: Role) -> None:
    offer, anna = desk.offer(desk.service()), desk.customer()
    sold = desk.sell(anna, offer, payment={"amount": 100, "method": "cash"})
    other = desk.as_role(role)
    path = f"/v1/packages/{sold['id']}"
    edits: dict[str, Body] = {
        f"{path}/corrections": {"line": 1, "change": -1},
        f"{path}/expiry": {"expires_on": desk.today(days=9)},
        f"{path}/freeze": {"until": desk.today(days=2), "reason": "holiday"},
        f"{path}/unfreeze": {},
        f"{path}/price": {"price": 49_000, "reason": "promised"},
        f"{path}/sharing": {"sharing": "household"},
        f"/v1/payments/{sold['payment_id']}/refunds": {"amount": 1, "reason": "promised"},
        f"{path}/cancellation": {"reason": "moved away"},
        f"{path}/reinstatement": {"expires_on": desk.today(days=9), "reason": "owed"},
    }
    for edit, body in edits.items():
        if MAY_EDIT[role]:
            other.do(edit, body)
        else:
            other.refused(edit, body, "forbidden")


@pytest.mark.covers("S21", "S22", "S23", "S24", "S25", "S9")
def test_a_correction_takes_or_gives_sessions_of_one_line_with_its_reason_in_the_history(desk: Desk) -> None:
    massage, sauna = desk.service(), desk.service("Sauna", "Wellness")
    lines = [{"quantity": 3, "services": [massage]}, {"quantity": 3, "services": [sauna]}]
    sold = desk.sell(desk.customer(), desk.offer(lines=lines))
    path = f"/v1/packages/{sold['id']}/corrections"

    taken = desk.do(path, {"line": 1, "change": -1, "reason": "forgot to stamp"})
    assert [(line["used"], line["total"], line["remaining"]) for line in taken["lines"]] == [
        (1, 3, 2),
        (0, 3, 3),
    ]
    given = desk.do(path, {"line": 1, "change": 1})
    assert [line["remaining"] for line in given["lines"]] == [3, 3]

    rows = [row for row in desk.history(sold["id"]) if row["kind"] == "correction"]
    assert [(row["label"], row["change"], row["remaining"]) for row in rows] == [
        ("Correction: forgot to stamp", -1, 2),
        ("Correction", 1, 3),
    ]


@pytest.mark.covers("S26", "S13", "S11")
def test_the_status_follows_a_correction(desk: Desk) -> None:
    massage = desk.service()
    sold = desk.sell(desk.customer(), desk.offer(massage, quantity=2))
    desk.redeem(sold["id"], massage)
    path = f"/v1/packages/{sold['id']}/corrections"
    assert desk.do(path, {"line": 1, "change": -1})["status"] == "fully_used"
    assert desk.do(path, {"line": 1, "change": 2})["status"] == "active"


@pytest.mark.covers("S23")
def test_giving_back_frees_what_corrections_took_before_what_is_in_use(desk: Desk) -> None:
    massage = desk.service()
    sold = desk.sell(desk.customer(), desk.offer(massage, quantity=3))
    red = desk.redeem(sold["id"], massage)["redemption_id"]
    path = f"/v1/packages/{sold['id']}/corrections"
    desk.do(path, {"line": 1, "change": -1})
    assert desk.do(path, {"line": 1, "change": 1})["redeemed"] == 1
    freed = desk.do(path, {"line": 1, "change": 1})
    assert (freed["redeemed"], freed["remaining"]) == (0, 3)
    assert desk.get(f"/v1/redemptions/{red}")["restorable"] == 0
    added = desk.do(path, {"line": 1, "change": 1})
    assert (added["total"], added["unused_value"]) == (4, money(50_000)), "a unit of value 0"


@pytest.mark.covers("S28", "S29", "S30", "S35", "S5")
def test_an_unpaid_package_is_used_and_paid_visit_by_visit(desk: Desk) -> None:
    massage = desk.service()
    sold = desk.sell(desk.customer(), desk.offer(massage, quantity=3, price=15_000))
    assert (sold["payment_status"], sold["owing"]) == ("unpaid", money(15_000))
    seen = []
    for _ in range(3):
        desk.redeem(sold["id"], massage)
        paid = desk.do(f"/v1/packages/{sold['id']}/payments", {"amount": money(5_000), "method": "cash"})
        seen.append((paid["payment_status"], paid["owing"]["amount"]))
    assert seen == [("partial", 10_000), ("partial", 5_000), ("paid", 0)]
    desk.refused(f"/v1/packages/{sold['id']}/payments", {"amount": 1, "method": "cash"}, "overpayment")
    payments = desk.get(f"/v1/packages/{sold['id']}/payments")["data"]
    assert [(each["amount"], each["method"]) for each in payments] == [(money(5_000), "cash")] * 3


@pytest.mark.covers("S31", "S38")
def test_notes_carry_author_and_date_to_the_next_member_of_staff(desk: Desk) -> None:
    sold = desk.sell(desk.customer(), desk.offer(desk.service()))
    eva = desk.do("/v1/staff", {"name": "Éva", "role": "staff"})["id"]
    texts = ("agreed to pay 5k Ft per visit", "prefers a firm hand", "no fragrance")
    for text in texts:
        desk.as_role(Role.STAFF, eva).do(f"/v1/packages/{sold['id']}/notes", {"text": text})
    notes = desk.as_role(Role.STAFF).get(f"/v1/packages/{sold['id']}/notes")["data"]
    assert tuple(note["text"] for note in notes) == texts
    assert all(note["staff"] == {"id": eva, "name": "Éva"} for note in notes)
    assert all(note["recorded_at"][:10] in (desk.today(), desk.today(days=-1)) for note in notes)
    assert desk.card(sold["id"])["notes_count"] == 3


@pytest.mark.covers("S38")
def test_amounts_may_be_in_forint(house: House) -> None:
    desk = house.desk(currency="HUF")
    sold = desk.sell(desk.customer(), desk.offer(desk.service(), price=50_000))
    paying = {"amount": money(5_000, "HUF"), "method": "cash"}
    paid = desk.do(f"/v1/packages/{sold['id']}/payments", paying)
    assert (paid["paid"], paid["owing"]) == (money(5_000, "HUF"), money(45_000, "HUF"))
    wrong = {"amount": money(5_000, "EUR"), "method": "cash"}
    problem = desk.refused(f"/v1/packages/{sold['id']}/payments", wrong, "validation-failed")
    assert problem["errors"][0]["pointer"] == "/amount/currency"


@pytest.mark.covers("S39", "S12")
def test_an_expired_package_comes_back_only_by_reinstating_it_with_a_reason(desk: Desk) -> None:
    massage = desk.service()
    sold = desk.sell(desk.customer(), desk.offer(massage), expires_on=desk.today())
    path = f"/v1/packages/{sold['id']}"
    desk.refused(f"{path}/reinstatement", {"expires_on": desk.today(days=9), "reason": "x"}, "not-expired")
    desk.clock.forward(days=2)
    desk.refused(f"{path}/expiry", {"expires_on": desk.today(days=30)}, "package-expired")
    body = {"expires_on": desk.today(days=30)}
    desk.refused(f"{path}/reinstatement", body, "validation-failed")
    back = desk.do(f"{path}/reinstatement", {**body, "reason": "we were closed"})
    assert (back["status"], back["available"]) == ("active", 10)
    assert desk.redeem(sold["id"], massage)["remaining"] == 9
    assert desk.history(sold["id"])[-2]["text"] == "we were closed"


@pytest.mark.covers("S14")
def test_a_cancelled_package_keeps_its_history_and_lapses_what_remained(desk: Desk) -> None:
    massage = desk.service()
    sold = desk.sell(desk.customer(), desk.offer(massage), payment={"amount": 50_000, "method": "card"})
    desk.redeem(sold["id"], massage, quantity=4)
    refund = {"amount": 30_000, "payment_id": sold["payment_id"]}
    ended = desk.do(f"/v1/packages/{sold['id']}/cancellation", {"reason": "moved away", "refund": refund})
    assert (ended["status"], ended["remaining"], ended["lapsed"], ended["used"]) == ("cancelled", 0, 6, 4)
    assert (ended["refunded"], ended["unused_value"]) == (money(30_000), money(0))
    kinds = [row["kind"] for row in desk.history(sold["id"])]
    assert kinds == ["purchase", "payment", "use", "refund", "cancellation"]
