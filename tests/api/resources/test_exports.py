"""Exports over HTTP: whole, of one position, in three forms, for those who may take the books along (S110)."""

import csv
import io
import json
from typing import Any

import duckdb
import httpx
import pytest

from api.http.permissions import Scope
from domain.actor import Role
from replay.export import table
from replay.export.cells import plain
from tests.api.desk import Desk, House, money
from tests.api.imports.test_imports import flaws, send

pytest_plugins = ["tests.api.houses"]
ROUTES = (
    "/v1/customers/export",
    "/v1/packages/export",
    "/v1/packages/history/export",
    "/v1/bookings/export",
    "/v1/points/export",
)


def lines(desk: Desk, path: str, **filters: Any) -> list[dict[str, Any]]:
    answer = desk.ask(path, media="jsonl", **filters)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def cells(answer: httpx.Response) -> list[dict[str, str]]:
    read = csv.DictReader(io.StringIO(answer.text, newline=""))
    return [{name: plain(cell) for name, cell in row.items()} for row in read]


@pytest.mark.covers("S110")
def test_customers_are_exported_with_everything_known_of_them(either_desk: Desk) -> None:
    desk = either_desk
    anna = desk.customer(
        '=HYPERLINK("x"), Anna',
        email="anna@example.com",
        mobile="+36201234567",
        date_of_birth="1990-02-03",
        external_ref={"source": "old", "ref": "C-1"},
        consents={"marketing": True},
        participants=[{"name": "Bodri", "kind": "dog"}],
    )
    desk.do(f"/v1/customers/{anna}/points", {"action": "add", "points": 5, "reason": "hello"})
    answer = desk.ask("/v1/customers/export")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["ledger-position"] == str(desk.head)
    assert f'filename="customers-{desk.head}.csv"' in answer.headers["content-disposition"]
    (row,) = cells(answer)
    assert row["customer_id"] == anna
    assert (row["external_source"], row["external_ref"]) == ("old", "C-1")
    assert row["name"] == '=HYPERLINK("x"), Anna'
    assert (row["email"], row["mobile"]) == ("anna@example.com", "+36201234567")
    assert (row["date_of_birth"], row["status"], row["blocked"]) == ("1990-02-03", "active", "false")
    assert (row["consent_marketing"], row["consent_birthday"]) == ("true", "false")
    assert (row["points"], row["active_packages"]) == ("5", "0")
    (dog,) = json.loads(row["participants"])
    assert (dog["name"], dog["kind"]) == ("Bodri", "dog")
    (same,) = lines(desk, "/v1/customers/export")
    assert {
        name: "" if cell is None else cell for name, cell in same.items() if isinstance(cell, str | None)
    } == {name: row[name] for name, cell in same.items() if isinstance(cell, str | None)}


def test_packages_hold_what_an_import_of_balances_needs(either_desk: Desk) -> None:
    desk = either_desk
    service = desk.service()
    anna = desk.customer("Anna", external_ref={"source": "old", "ref": "C-1"})
    sold = desk.sell(anna, desk.offer(service), external_ref={"source": "till", "ref": "P-1"})
    desk.redeem(sold["id"], service, quantity=2)
    desk.do(f"/v1/packages/{sold['id']}/payments", {"amount": money(20_000), "method": "cash"})
    (row,) = lines(desk, "/v1/packages/export")
    wanted = {
        "package_id": sold["id"],
        "line": 1,
        "lines": 1,
        "external_source": "till",
        "external_ref": "P-1",
        "customer_source": "old",
        "customer_ref": "C-1",
        "customer_name": "Anna",
        "name": sold["name"],
        "purchased_on": sold["purchased_on"],
        "expires_on": sold["expires_on"],
        "currency": "EUR",
        "price": 50_000,
        "paid": 20_000,
        "owing": 30_000,
        "granted": 10,
        "units": 10,
        "reference": "P-1",
        "customer": "C-1",
        "used": 2,
        "remaining": 8,
        "status": "active",
        "service_ids": service,
    }
    assert {name: row[name] for name in wanted} == wanted


