"""Customers and balances of another system over HTTP: what goes in, what is refused and why, and how it is reversed."""

from typing import Any

import pytest

from domain.actor import Role
from tests.api.desk import Desk

pytest_plugins = ["tests.api.houses"]

CLIENTS = """reference,name,email,mobile,date_of_birth,consent_marketing
17,Nagy Éva,eva@example.com,+36 20 123 4567,1980-02-01,yes
18,Kis Béla,,,,no
"""
HEAD = "reference,customer,name,service,units,used_before,price,paid,currency,purchased_on,expires_on,line\n"
BALANCES = (
    HEAD
    + "S-9,17,Massage ×10,Massage 60,10,4,50000,20000,EUR,2026-05-04,2028-05-04,1\n"
    + "S-10,17,Spa day,Sauna,2,0,9000,9000,EUR,2026-06-01,,1\n"
    + "S-10,17,Spa day,Massage 60,1,1,9000,9000,EUR,2026-06-01,,2\n"
)


def send(desk: Desk, what: str, text: str | bytes, key: str | None = None, **query: str) -> Any:
    """An import that is taken, whatever becomes of its rows."""
    raw = text.encode() if isinstance(text, str) else text
    headers = {**desk.headers(key), "Content-Type": "text/csv"}
    asked = {"source": "old-till", **query}
    answer = desk.client.post(f"/v1/imports/{what}", params=asked, content=raw, headers=headers)
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def counts(told: Any) -> tuple[int, int, int]:
    return told["recorded"], told["replayed"], told["refused"]


def flaws(told: Any) -> list[tuple[int, str | None]]:
    return [(row["line"], row["column"]) for row in told["refused_rows"]]


@pytest.mark.covers("S111")
def test_customers_are_registered_once_for_their_reference(either_desk: Desk) -> None:
    desk = either_desk
    assert counts(send(desk, "customers", CLIENTS)) == (2, 0, 0)
    (eva,) = desk.get("/v1/customers", external_ref="old-till:17")["data"]
    assert (eva["name"], eva["mobile"], eva["date_of_birth"]) == ("Nagy Éva", "+36201234567", "1980-02-01")
    assert eva["consents"]["marketing"] is True
    assert counts(send(desk, "customers", CLIENTS)) == (0, 2, 0)
    changed = CLIENTS.replace("Kis Béla", "Kis Bertalan")
    told = send(desk, "customers", changed)
    assert counts(told) == (0, 1, 1)
    assert flaws(told) == [(3, "reference")]


def test_a_repeated_request_gets_the_same_answer(desk: Desk) -> None:
    first = send(desk, "customers", CLIENTS, key="once")
    assert send(desk, "customers", CLIENTS, key="once") == first
    headers = {**desk.headers("once"), "Content-Type": "text/csv"}
    other = desk.client.post("/v1/imports/customers?source=other", content=CLIENTS.encode(), headers=headers)
    assert other.json()["code"] == "idempotency-key-reused", "the source makes it another request"


def test_a_dry_run_decides_every_row_and_writes_nothing(either_desk: Desk) -> None:
    desk, before = either_desk, either_desk.head
    told = send(desk, "customers", CLIENTS + "18,Again,,,,\n", dry_run="true")
    assert counts(told) == (2, 0, 1)
    assert desk.head == before
    assert told["position"] > before


def test_every_refused_row_is_told_with_its_line_its_column_and_why(either_desk: Desk) -> None:
    rows = CLIENTS + (
        "19,,,,,\n"
        "20,Anna,no-mail,,,\n"
        "21,Anna,,,31.02.1980,\n"
        "22,Anna,,,,perhaps\n"
        "23,Anna,,abc,,\n"
        '24,"An\nna",,,,\n'
        "25,Anna\n"
        "26,Zoé,,,,\n"
    )
    told = send(either_desk, "customers", rows)
    assert counts(told) == (3, 0, 7)
    assert flaws(told) == [
        (4, "name"),
        (5, "email"),
        (6, "date_of_birth"),
        (7, "consent_marketing"),
        (8, "mobile"),
        (9, "name"),
        (11, None),
    ]
    assert all(row["reason"] and row["code"] for row in told["refused_rows"])


def test_possible_duplicates_are_told_and_nobody_is_merged(either_desk: Desk) -> None:
    desk = either_desk
    known = desk.do("/v1/customers", {"name": "Éva Nagy", "email": "EVA@example.com"})["id"]
    told = send(desk, "customers", CLIENTS)
    (found,) = told["possible_duplicates"]
    assert (found["line"], found["others"]) == (2, [known])
    assert counts(told) == (2, 0, 0)


