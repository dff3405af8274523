"""Two records of one person become one, and are two again (S109)."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from domain.actor import Role
from tests.api.desk import Desk, money

pytest_plugins = ["tests.api.houses"]


@pytest.mark.covers("S109")
def test_after_a_merge_the_absorbed_id_means_the_survivor(either_desk: Desk) -> None:
    desk = either_desk
    massage = desk.service()
    offer = desk.offer(massage)
    anna, double = (
        desk.customer("Anna", email="anna@example.com"),
        desk.customer("Anna K.", mobile="+36301234567"),
    )
    first, second = desk.sell(anna, offer), desk.sell(double, offer)
    desk.do(f"/v1/customers/{anna}/points", {"action": "add", "points": 30})
    desk.do(f"/v1/customers/{double}/points", {"action": "add", "points": 12})

    preview = desk.try_out(f"/v1/customers/{anna}/merge", {"absorbed_customer_id": double})
    merged = desk.do(f"/v1/customers/{anna}/merge", {"absorbed_customer_id": double})

    assert {**preview, "dry_run": None, "facts": None} == {**merged, "dry_run": None, "facts": None}
    assert (merged["id"], merged["absorbed"], merged["points"]) == (anna, [double], 42)
    assert (merged["points_moved"], merged["packages_moved"], merged["left_behind"]) == (
        12,
        1,
        ["name", "mobile"],
    )
    for id in (anna, double):
        shown = desk.get(f"/v1/customers/{id}")
        assert (shown["id"], shown["name"], shown["active_packages"], shown["points"]) == (
            anna,
            "Anna",
            2,
            42,
        )
        cards = desk.get(f"/v1/customers/{id}/packages")
        assert [card["id"] for card in cards["data"]] == [first["id"], second["id"]]
        assert [card["purchase_number"] for card in cards["data"]] == [1, 2]
        assert {card["customer"]["id"] for card in cards["data"]} == {anna}
        assert cards["active_count"] == 2
        assert desk.get(f"/v1/customers/{id}/points")["points"] == 42
        (credit,) = desk.get(f"/v1/customers/{id}/credits")["services"]
        assert credit["available"] == 20
        assert len(desk.get(f"/v1/customers/{id}/activity")["packages"]) == 2
    card = desk.card(second["id"])
    assert (card["customer"]["id"], card["customer"]["name"], card["purchase_number"]) == (anna, "Anna", 2)
    assert [each["id"] for each in card["beneficiaries"]] == ["par_" + anna.removeprefix("cus_")]
    assert [row["id"] for row in desk.all_of("/v1/customers")] == [anna]
    assert [row["id"] for row in desk.all_of("/v1/customers", offer_id=offer)] == [anna]


def test_a_use_of_either_id_takes_from_both(either_desk: Desk) -> None:
    desk = either_desk
    massage = desk.service()
    offer = desk.offer(massage, quantity=2)
    anna, double = desk.customer("Anna"), desk.customer("Anna K.")
    desk.sell(anna, offer), desk.sell(double, offer)
    desk.do(f"/v1/customers/{anna}/merge", {"absorbed_customer_id": double})

    used = desk.do(f"/v1/customers/{double}/redemptions", {"service_id": massage, "quantity": 3})

    assert (
        sum(each["quantity"] if "quantity" in each else len(each["units"]) for each in used["allocations"])
        == 3
    )
    assert desk.get(f"/v1/customers/{anna}/credits")["services"][0]["available"] == 1


def test_an_unmerge_gives_each_what_is_theirs_by_stream(either_desk: Desk) -> None:
    desk = either_desk
    massage = desk.service()
    offer = desk.offer(massage)
    anna, double = desk.customer("Anna"), desk.customer("Anna K.")
    mine, theirs = desk.sell(anna, offer), desk.sell(double, offer)
    desk.do(f"/v1/customers/{double}/points", {"action": "add", "points": 12})
    desk.do(f"/v1/customers/{anna}/merge", {"absorbed_customer_id": double})
    later = desk.sell(double, offer)
    assert (later["customer"]["id"], later["purchase_number"]) == (anna, 3)
    desk.do(f"/v1/customers/{anna}/points", {"action": "redeem", "points": 2})

    back = desk.do(f"/v1/customers/{double}/unmerge", {})

    assert (back["id"], back["points"], back["points_returned"], back["survivor_id"]) == (
        double,
        10,
        10,
        anna,
    )
    assert desk.get(f"/v1/customers/{anna}")["points"] == 0
    assert {each["id"] for each in desk.all_of(f"/v1/customers/{anna}/packages")} == {mine["id"], later["id"]}
    assert [each["id"] for each in desk.all_of(f"/v1/customers/{double}/packages")] == [theirs["id"]]
    assert [row["id"] for row in desk.all_of("/v1/customers")] == [anna, double]
    desk.refused(f"/v1/customers/{double}/unmerge", {}, "not-merged")


def test_the_strictest_consent_and_any_block_win(either_desk: Desk) -> None:
    desk = either_desk
    anna = desk.customer("Anna", consents={"birthday": True, "marketing": True})
    double = desk.customer("Anna K.", consents={"marketing": True})
    desk.do(f"/v1/customers/{double}/block", {})

    merged = desk.do(f"/v1/customers/{anna}/merge", {"absorbed_customer_id": double})
    assert merged["consents"] == {"session_reminder": False, "birthday": False, "marketing": True}
    assert merged["blocked"]

    unblocked = desk.do(f"/v1/customers/{double}/unblock", {})
    assert (unblocked["id"], unblocked["blocked"]) == (anna, False)

    desk.do(f"/v1/customers/{anna}/unmerge", {})
    alone, again = desk.get(f"/v1/customers/{anna}"), desk.get(f"/v1/customers/{double}")
    assert alone["consents"] == {"session_reminder": False, "birthday": True, "marketing": True}
    assert (alone["blocked"], again["blocked"]) == (False, True)


def test_a_merge_takes_what_was_chosen_of_the_absorbed_profile(either_desk: Desk) -> None:
    desk = either_desk
    anna = desk.customer("Anna", email="anna@example.com")
    double = desk.customer(
        "Anna Kovács", email="ak@example.com", mobile="+36301234567", gender="female", locale="hu"
    )
    choices = {"name": "absorbed", "mobile": "absorbed", "email": "survivor", "locale": "absorbed"}

    merged = desk.do(f"/v1/customers/{anna}/merge", {"absorbed_customer_id": double, "choices": choices})

    told = {
        name: merged[name]
        for name in ("name", "email", "mobile", "country_code", "gender", "locale", "left_behind")
    }
    assert told == {
        "name": "Anna Kovács",
        "email": "anna@example.com",
        "mobile": "+36301234567",
        "country_code": "+36",
        "gender": None,
        "locale": "hu",
        "left_behind": ["email", "gender"],
    }


def test_self_cycles_and_what_is_merged_already_are_refused(either_desk: Desk) -> None:
    desk = either_desk
    anna, bea, cili = (desk.customer(name) for name in ("Anna", "Bea", "Cili"))

    def merge(survivor: str, absorbed: str, code: str | None = None) -> Any:
        path, body = f"/v1/customers/{survivor}/merge", {"absorbed_customer_id": absorbed}
        return desk.do(path, body) if code is None else desk.refused(path, body, code)

    merge(anna, anna, "validation-failed")
    merge(anna, "cus_nobody", "not-found")
    merge(anna, bea)
    merge(anna, bea, "customer-merged")
    merge(cili, bea, "customer-merged")
    merge(bea, anna, "validation-failed")  # the address means Anna already
    desk.refused(f"/v1/customers/{cili}/unmerge", {}, "not-merged")
    merge(cili, anna)
    assert desk.get(f"/v1/customers/{bea}")["id"] == cili
    assert desk.get(f"/v1/customers/{cili}")["absorbed"] == [anna, bea]
    desk.refused(f"/v1/customers/{bea}/unmerge", {}, "customer-merged")
    desk.do(f"/v1/customers/{anna}/unmerge", {})
    assert desk.get(f"/v1/customers/{bea}")["id"] == anna


def test_only_managers_and_owners_merge(either_desk: Desk) -> None:
    desk = either_desk
    anna, double = desk.customer("Anna"), desk.customer("Anna K.")
    for role in (Role.STAFF, Role.AUDITOR, Role.INTEGRATION):
        answer = desk.as_role(role).post(f"/v1/customers/{anna}/merge", {"absorbed_customer_id": double})
        assert answer.json()["code"] == "forbidden"


def test_every_question_by_the_absorbed_id_is_answered_as_by_the_survivors(either_desk: Desk) -> None:
    desk = either_desk
    massage = desk.service()
    offer = desk.offer(massage, sharing="household")
    anna = desk.customer("Anna", participants=[{"name": "Max", "kind": "dog"}])
    double = desk.customer("Anna K.", participants=[{"name": "Rex", "kind": "dog"}])
    cards = [desk.sell(id, offer) for id in (anna, double, double)]
    for card in cards:
        desk.redeem(card["id"], massage)
    start = f"{desk.today(days=3)}T10:00:00Z"
    booked = desk.do("/v1/bookings", {"customer_id": double, "service_id": massage, "starts_at": start})
    membership = desk.membership(double, massage)
    rule = {"offer_id": offer, "threshold": 1, "payment_method_ref": "card-1"}
    top_up = desk.do(f"/v1/customers/{double}/top-ups", rule)
    for _ in range(3):
        desk.do(f"/v1/customers/{double}/points", {"action": "add", "points": 5})
        desk.do(f"/v1/customers/{anna}/points", {"action": "add", "points": 7})
    desk.do(f"/v1/customers/{anna}/merge", {"absorbed_customer_id": double})

    of_customer = ("", "/packages", "/points", "/credits", "/activity", "/bookings", "/history")
    for path in (*of_customer, "/memberships", "/top-ups"):
        by_survivor, by_absorbed = (desk.get(f"/v1/customers/{id}{path}") for id in (anna, double))
        for told in (by_survivor, by_absorbed):
            told.pop("next_cursor", None)
        assert by_absorbed == by_survivor, path
    for path in ("/v1/packages", "/v1/bookings", "/v1/memberships"):
        by_survivor, by_absorbed = (desk.all_of(path, customer_id=id, limit=1) for id in (anna, double))
        assert by_absorbed == by_survivor, path
        assert by_survivor, path
    assert len(desk.all_of("/v1/packages", customer_id=double)) == 4
    assert len(desk.all_of(f"/v1/customers/{double}/points", limit=2)) == 8
    assert len(desk.all_of(f"/v1/customers/{double}/credits".replace("/credits", "/packages"), limit=1)) == 4

    names = [each["name"] for each in desk.get(f"/v1/customers/{double}")["participants"]]
    assert names == ["Anna", "Max", "Rex"]
    in_person = "par_" + anna.removeprefix("cus_")
    for card in cards:
        (use,) = (row for row in desk.history(card["id"]) if row["kind"] == "use" and row["booking"] is None)
        assert (use["participant"]["id"], use["participant"]["name"]) == (in_person, "Anna")
    usage = desk.get(f"/v1/customers/{double}/credits")["usage"]
    assert {row["participant"]["name"] for row in usage} == {"Anna"}
    assert {row["purchase_number"] for row in usage} == {1, 2, 3}
    shown = desk.get(f"/v1/bookings/{booked['id']}")
    assert (shown["customer"]["id"], shown["customer"]["name"]) == (anna, "Anna")
    assert (shown["participant"]["id"], shown["participant"]["name"]) == (in_person, "Anna")
    (listed,) = desk.all_of("/v1/bookings", customer_id=anna)
    assert listed == shown
    for path in (f"/v1/memberships/{membership}", f"/v1/top-ups/{top_up['id']}"):
        assert desk.get(path)["customer_id"] == anna, path
    owing = desk.all_of("/v1/reports/outstanding")
    assert [row["customer_id"] for row in owing] == [anna] * 4
    assert sorted(row["purchase_number"] for row in owing) == [1, 1, 2, 3]
    receipt = desk.get(f"/v1/packages/{cards[2]['id']}/receipt")
    assert (receipt["customer"], receipt["purchase_number"]) == ({"id": anna, "name": "Anna"}, 3)


def test_every_command_by_the_absorbed_id_acts_on_the_survivor(either_desk: Desk) -> None:
    desk = either_desk
    massage = desk.service()
    offer = desk.offer(massage)
    anna, double, bea = (desk.customer(name) for name in ("Anna", "Anna K.", "Bea"))
    theirs = desk.sell(double, offer)
    early = desk.do(f"/v1/customers/{double}/points", {"action": "add", "points": 5})
    desk.do(f"/v1/customers/{anna}/merge", {"absorbed_customer_id": double})

    start = f"{desk.today(days=3)}T10:00:00Z"
    person = "par_" + double.removeprefix("cus_")
    booking = {"customer_id": double, "service_id": massage, "starts_at": start, "participant_id": person}
    assert desk.do("/v1/bookings", booking)["customer"]["id"] == anna
    assert desk.sell(double, offer)["customer"]["id"] == anna
    assert desk.sell(bea, offer, purchased_by=double)["purchased_by"] == anna
    assert desk.redeem(theirs["id"], massage, participant_id=person)["remaining"] == 8
    moved = desk.do(f"/v1/customers/{double}/points", {"action": "add", "points": 5})
    assert (moved["customer_id"], moved["balance"]) == (anna, 10)
    reversed_ = desk.do(f"/v1/points/{early['id']}/reversal", {})
    assert (reversed_["customer_id"], reversed_["balance"]) == (anna, 5)
    assert desk.get(f"/v1/customers/{anna}")["points"] == 5
    for path, given in (
        ("/changes", {"category": None, "email": "anna@example.com"}),
        ("/deactivation", {}),
        ("/activation", {}),
        ("/block", {"reason": "unpaid"}),
        ("/unblock", {}),
        ("/participants", {"name": "Max"}),
    ):
        assert desk.do(f"/v1/customers/{double}{path}", dict(given))["id"] == anna, path
    moved_to = desk.sell(bea, offer)
    body: Any = {"to_customer_id": double, "line": 1, "quantity": 2}
    assert desk.do(f"/v1/packages/{moved_to['id']}/transfers", body)["to"]["customer"]["id"] == anna
    body = {"to_customer_id": anna, "line": 1, "quantity": 2}
    desk.refused(f"/v1/packages/{theirs['id']}/transfers", body, "validation-failed")
    plan_member = desk.membership(double, massage)
    assert desk.get(f"/v1/memberships/{plan_member}")["customer_id"] == anna
    rule = {"offer_id": offer, "threshold": 1, "payment_method_ref": "card-1"}
    assert desk.do(f"/v1/customers/{double}/top-ups", rule)["customer_id"] == anna


def test_before_the_merge_there_are_two_customers(either_desk: Desk) -> None:
    desk = either_desk
    massage = desk.service()
    offer = desk.offer(massage)
    anna, double = desk.customer("Anna"), desk.customer("Anna K.")
    mine, theirs = desk.sell(anna, offer), desk.sell(double, offer)
    desk.do(f"/v1/customers/{double}/points", {"action": "add", "points": 5})
    desk.do(f"/v1/customers/{anna}/merge", {"absorbed_customer_id": double})
    desk.do(f"/v1/customers/{anna}/unmerge", {})
    # A question about a moment counts what was recorded before it.
    recorded = {fact["name"]: fact["recorded_at"] for fact in desk.all_of("/v1/facts")}
    before, merged = recorded["customer.merged"], recorded["customer.unmerged"]

    def at(moment: str, id: str) -> tuple[set[str], int]:
        cards = desk.all_of(f"/v1/customers/{id}/packages", as_of=moment)
        return {card["id"] for card in cards}, desk.get(f"/v1/customers/{id}/points", as_of=moment)["points"]

    assert at(before, anna) == ({mine["id"]}, 0)
    assert at(before, double) == ({theirs["id"]}, 5)
    assert at(merged, anna) == at(merged, double) == ({mine["id"], theirs["id"]}, 5)
    assert desk.card(theirs["id"], as_of=before)["customer"]["id"] == double
    assert desk.card(theirs["id"], as_of=merged)["customer"]["id"] == anna
    assert desk.card(theirs["id"], as_of=merged)["purchase_number"] == 2
    assert desk.card(theirs["id"])["customer"]["id"] == double
    rows = desk.all_of("/v1/reports/outstanding", as_of=merged)
    assert {row["customer_id"] for row in rows} == {anna}
    rows = desk.all_of("/v1/reports/outstanding", as_of=before)
    assert {row["customer_id"] for row in rows} == {anna, double}


def test_a_customers_own_key_of_either_id_sees_the_survivor(either_desk: Desk) -> None:
    desk = either_desk
    massage = desk.service()
    offer = desk.offer(massage)
    anna, double, bea = (desk.customer(name) for name in ("Anna", "Anna K.", "Bea"))
    cards = [desk.sell(id, offer) for id in (anna, double, bea)]
    desk.do(f"/v1/customers/{anna}/merge", {"absorbed_customer_id": double})
    for own in (anna, double):
        phone = desk.as_role(Role.CUSTOMER, own)
        for id in (anna, double):
            assert phone.get(f"/v1/customers/{id}")["name"] == "Anna"
            assert len(phone.all_of("/v1/packages", customer_id=id)) == 2
        assert phone.ask(f"/v1/customers/{bea}").status_code == 404
        assert phone.card(cards[0]["id"])["customer"]["name"] == "Anna"
        assert phone.card(cards[1]["id"])["customer"]["name"] == "Anna"
        assert phone.ask(f"/v1/packages/{cards[2]['id']}").status_code == 404
        assert len(phone.all_of("/v1/packages")) == 2
        start = f"{desk.today(days=3 + (own == anna))}T10:00:00Z"
        booked = phone.do("/v1/bookings", {"customer_id": own, "service_id": massage, "starts_at": start})
        assert booked["customer"]["id"] == anna
        assert len(phone.all_of("/v1/bookings")) == 1 + (own == double)
        desk.do(f"/v1/bookings/{booked['id']}/confirmation", {})
        answer = phone.post(f"/v1/bookings/{booked['id']}/cancellation", {"by": "customer"})
        assert answer.status_code == 201, answer.text


def test_lists_and_exports_show_and_find_the_survivor(either_desk: Desk) -> None:
    desk = either_desk
    massage, bath = desk.service(), desk.service("Bath", "Bath")
    offer, other = desk.offer(massage), desk.offer(bath)
    ref = {"source": "old", "ref": "77"}
    double = desk.customer("Anna K.", external_ref=ref)
    anna, bea = desk.customer("Anna"), desk.customer("Bea")
    desk.sell(double, offer), desk.sell(anna, other), desk.sell(bea, other)
    start = f"{desk.today(days=3)}T10:00:00Z"
    desk.do("/v1/bookings", {"customer_id": double, "service_id": massage, "starts_at": start})
    desk.do(f"/v1/customers/{anna}/merge", {"absorbed_customer_id": double})

    def listed(**filters: Any) -> list[str]:
        return [row["id"] for row in desk.all_of("/v1/customers", **filters)]

    assert listed() == [anna, bea]
    assert listed(offer_id=offer) == listed(service_id=massage) == [anna]
    assert listed(booking_status="active") == listed(external_ref="old:77") == [anna]
    assert listed(offer_id=[offer, other], limit=1) == [anna, bea]
    assert listed(unused_service_id=massage) == [bea]
    assert listed(search="anna") == [anna]
    shown = {row["id"]: row for row in desk.all_of("/v1/customers")}
    assert (shown[anna]["active_packages"], shown[anna]["absorbed"]) == (2, [double])
    for table, rows in (("packages", 3), ("history", 4), ("bookings", 1)):
        path = "/v1/packages/history/export" if table == "history" else f"/v1/{table}/export"
        answer = desk.client.get(path, headers={"Authorization": f"Bearer {desk.key}", "Accept": "text/csv"})
        assert answer.status_code == 200, answer.text
        assert double not in answer.text, table
        assert len(answer.text.strip().splitlines()) >= rows


def test_a_merge_while_both_are_used_loses_and_doubles_nothing(either_desk: Desk) -> None:
    desk = either_desk
    massage = desk.service()
    offer = desk.offer(massage, quantity=5)
    for _ in range(3):
        anna, double = desk.customer("Anna"), desk.customer("Anna K.")
        for id in (anna, double):
            desk.sell(id, offer)
            desk.do(f"/v1/customers/{id}/points", {"action": "add", "points": 10})

        def ask(number: int, anna: str = anna, double: str = double) -> tuple[str, int]:
            if number == 4:
                path, body = f"/v1/customers/{anna}/merge", {"absorbed_customer_id": double}
            elif number % 2:
                path, body = f"/v1/customers/{double}/redemptions", {"service_id": massage}
            else:
                path, body = f"/v1/customers/{double}/points", {"action": "redeem", "points": 3}  # type: ignore[dict-item]
            return path, desk.post(path, body).status_code

        with ThreadPoolExecutor(9) as people:
            told = list(people.map(ask, range(9)))

        assert {code for _, code in told} <= {201, 409}, told
        used = sum(code == 201 and path.endswith("redemptions") for path, code in told)
        spent = sum(code == 201 and path.endswith("points") for path, code in told)
        shown = desk.get(f"/v1/customers/{double}")
        assert (shown["id"], shown["points"]) == (anna, 20 - 3 * spent)
        assert used == 4
        assert desk.get(f"/v1/customers/{anna}/credits")["services"][0]["available"] == 10 - used


def test_earned_points_are_taken_back_from_the_survivor(either_desk: Desk) -> None:
    desk = either_desk
    desk.do("/v1/policies", {"earn": [{"on": "payment", "points": 1, "per_amount": 100}]})
    massage = desk.service()
    offer = desk.offer(massage, price=10_000)
    anna, double = desk.customer("Anna"), desk.customer("Anna K.")
    card = desk.sell(double, offer, payment={"amount": money(10_000), "method": "cash"})
    assert desk.get(f"/v1/customers/{double}")["points"] == 100
    desk.do(f"/v1/customers/{anna}/merge", {"absorbed_customer_id": double})
    (payment,) = desk.get(f"/v1/packages/{card['id']}/payments")["data"]

    desk.do(f"/v1/payments/{payment['payment_id']}/refunds", {"amount": money(4_000), "reason": "ill"})

    assert desk.get(f"/v1/customers/{anna}")["points"] == 60
    back = desk.do(f"/v1/customers/{double}/unmerge", {})
    assert (back["points"], back["points_returned"]) == (60, 60)
    assert desk.get(f"/v1/customers/{anna}")["points"] == 0
    desk.do(f"/v1/payments/{payment['payment_id']}/refunds", {"amount": money(6_000), "reason": "ill"})
    assert desk.get(f"/v1/customers/{double}")["points"] == 0


def test_a_pair_that_was_merged_is_no_possible_duplicate(either_desk: Desk) -> None:
    desk = either_desk
    anna = desk.customer("Anna", email="anna@example.com")
    double = desk.customer("Anna K.", email="anna@example.com", mobile="+36301234567")
    desk.do(f"/v1/customers/{anna}/merge", {"absorbed_customer_id": double})

    changed = desk.do(f"/v1/customers/{anna}/changes", {"email": "Anna@example.com"})
    assert changed["possible_duplicates"] == []

    third = desk.do("/v1/customers", {"name": "A.", "mobile": "+36301234567"})
    assert third["possible_duplicates"] == [{"customer_id": anna, "matches": ["mobile"]}]


def test_the_etag_of_either_id_is_the_survivors(either_desk: Desk) -> None:
    desk = either_desk
    anna, double = desk.customer("Anna"), desk.customer("Anna K.")
    desk.do(f"/v1/customers/{anna}/merge", {"absorbed_customer_id": double})
    tags = {desk.ask(f"/v1/customers/{id}").headers["etag"] for id in (anna, double)}
    assert len(tags) == 1
    desk.refused(f"/v1/customers/{double}/block", {}, "version-mismatch", if_match='"v1"')
    desk.do(f"/v1/customers/{double}/block", {}, if_match=tags.pop())
    tag = desk.ask(f"/v1/customers/{double}").headers["etag"]
    desk.do(f"/v1/customers/{double}/unmerge", {}, if_match=tag)


def test_the_clock_renews_and_reminds_a_merged_customers_things_once(either_desk: Desk) -> None:
    desk = either_desk
    massage = desk.service()
    offer = desk.offer(massage, validity={"rule": "after_purchase", "count": 10, "unit": "days"})
    anna, double = desk.customer("Anna"), desk.customer("Anna K.")
    card = desk.sell(double, offer)
    membership = desk.membership(double, massage)
    desk.do(f"/v1/customers/{double}/deactivation", {})
    desk.do(f"/v1/customers/{anna}/merge", {"absorbed_customer_id": double})

    assert desk.tick()["reminders"] == 1
    assert desk.card(card["id"])["reminder"]["status"] == "due"
    assert desk.tick()["reminders"] == 0
    desk.clock.forward(days=32)
    assert desk.tick()["renewals"] == 1
    assert desk.tick()["renewals"] == 0

    shown = desk.get(f"/v1/memberships/{membership}")
    package = shown["current"]["package_id"]
    granted = desk.card(package)
    assert (shown["customer_id"], granted["customer"]["id"]) == (anna, anna)
    assert [each["id"] for each in granted["beneficiaries"]] == ["par_" + anna.removeprefix("cus_")]
    assert granted["purchase_number"] == 2
    assert desk.redeem(package, massage)["remaining"] == 3