def test_the_history_sums_up_to_what_remains(either_desk: Desk) -> None:
    desk = either_desk
    service = desk.service()
    sold = desk.sell(desk.customer("Anna"), desk.offer(service))
    other = desk.sell(desk.customer("Bea"), desk.offer(service))
    desk.redeem(sold["id"], service, quantity=3)
    desk.do(f"/v1/packages/{sold['id']}/notes", {"text": "-a note"})
    rows = lines(desk, "/v1/packages/history/export", package_id=sold["id"])
    assert [row["version"] for row in rows] == list(range(1, len(rows) + 1))
    assert sum(row["change"] for row in rows) == 7
    assert rows[-1]["text"] == "-a note"
    assert {row["customer_name"] for row in rows} == {"Anna"}
    of_both = lines(desk, "/v1/packages/history/export")
    assert {row["package_id"] for row in of_both} == {sold["id"], other["id"]}
    today = desk.today()
    assert lines(desk, "/v1/packages/history/export", **{"from": today, "to": today}) == of_both
    assert lines(desk, "/v1/packages/history/export", to="2001-01-01") == []


def test_bookings_and_points_are_exported_with_their_filters(either_desk: Desk) -> None:
    desk = either_desk
    service = desk.service()
    anna, bea = desk.customer("Anna"), desk.customer("Bea")
    for customer in (anna, bea):
        desk.sell(customer, desk.offer(service))
        start = f"{desk.today(days=2)}T10:00:00Z"
        desk.do("/v1/bookings", {"customer_id": customer, "service_id": service, "starts_at": start})
        desk.do(f"/v1/customers/{customer}/points", {"action": "add", "points": 7, "reason": "hello"})
    desk.do(f"/v1/customers/{anna}/points", {"action": "redeem", "points": 2, "reason": "a cup"})
    assert [row["customer_name"] for row in lines(desk, "/v1/bookings/export", customer_id=bea)] == ["Bea"]
    (booked,) = lines(desk, "/v1/bookings/export", customer_id=anna, status="pending")
    assert (booked["local_date"], booked["quantity"], booked["credits_used"]) == (desk.today(days=2), 1, 1)
    assert lines(desk, "/v1/bookings/export", customer_id=anna, status="cancelled") == []
    entries = lines(desk, "/v1/points/export", customer_id=anna)
    assert [(row["action"], row["points"], row["total"]) for row in entries] == [
        ("added", 7, 7),
        ("redeemed", -2, 5),
    ]
    assert [row["reason"] for row in entries] == ["hello", "a cup"]
    assert len(lines(desk, "/v1/points/export", action="added")) == 2
    assert lines(desk, "/v1/points/export", action="added", points=3) == []


def test_a_locale_comes_in_with_a_file_and_goes_out_with_one(either_desk: Desk) -> None:
    rows = "reference,name,locale\n1,Anna,hu-HU\n2,Bea,\n3,Cili,hungarian\n"
    told = send(either_desk, "customers", rows)
    assert flaws(told) == [(4, "locale")]
    exported = lines(either_desk, "/v1/customers/export")
    assert {(row["name"], row["locale"]) for row in exported} == {("Anna", "hu-HU"), ("Bea", None)}


def test_filters_of_customers_combine_with_the_search(desk: Desk) -> None:
    desk.customer("Anna Nagy")
    blocked = desk.customer("Anna Kis")
    desk.do(f"/v1/customers/{blocked}/block", {"reason": "owes"})
    rows = lines(desk, "/v1/customers/export", search="anna", blocked=True)
    assert [row["customer_id"] for row in rows] == [blocked]
    assert lines(desk, "/v1/customers/export", search="bela") == []


@pytest.mark.parametrize("path", ROUTES)
def test_an_export_without_a_row_has_its_heading_in_every_form(desk: Desk, path: str) -> None:
    assert len(desk.ask(path).text.splitlines()) == 1
    assert desk.ask(path, media="jsonl").content == b""
    answer = desk.ask(path, media="parquet")
    assert answer.status_code == 200, answer.text
    assert answer.content[:4] == answer.content[-4:] == b"PAR1"


@pytest.mark.parametrize("path", ROUTES)
def test_only_those_who_may_take_the_books_along_export(desk: Desk, path: str) -> None:
    anna = desk.customer("Anna")
    for role in (Role.STAFF, Role.AUDITOR):
        assert desk.as_role(role).ask(path).status_code == 403
    assert desk.as_role(Role.CUSTOMER, anna).ask(path).status_code == 403
    assert desk.with_scopes(Scope.READ).ask(path).status_code == 403
    assert desk.with_scopes(Scope.READ_PEOPLE).ask(path).status_code == 200
    assert desk.as_role(Role.MANAGER).ask(path).status_code == 200