# Balances


@pytest.mark.covers("S111")
def test_a_balance_shows_what_was_granted_used_paid_and_is_left(either_desk: Desk) -> None:
    desk = either_desk
    send(desk, "customers", CLIENTS)
    told = send(desk, "packages", BALANCES)
    assert counts(told) == (3, 0, 0)
    assert told["services"] == 2
    cards = desk.get("/v1/packages", import_id=told["import_id"])["data"]
    spa, massage = sorted(cards, key=lambda card: card["total"])
    assert massage["origin"] == {"kind": "import", "id": told["import_id"]}
    assert massage["external_ref"] == {"source": "old-till", "ref": "S-9"}
    names = ("granted", "total", "used", "used_before", "remaining")
    assert [massage[name] for name in names] == [10, 10, 4, 4, 6]
    assert (massage["purchased_on"], massage["expires_on"]) == ("2026-05-04", "2028-05-04")
    assert (massage["paid"]["amount"], massage["owing"]["amount"]) == (20_000, 30_000)
    assert massage["unused_value"]["amount"] == 30_000
    assert [line["remaining"] for line in spa["lines"]] == [2, 0]
    states = [unit["state"] for unit in desk.units(massage["id"])]
    assert states == ["used_before"] * 4 + ["available"] * 6
    (row,) = desk.get(f"/v1/packages/{massage['id']}/history")["data"]
    assert (row["kind"], row["change"]) == ("import", 6)
    (payment,) = desk.get(f"/v1/packages/{massage['id']}/payments")["data"]
    assert (payment["amount"]["amount"], payment["method"]) == (20_000, "external")
    back = desk.do(f"/v1/payments/{payment['payment_id']}/refunds", {"amount": 5_000, "reason": "moved away"})
    assert back["paid"]["amount"] == 15_000


def test_an_import_is_opening_liability_and_no_sale(either_desk: Desk) -> None:
    desk = either_desk
    send(desk, "customers", CLIENTS)
    send(desk, "packages", BALANCES)
    report = desk.get("/v1/reports/liability")
    names = ("units_granted", "units_imported", "units_remaining")
    assert [report[name] for name in names] == [0, 8, 8]
    assert report["amount_sold"]["amount"] == 0
    # Six massages, and two of three units of the spa day, all of equal weight.
    assert report["liability"]["amount"] == 30_000 + 6_000
    moved = desk.get("/v1/reports/movements")
    assert moved["changes"]["imported"] == {
        "units": 8,
        "value": {"amount": 36_000, "currency": "EUR"},
    }
    assert moved["changes"]["sold"]["units"] == 0
    points = desk.get("/v1/customers", external_ref="old-till:17")["data"][0]
    assert desk.get(f"/v1/customers/{points['id']}/points")["data"] == []


def test_rows_that_contradict_themselves_or_have_no_customer_are_refused(either_desk: Desk) -> None:
    desk = either_desk
    send(desk, "customers", CLIENTS)
    told = send(
        desk,
        "packages",
        HEAD
        + "A,99,,Massage,10,0,1,1,EUR,2026-05-04,,1\n"
        + "B,17,,Massage,10,11,1,1,EUR,2026-05-04,,1\n"
        + "C,17,,Massage,10,0,1,2,EUR,2026-05-04,,1\n"
        + "D,17,,Massage,10,0,1,1,EUR,2126-05-04,,1\n"
        + "E,17,,Massage,10,0,1,1,HUF,2026-05-04,,1\n"
        + "F,17,,Massage,10,0,1,1,EUR,2026-05-04,2026-05-03,1\n"
        + "G,17,,Massage,10,0,1,1,EUR,2026-05-04,,2\n"
        + "H,17,,Massage,10,0,7,7,EUR,2026-05-04,,1\n"
        + "H,17,,Sauna,10,0,8,7,EUR,2026-05-04,,2\n"
        + "I,17,,Massage,10,0,1,1,EUR,2026-05-04,,1\n",
    )
    assert counts(told) == (1, 0, 9)
    assert flaws(told) == [
        (2, "customer"),
        (3, "used_before"),
        (4, "paid"),
        (5, "purchased_on"),
        (6, "currency"),
        (7, "expires_on"),
        (8, "line"),
        (9, None),
        (10, "price"),
    ]


