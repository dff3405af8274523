"""Erasing a customer: what goes, what stays, and what is refused from then on."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

from api.http.ledger_types import recorded
from domain.actor import Role
from projections.engine.definition import fold
from projections.models.customers import CUSTOMERS
from tests.api.desk import Desk, money

pytest_plugins = ["tests.api.houses"]


def erase(desk: Desk, customer_id: str, **body: str) -> dict[str, Any]:
    told: dict[str, Any] = desk.do(f"/v1/customers/{customer_id}/erasure", body)
    return told


def test_an_erased_customer_is_gone_for_readers_and_for_commands(either_desk: Desk) -> None:
    desk = either_desk
    anna = desk.customer("Anna", email="anna@example.com", participants=[{"name": "Max", "kind": "dog"}])
    desk.do(f"/v1/customers/{anna}/block", {"reason": "Shouted"})
    told = erase(desk, anna)
    assert told["removed"] == {
        "people": 2,
        "search": 1,
        "texts": 1,
        "photos": 0,
        "answers": 2,
        "messages": 0,
        "keys": 0,
    }
    assert told["why"] == "asked"
    report = desk.get(f"/v1/customers/{anna}/erasure")
    assert set(report["left"].values()) == {0}
    assert report["removed"] == told["removed"]
    gone = desk.ask(f"/v1/customers/{anna}")
    assert (gone.status_code, gone.json()["code"]) == (410, "erased")
    for command, body in (
        ("unblock", {}),
        ("changes", {"name": "Anna"}),
        ("erasure", {}),
        ("points", {"action": "add", "points": 5}),
    ):
        desk.refused(f"/v1/customers/{anna}/{command}", body, "erased")
    desk.refused(
        "/v1/packages",
        {"customer_id": anna, "name": "Five", "price": money(0), "lines": []},
        "validation-failed",
    )
    assert [row["id"] for row in desk.all_of("/v1/customers")] == []
    assert desk.all_of("/v1/customers", search="anna") == []


def test_the_first_answer_is_gone_and_its_key_stays_taken(either_desk: Desk) -> None:
    desk = either_desk
    body = {"name": "Anna", "email": "anna@example.com"}
    anna = desk.post("/v1/customers", body, "first").json()["id"]
    other = desk.post("/v1/customers", {"name": "Bea"}, "second").json()["id"]
    first = desk.post(f"/v1/customers/{anna}/erasure", {}, "gone")
    again = desk.post("/v1/customers", body, "first")
    assert (again.status_code, again.json()["code"]) == (410, "erased")
    assert desk.post("/v1/customers", {"name": "Bea"}, "second").json()["id"] == other
    assert desk.post(f"/v1/customers/{anna}/erasure", {}, "gone").content == first.content


def test_only_an_owner_erases(desk: Desk) -> None:
    anna = desk.customer()
    for role in (Role.MANAGER, Role.STAFF, Role.AUDITOR):
        desk.as_role(role).refused(f"/v1/customers/{anna}/erasure", {}, "forbidden")
    assert desk.as_role(Role.AUDITOR).ask(f"/v1/customers/{anna}/erasure").status_code == 404


def test_what_is_outstanding_is_named_and_ends_only_when_said(either_desk: Desk) -> None:
    desk = either_desk
    massage = desk.service(list_price=money(5_000))
    anna = desk.customer()
    sold = desk.sell(
        anna,
        desk.offer(massage, quantity=5, price=10_000),
        payment={"amount": money(10_000), "method": "cash"},
    )
    package = sold["id"]
    booked = desk.do(
        "/v1/bookings",
        {"customer_id": anna, "service_id": massage, "starts_at": f"{desk.today(days=3)}T10:00:00.000Z"},
    )
    at_the_desk = desk.do(
        "/v1/bookings",
        {
            "customer_id": anna,
            "service_id": massage,
            "starts_at": f"{desk.today(days=4)}T10:00:00.000Z",
            "payment": {"amount": money(5_000), "method": "cash"},
        },
    )
    bookings = (
        [each["id"] for each in (*booked["bookings"], *at_the_desk["bookings"])]
        if "bookings" in booked
        else [booked["id"], at_the_desk["id"]]
    )
    membership = desk.membership(anna, massage)
    refused = desk.refused(f"/v1/customers/{anna}/erasure", {}, "erasure-outstanding")
    assert package in refused["packages"]
    assert refused["bookings"] == bookings
    assert refused["memberships"] == [membership]
    told = erase(desk, anna, unused="cancel", owing="keep")
    assert package in told["ended"]["packages"]
    assert set(told["ended"]["bookings"]) == set(bookings)
    assert told["ended"]["memberships"] == [membership]
    card = desk.card(package)
    assert (card["status"], card["remaining"], card["customer"]["name"]) == ("cancelled", 0, None)
    assert card["customer"]["id"] == anna


def test_a_debt_is_named_and_stays_in_the_books_only_when_said(either_desk: Desk) -> None:
    desk = either_desk
    massage = desk.service()
    anna = desk.customer()
    package = desk.sell(anna, desk.offer(massage, quantity=1, price=5_000))["id"]
    desk.redeem(package, massage)
    refused = desk.refused(f"/v1/customers/{anna}/erasure", {"unused": "cancel"}, "erasure-outstanding")
    assert (refused["owing"], refused["packages"]) == ([package], [])
    before = desk.get("/v1/reports/outstanding")["data"]
    erase(desk, anna, owing="keep")
    assert [row["owing"] for row in desk.get("/v1/reports/outstanding")["data"]] == [
        row["owing"] for row in before
    ]
    desk.refused(f"/v1/packages/{package}/payments", {"amount": money(5_000), "method": "cash"}, "erased")


def test_what_is_cancelled_unused_is_owed_no_more(desk: Desk) -> None:
    anna = desk.customer()
    package = desk.sell(anna, desk.offer(desk.service()))["id"]
    told = erase(desk, anna, unused="cancel")
    assert told["ended"]["packages"] == [package]


def test_held_units_go_back_before_their_package_ends(either_desk: Desk) -> None:
    desk = either_desk
    desk.do("/v1/policies", {"deduct": "at_attendance"})
    massage = desk.service()
    anna = desk.customer()
    package = desk.sell(anna, desk.offer(massage, quantity=5, price=0))["id"]
    start = f"{desk.today(days=3)}T10:00:00.000Z"
    booking = desk.do("/v1/bookings", {"customer_id": anna, "service_id": massage, "starts_at": start})["id"]
    told = erase(desk, anna, unused="cancel")
    assert told["ended"]["bookings"] == [booking]
    card = desk.card(package)
    assert (card["status"], card["lapsed"], card["held"]) == ("cancelled", 5, 0)
    assert desk.get(f"/v1/bookings/{booking}")["status"] == "cancelled"


def test_a_rule_that_tops_up_is_removed_and_opens_no_attempt(either_desk: Desk) -> None:
    desk = either_desk
    offer = desk.offer(desk.service(), quantity=2, price=1_000)
    anna = desk.customer()
    desk.sell(anna, offer, payment={"amount": money(1_000), "method": "cash"})
    rule = desk.do(
        f"/v1/customers/{anna}/top-ups",
        {"offer_id": offer, "threshold": 1, "payment_method_ref": "pm_1"},
    )["id"]
    told = erase(desk, anna, unused="cancel")
    assert told["ended"]["top_ups"] == [rule]
    assert desk.get("/v1/top-up-attempts")["data"] == []


def test_the_reference_is_free_for_who_comes_back(either_desk: Desk) -> None:
    desk = either_desk
    ref = {"source": "till", "ref": "4711"}
    for _ in range(3):
        anna = desk.customer(external_ref=ref)
        desk.refused("/v1/customers", {"name": "Other", "external_ref": ref}, "duplicate-external-ref")
        assert [row["id"] for row in desk.all_of("/v1/customers", external_ref="till:4711")] == [anna]
        erase(desk, anna)
    assert desk.all_of("/v1/customers", external_ref="till:4711") == []


def test_an_old_file_does_not_bring_anybody_back(either_desk: Desk) -> None:
    desk = either_desk

    def send() -> dict[str, Any]:
        headers = {**desk.headers(), "Content-Type": "text/csv"}
        sheet = b"reference,name\nC-1,Anna\nC-2,Bea\n"
        answer = desk.client.post(
            "/v1/imports/customers", params={"source": "old"}, content=sheet, headers=headers
        )
        told: dict[str, Any] = answer.json()
        return told

    assert send()["recorded"] == 2
    anna = desk.all_of("/v1/customers", external_ref="old:C-1")[0]["id"]
    erase(desk, anna)
    again = send()
    assert (again["recorded"], again["replayed"]) == (0, 1)
    assert [row["code"] for row in again["refused_rows"]] == ["erased"]
    assert [row["name"] for row in desk.all_of("/v1/customers")] == ["Bea"]


def test_an_auditor_reads_on_what_was_hers_and_meets_no_name(either_desk: Desk) -> None:
    desk = either_desk
    massage = desk.service()
    anna = desk.customer("Anna", participants=[{"name": "Max", "kind": "dog"}])
    package = desk.sell(anna, desk.offer(massage, quantity=1, price=0), note="Allergic")["id"]
    desk.redeem(package, massage)
    erase(desk, anna)
    auditor = desk.as_role(Role.AUDITOR)
    for reader in (desk, auditor):
        assert reader.card(package)["customer"] == {"id": anna, "name": None, "email": None, "mobile": None}
        assert reader.history(package)
        assert reader.get(f"/v1/packages/{package}/explanation")
        for path in ("packages", "credits", "activity", "points", "bookings"):
            assert reader.ask(f"/v1/customers/{anna}/{path}").status_code in (200, 410), path
    assert [row["text"] for row in desk.all_of(f"/v1/packages/{package}/notes")] == ["(erased)"]


def test_the_keys_of_the_customer_open_nothing_at_once(either_desk: Desk) -> None:
    desk = either_desk
    anna = desk.customer()
    body = {"name": "Anna's phone", "role": "customer", "customer_id": anna}
    key = desk.post("/v1/keys", body, "her key").json()["key"]
    own = replace(desk, key=key)
    assert own.ask(f"/v1/customers/{anna}").status_code == 200
    erase(desk, anna)
    assert own.ask(f"/v1/customers/{anna}").status_code == 401
    (listed,) = [each for each in desk.all_of("/v1/keys") if each["role"] == "customer"]
    assert (listed["name"], listed["actor_id"]) == ("(erased)", anna)
    assert listed["revoked_at"] is not None
    again = desk.post("/v1/keys", body, "her key")
    assert (again.status_code, again.json()["code"]) == (410, "erased")
    desk.refused("/v1/keys", body, "erased")


def test_a_dry_run_tells_what_would_go_and_deletes_nothing(either_desk: Desk) -> None:
    desk = either_desk
    anna = desk.customer("Anna")
    tried = desk.try_out(f"/v1/customers/{anna}/erasure", {})
    assert (tried["removed"]["people"], tried["erased_at"]) == (1, None)
    assert [fact["name"] for fact in tried["facts"]] == ["customer.erased"]
    assert desk.get(f"/v1/customers/{anna}")["name"] == "Anna"
    assert erase(desk, anna)["removed"] == tried["removed"]


def test_the_clock_goes_on_recording_what_expires(either_desk: Desk) -> None:
    desk = either_desk
    anna = desk.customer()
    package = desk.sell(anna, desk.offer(desk.service(), price=0), expires_on=desk.today(days=1))["id"]
    desk.clock.forward(days=3)
    erase(desk, anna)
    assert desk.card(package)["status"] == "expired"
    assert desk.tick()["expiries"] == 1


def test_of_a_sale_and_an_erasure_at_once_nothing_is_left_undecided(either_desk: Desk) -> None:
    """The sale comes first and is named, or it is refused: no package is sold to an erased customer."""
    desk = either_desk
    offer = desk.offer(desk.service())
    for n in range(6):
        anna = desk.customer()
        start = Barrier(2)

        def at_once(path: str, body: dict[str, Any], key: str, start: Barrier = start) -> int:
            start.wait()
            return desk.post(path, body, key).status_code

        with ThreadPoolExecutor(2) as threads:
            selling = threads.submit(
                at_once, "/v1/packages", {"customer_id": anna, "offer_id": offer}, f"sell {n}"
            )
            erasing = threads.submit(at_once, f"/v1/customers/{anna}/erasure", {}, f"erase {n}")
            outcome = (selling.result(), erasing.result())
        assert outcome in {(201, 409), (410, 201)}, outcome


def test_read_tables_are_the_same_when_made_anew(desk: Desk) -> None:
    anna, bea = desk.customer("Anna"), desk.customer("Bea")
    desk.sell(anna, desk.offer(desk.service()))
    erase(desk, anna, unused="cancel")
    assert [row["id"] for row in desk.all_of("/v1/customers")] == [bea]
    exported = desk.client.get(
        "/v1/customers/export", headers={"Authorization": f"Bearer {desk.key}", "Accept": "text/csv"}
    ).text
    assert "Anna" not in exported
    assert anna not in exported
    facts = [recorded(each) for each in desk.carnet.store.ledger(desk.business_id).facts(limit=1_000)]
    rows = fold(CUSTOMERS, facts)
    assert [key for key, row in rows.items() if row is not None] == [(bea,)]


def ref(n: int) -> dict[str, str]:
    return {"source": "crm", "ref": str(n)}


def test_all_names_of_a_merged_customer_are_erased_together(either_desk: Desk) -> None:
    desk = either_desk
    massage = desk.service()
    anna = desk.customer("Anna", email="anna@example.com", external_ref=ref(1))
    double = desk.customer("Anna K.", external_ref=ref(2), participants=[{"name": "Max", "kind": "dog"}])
    package = desk.sell(double, desk.offer(massage), note="Likes the window")["id"]
    desk.do(f"/v1/customers/{anna}/merge", {"absorbed_customer_id": double})
    own = desk.as_role(Role.CUSTOMER, double)
    desk.refused(f"/v1/customers/{double}/erasure", {}, "erasure-outstanding")

    told = erase(desk, double, unused="cancel", owing="keep")

    assert (told["removed"]["people"], told["removed"]["texts"]) == (3, 1)
    assert told["ended"]["packages"] == [package]
    for id in (anna, double):
        report = desk.get(f"/v1/customers/{id}/erasure")
        assert (report["removed"], set(report["left"].values())) == (told["removed"], {0})
        assert desk.ask(f"/v1/customers/{id}").json()["code"] == "erased"
        recorder = desk.carnet.ledger(desk.business_id).recorder
        assert set(recorder.personal_data(id).values()) == {0}
    desk.refused(f"/v1/customers/{double}/unmerge", {}, "erased")
    bea = desk.customer("Bea")
    desk.refused(f"/v1/customers/{bea}/merge", {"absorbed_customer_id": anna}, "erased")
    desk.refused(f"/v1/customers/{anna}/merge", {"absorbed_customer_id": bea}, "erased")
    assert own.ask("/v1/packages").status_code == 401, "keys of every name have ended"
    assert [row["id"] for row in desk.all_of("/v1/customers")] == [bea]
    for n in (1, 2):
        assert desk.customer("New", external_ref=ref(n)), "free again"
    assert desk.card(package)["customer"]["name"] is None


# What is recorded later names nobody who was erased


def answers_left(desk: Desk, customer_id: str) -> int:
    return desk.carnet.store.ledger(desk.business_id).personal_data(customer_id)["answers"]


def sold_to(desk: Desk, customer_id: str, **more: Any) -> str:
    massage = desk.service(list_price=money(5_000))
    offer = desk.offer(massage, quantity=2, price=10_000)
    paid = {"amount": money(10_000), "method": "cash"}
    return str(desk.sell(customer_id, offer, payment=paid, **more)["id"])


def test_an_expiry_that_the_clock_records_leaves_no_answer_about_who_was_erased(either_desk: Desk) -> None:
    desk = either_desk
    anna = desk.customer()
    package = sold_to(desk, anna, expires_on=desk.today(days=1))
    desk.clock.forward(days=3)
    erase(desk, anna)
    assert desk.tick()["expiries"] == 1
    assert desk.get(f"/v1/packages/{package}")["status"] == "expired"
    assert answers_left(desk, anna) == 0
    assert is_proved(desk)


def test_an_answer_about_another_counts_for_nobody_who_was_erased(either_desk: Desk) -> None:
    """A gift names its buyer, a transfer both its ends: ids, which the books keep."""
    desk = either_desk
    anna, bea = desk.customer("Anna"), desk.customer("Bea")
    gift = sold_to(desk, bea, purchased_by=anna)
    given = sold_to(desk, anna)
    desk.do(f"/v1/packages/{given}/transfers", {"to_customer_id": bea, "line": 1, "quantity": 1})
    erase(desk, anna, unused="cancel", owing="keep")
    for n, package in enumerate((gift, desk.all_of("/v1/packages", customer_id=bea)[-1]["id"])):
        at = f"/v1/packages/{package}/notes"
        noted = desk.post(at, {"text": "Called"}, f"note-{n}")
        assert noted.status_code == 201
        assert desk.post(at, {"text": "Called"}, f"note-{n}").content == noted.content
    desk.do(f"/v1/packages/{gift}/cancellation", {"reason": "Asked"})
    assert answers_left(desk, anna) == 0
    assert answers_left(desk, bea) > 2
    assert is_proved(desk)


def test_an_answer_about_the_key_of_who_was_erased_is_nobodys(either_desk: Desk) -> None:
    desk = either_desk
    anna = desk.customer()
    key = desk.do("/v1/keys", {"name": "Anna", "role": "customer", "customer_id": anna})["id"]
    erase(desk, anna)
    assert desk.post(f"/v1/keys/{key}/revocation", {}).status_code in (201, 409, 410)
    assert answers_left(desk, anna) == 0


def is_proved(desk: Desk) -> bool:
    return bool(desk.get("/v1/ledger/verification")["intact"])