def test_a_parquet_file_has_types(either_desk: Desk, tmp_path: Any) -> None:
    desk = either_desk
    sold = desk.sell(desk.customer("=Anna"), desk.offer(desk.service()))
    answer = desk.client.get(
        "/v1/packages/export",
        headers={"Authorization": f"Bearer {desk.key}", "Accept": "application/vnd.apache.parquet"},
    )
    file = tmp_path / "packages.parquet"
    file.write_bytes(answer.content)
    described = duckdb.execute(f"DESCRIBE SELECT * FROM '{file}'").fetchall()
    types = {name: type_ for name, type_, *_ in described}
    assert (types["price"], types["purchased_on"], types["name"]) == ("BIGINT", "DATE", "VARCHAR")
    assert types["purchased_at"] == "TIMESTAMP WITH TIME ZONE"
    found = duckdb.execute(f"SELECT package_id, customer_name, price FROM '{file}'").fetchall()
    assert found == [(sold["id"], "=Anna", 50_000)]


def test_parquet_without_its_library_says_what_to_install(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "duckdb", None)
    answer = desk.ask("/v1/customers/export", media="parquet")
    assert (answer.status_code, answer.json()["code"]) == (406, "not-acceptable")
    assert "carnet[audit]" in answer.json()["detail"]
    assert desk.ask("/v1/customers/export", media="csv").status_code == 200


def test_pages_follow_each_other_without_a_gap(either_desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = either_desk
    service = desk.service()
    for n in range(7):
        customer = desk.customer(f"Anna {n}")
        desk.sell(customer, desk.offer(service))
        start = f"{desk.today(days=2)}T10:00:00Z"
        desk.do("/v1/bookings", {"customer_id": customer, "service_id": service, "starts_at": start})
        desk.do(f"/v1/customers/{customer}/points", {"action": "add", "points": 7, "reason": "hello"})
    whole = {path: lines(desk, path) for path in ROUTES}
    for name in ("customers", "packages", "history", "bookings", "points"):
        monkeypatch.setattr(f"replay.export.{name}.ROWS_AT_ONCE", 2)
    assert table.ROWS_AT_ONCE > 2
    assert {path: lines(desk, path) for path in ROUTES} == whole
    assert [len(rows) for rows in whole.values()][:2] == [7, 7]


def import_file(desk: Desk, what: str, content: bytes) -> Any:
    headers = {**desk.headers(), "Content-Type": "text/csv"}
    answer = desk.client.post(f"/v1/imports/{what}?source=old", content=content, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.mark.covers("S110")
def test_exported_customers_and_balances_are_imported_as_they_were(either_desk: Desk, house: House) -> None:
    desk = either_desk
    massage = desk.service()
    for name in ("=Anna, -Mária; @Eva", "'=Bea", "'tis Cili"):
        customer = desk.customer(name, mobile="+36201234567", consents={"marketing": True})
        sold = desk.sell(customer, desk.offer(massage))
    desk.redeem(sold["id"], massage, quantity=3)
    there = house.desk()
    for what in ("customers", "packages"):
        told = import_file(there, what, desk.ask(f"/v1/{what}/export").content)
        assert (told["recorded"], told["refused"]) == (3, 0), told
    people = ("name", "mobile", "country_code", "consent_marketing", "consent_birthday")
    assert by(lines(there, "/v1/customers/export"), *people) == by(
        lines(desk, "/v1/customers/export"), *people
    )
    same = (
        "customer_name",
        "name",
        "line",
        "service",
        "units",
        "used",
        "remaining",
        "price",
        "paid",
        "currency",
        "purchased_on",
        "expires_on",
    )
    assert by(lines(there, "/v1/packages/export"), *same) == by(lines(desk, "/v1/packages/export"), *same)


def by(rows: list[dict[str, Any]], *columns: str) -> list[tuple[Any, ...]]:
    return sorted((tuple(row[column] for column in columns) for row in rows), key=repr)