def test_an_import_is_reversed_and_its_references_come_again(either_desk: Desk) -> None:
    desk = either_desk
    send(desk, "customers", CLIENTS)
    first = send(desk, "packages", BALANCES)
    assert counts(send(desk, "packages", BALANCES)) == (0, 3, 0)
    used, _ = sorted(
        desk.get("/v1/packages", import_id=first["import_id"])["data"], key=lambda card: -card["total"]
    )
    desk.redeem(used["id"], used["lines"][0]["services"][0]["id"])
    path = f"/v1/imports/{first['import_id']}/reversal"
    told = desk.do(path, {"reason": "the wrong file"})
    assert (told["packages"], told["reversed"], told["refused"]) == (2, 1, 1)
    assert [each["package_id"] for each in told["stay"]] == [used["id"]]
    again = desk.do(path, {"reason": "the wrong file"})
    assert (again["reversed"], again["cancelled"], again["refused"]) == (0, 1, 1)
    second = send(desk, "packages", BALANCES)
    assert counts(second) == (2, 1, 0), "the two rows of the spa day"
    assert desk.get("/v1/reports/liability")["units_imported"] == 8
    assert counts(send(desk, "packages", BALANCES)) == (0, 3, 0)


def test_an_unknown_import_and_a_dry_run_of_a_reversal_change_nothing(either_desk: Desk) -> None:
    desk = either_desk
    desk.refused("/v1/imports/imp_none/reversal", {"reason": "x"}, "not-found")
    send(desk, "customers", CLIENTS)
    batch = send(desk, "packages", BALANCES)["import_id"]
    before = desk.head
    assert desk.try_out(f"/v1/imports/{batch}/reversal", {"reason": "x"})["reversed"] == 2
    assert desk.head == before


# Forms


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_encodings_and_separators_are_recognised(desk: Desk, encoding: str, separator: str) -> None:
    text = "reference;name;date_of_birth\r\n1;Zoë Müller;1980-12-31\r\n".replace(";", separator)
    assert counts(send(desk, "customers", text.encode(encoding))) == (1, 0, 0)
    (zoe,) = desk.get("/v1/customers", external_ref="old-till:1")["data"]
    assert (zoe["name"], zoe["date_of_birth"]) == ("Zoë Müller", "1980-12-31")


def test_a_file_that_lacks_a_needed_column_is_refused_as_a_whole(desk: Desk) -> None:
    headers = {**desk.headers(), "Content-Type": "text/csv"}
    path = "/v1/imports/customers?source=old"
    answer = desk.client.post(path, content=b"id,name\n1,Anna\n", headers=headers)
    assert answer.json()["code"] == "validation-failed"
    assert "reference" in answer.text


def test_a_named_mapping_reads_the_export_of_another_system(desk: Desk) -> None:
    text = (
        "First Name,Last Name,Email Address,Phone Number,Birthday,Square Customer ID,Lifetime Spend\n"
        'Anna,Nagy,anna@example.com,\'+36201112233,02-28,ABC123,"$1,200.00"\n'
    )
    assert counts(send(desk, "customers", text, mapping="square-customers")) == (1, 0, 0)
    (anna,) = desk.get("/v1/customers", external_ref="old-till:ABC123")["data"]
    assert (anna["name"], anna["mobile"]) == ("Anna Nagy", "+36201112233")
    headers = {**desk.headers(), "Content-Type": "text/csv"}
    for mapping, what in (("no-such", "customers"), ("square-customers", "packages")):
        path = f"/v1/imports/{what}?source=old&mapping={mapping}"
        answer = desk.client.post(path, content=text.encode(), headers=headers)
        assert answer.json()["errors"][0]["pointer"] == "/mapping", answer.text


def test_the_form_of_dates_is_recognised_without_a_mapping_too(desk: Desk) -> None:
    send(desk, "customers", CLIENTS)
    told = send(desk, "packages", BALANCES.replace("2026-05-04", "31.05.2026"))
    assert flaws(told) == [(2, "purchased_on")], "where no form fits all, that of ISO 8601 is read"
    only = HEAD + "S-1,17,Massage,Massage,10,4,1,1,EUR,31.05.2026,,1\n"
    assert counts(send(desk, "packages", only)) == (1, 0, 0)


def test_a_row_that_leaves_more_than_was_granted_is_refused_in_its_own_line(desk: Desk) -> None:
    send(desk, "customers", CLIENTS)
    head = "reference,customer,service,units,used_before,remaining,purchased_on,line\n"
    rows = (
        "A,17,Massage,10,,11,2026-05-04,1\n"
        "B,17,Massage,10,4,7,2026-05-04,1\n"
        "C,17,Massage,10,4,6,2026-05-04,1\n"
        "D,17,Massage,10,4,,2026-05-04,1\n"
        "D,17,Sauna,2,3,,2026-05-04,2\n"
    )
    told = send(desk, "packages", head + rows)
    assert flaws(told) == [(2, "remaining"), (3, "remaining"), (6, "used_before")]
    assert counts(told) == (1, 0, 4)


def test_past_imports_tell_what_came_by_them_and_what_is_left(either_desk: Desk) -> None:
    desk = either_desk
    assert desk.get("/v1/imports")["data"] == []
    moved = send(desk, "customers", CLIENTS)["import_id"]
    send(desk, "customers", CLIENTS)
    (only,) = desk.get("/v1/imports")["data"]
    assert (only["import_id"], only["imports"], only["source"]) == (moved, "customers", "old-till")
    assert (only["customers"], only["packages"], only["cancelled"], only["remaining"]) == (2, 0, 0, 0)
    desk.clock.forward(minutes=1)
    first = send(desk, "packages", BALANCES)
    desk.clock.forward(minutes=1)
    header, row, *_ = BALANCES.replace("S-", "T-").splitlines()
    others = send(desk, "customers", CLIENTS, source="other-till")["import_id"]
    desk.clock.forward(minutes=1)
    second = send(desk, "packages", f"{header}\n{row}\n", source="other-till")
    latest, _, earliest, _ = desk.get("/v1/imports")["data"]
    assert (latest["import_id"], latest["packages"], latest["source"]) == (
        second["import_id"],
        1,
        "other-till",
    )
    cards = desk.get("/v1/packages", import_id=first["import_id"])["data"]
    assert earliest["import_id"] == first["import_id"]
    assert (earliest["packages"], earliest["cancelled"]) == (len(cards), 0)
    assert earliest["remaining"] == sum(card["remaining"] for card in cards)
    desk.do(f"/v1/imports/{first['import_id']}/reversal", {"reason": "wrong file"})
    again = desk.all_of("/v1/imports", limit=1)
    assert [each["import_id"] for each in again] == [second["import_id"], others, first["import_id"], moved]
    assert (again[2]["packages"], again[2]["cancelled"], again[2]["remaining"]) == (len(cards), len(cards), 0)
    assert desk.as_role(Role.STAFF).ask("/v1/imports").status_code == 403


def test_the_customers_of_an_import_are_found_by_it_also_once_they_are_merged_or_erased(
    either_desk: Desk,
) -> None:
    desk = either_desk
    at_the_desk = desk.customer("Szabó Cili")
    batch = send(desk, "customers", CLIENTS)["import_id"]
    came = {each["name"]: each["id"] for each in desk.get("/v1/customers", import_id=batch)["data"]}
    eva, bela = came["Nagy Éva"], came["Kis Béla"]
    assert desk.get("/v1/customers", import_id=batch, category="VIP")["data"] == []
    assert desk.get("/v1/customers", import_id="imp_none")["data"] == []
    assert "Nagy Éva" in desk.ask("/v1/customers/export", import_id=batch, media="csv").text
    assert "Szabó" not in desk.ask("/v1/customers/export", import_id=batch, media="csv").text
    desk.do(f"/v1/customers/{at_the_desk}/merge", {"absorbed_customer_id": eva})
    desk.do(f"/v1/customers/{bela}/erasure")
    assert [each["id"] for each in desk.get("/v1/customers", import_id=batch)["data"]] == [at_the_desk]
    (only,) = desk.get("/v1/imports")["data"]
    assert (only["import_id"], only["customers"]) == (batch, 1)


def test_an_import_of_customers_is_known_and_not_reversed(either_desk: Desk) -> None:
    desk = either_desk
    first = send(desk, "customers", CLIENTS)["import_id"]
    for moved in (first, send(desk, "customers", CLIENTS, source="other-till")["import_id"]):
        path, before = f"/v1/imports/{moved}/reversal", desk.head
        refused = desk.refused(path, {"reason": "wrong file"}, "import-of-customers")
        assert (refused["status"], refused["import_id"]) == (409, moved)
        tried = desk.post(f"{path}?dry_run=true", {"reason": "wrong file"})
        assert (tried.status_code, tried.json()["code"]) == (409, "import-of-customers")
        assert desk.head == before
    customers = [each["id"] for each in desk.get("/v1/customers", import_id=first)["data"]]
    for action, status in (("deactivate", "inactive"), ("activate", "active")):
        assert (
            desk.do("/v1/customers/bulk", {"action": action, "customer_ids": customers})["done"]
            == len(customers)
            == 2
        )
        shown = desk.get("/v1/customers", import_id=first)["data"]
        assert [each["status"] for each in shown] == [status] * 2
    for each in customers:
        desk.do(f"/v1/customers/{each}/erasure")
    desk.refused(f"/v1/imports/{first}/reversal", {"reason": "wrong file"}, "import-of-customers")
