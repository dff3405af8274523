"""Loading a day-book: the books must agree with what was computed without any code of ours."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from api.imports.day_book import COLUMNS
from domain.catalogue.commands import DefineService, RetireService
from domain.catalogue.facts import ServiceTerms
from domain.ledger.orders import Done
from domain.people.commands import RegisterCustomer
from domain.values import ExternalRef
from tests.api.cli.conftest import EXPECTED, SAMPLE, Terminal
from tests.api.cli.world import AT_THE_DESK, ledger_of
from tests.use_cases import order

SHARED = Path(__file__).resolve().parents[4] / "shared"
DAYS = list(EXPECTED["liability"])


def sample_rows() -> list[dict[str, str]]:
    with SAMPLE.open(newline="") as file:
        return list(csv.DictReader(file))


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    return path


def agrees(terminal: Terminal, expected: dict[str, Any] = EXPECTED) -> None:
    """Every figure of every day and of every customer."""
    for day, figures in expected["liability"].items():
        report = terminal.liability(day)
        assert {name: report[name] for name in figures} == figures
    for ref, packages in expected["customers"].items():
        options = ("--effective-as-of", "1998-06-30")
        assert terminal.told("report", "customer", ref, *options) == packages


def a_sale(**cells: str) -> dict[str, str]:
    sale = {
        "reference": "s-1",
        "occurred_on": "2020-02-29",
        "kind": "sale",
        "customer": "ann",
        "name": "Ten",
        "service": "Disc",
        "units": "10",
        "amount": "1000",
        "paid": "1000",
        "currency": "USD",
        "expires_on": "2021-02-28",
    }
    return {**sale, **cells}


def a_use(**cells: str) -> dict[str, str]:
    use = {"reference": "u-1", "occurred_on": "2020-03-01", "kind": "use", "customer": "ann"}
    return {**use, "service": "Disc", "units": "1", **cells}


def test_the_books_agree_with_the_reference_and_go_on_agreeing(terminal: Terminal) -> None:
    terminal.open_business()

    report = terminal.load()

    assert report["rows"] == report["recorded"] == len(sample_rows())
    assert report["sales"] == EXPECTED["liability"]["1998-06-30"]["packages"]
    assert (report["refused"], report["replayed"]) == (0, 0)
    agrees(terminal)
    # Loaded again, and rebuilt.
    again = terminal.load()
    assert (again["recorded"], again["replayed"]) == (0, report["rows"])
    assert (again["customers"], again["services"]) == (0, 0)
    assert again["position"] == report["position"]
    agrees(terminal)
    for name in ("cards", "history"):
        terminal.run("rebuild", name, "--verify")
    agrees(terminal)
    terminal.run("verify", "--read-models")


@pytest.mark.skipif(not SHARED.exists(), reason="the whole day-book lies beside the clone")
@pytest.mark.sweep
@pytest.mark.timeout(900)
def test_the_whole_day_book_agrees_with_the_reference(terminal: Terminal, tmp_path: Path) -> None:
    expected, book = of_the_reference(tmp_path)
    terminal.open_business(zone="America/New_York")

    report = terminal.load(book)

    assert report["sales"] == 6_919
    assert report["refused"] == 0
    agrees(terminal, expected)
    assert terminal.load(book)["recorded"] == 0
    terminal.run("rebuild", "history")
    agrees(terminal, expected)
    terminal.run("verify")


def of_the_reference(folder: Path) -> tuple[dict[str, Any], Path]:
    """What the reference says of the whole file, and the day-book it makes of it."""
    script, data = SHARED / "checks" / "daybook_reference.py", SHARED / "data" / "cdnow_sample.txt"

    def say(*options: str) -> str:
        return subprocess.run(
            [sys.executable, str(script), str(data), *options], check=True, capture_output=True, text=True
        ).stdout

    book = folder / "cdnow.csv"
    book.write_text(say("--day-book"))
    days = ("1997-01-01", "1998-01-31", "1998-06-30")
    customers = ("00004", "19339")
    return {
        "liability": {day: json.loads(say("--on", day)) for day in days},
        "customers": {ref: json.loads(say("--customer", ref)) for ref in customers},
    }, book


def test_json_lines_bring_the_same_books_and_are_the_same_requests(
    embedded: Terminal, tmp_path: Path
) -> None:
    path = tmp_path / "book.jsonl"
    rows = [{**row, "units": int(row["units"])} for row in sample_rows()]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    embedded.open_business()

    assert embedded.load(path)["recorded"] == len(rows)

    agrees(embedded)
    assert embedded.load(SAMPLE)["replayed"] == len(rows)


def test_the_rows_refused_are_named_and_the_rest_goes_in(terminal: Terminal, tmp_path: Path) -> None:
    terminal.open_business()
    path = write(
        tmp_path / "book.csv",
        [
            a_sale(),
            a_use(units="11", reference="u-0"),
            a_use(units="4"),
            a_sale(currency="EUR", reference="s-2"),
            a_sale(paid="1001", reference="s-3"),
            a_sale(expires_on="2020-02-28", reference="s-4"),
            a_sale(units="x", reference="s-5"),
            a_use(units="4", occurred_on="2020-02-28", reference="u-2"),
            a_use(units="5", occurred_on="2021-03-01", reference="u-3"),
            a_use(units="2", reference="u-1"),
            a_use(units="6", reference="u-4", occurred_on="2021-02-28"),
            a_use(customer="bob", reference="u-5"),
            a_sale(occurred_on="2150-01-01", expires_on="", reference="s-6"),
        ],
    )

    result = terminal.run("load", path, "--json", status=3)

    report = json.loads(result.stdout)
    assert (report["rows"], report["recorded"], report["refused"]) == (13, 3, 10)
    assert [(row["line"], row["column"], row["code"]) for row in report["refusals"]] == [
        (3, "units", "insufficient-units"),
        (5, "currency", "validation-failed"),
        (6, "paid", "overpayment"),
        (7, "expires_on", "validation-failed"),
        (8, "units", "validation-failed"),
        (9, "units", "insufficient-units"),
        (10, "units", "insufficient-units"),
        (11, "reference", "idempotency-key-reused"),
        (13, "units", "insufficient-units"),
        (14, "occurred_on", "effective-at-out-of-range"),
    ]
    for row in report["refusals"]:
        assert f"{path}:{row['line']}: {row['column']}: {row['reason']}" in result.stderr
    assert terminal.told("report", "customer", "ann")[0]["remaining"] == 0
    # Mended, the refused rows go in, and only they.
    rows = list(csv.DictReader(path.open(newline="")))
    rows[3]["currency"] = "USD"
    assert terminal.load(write(tmp_path / "mended.csv", rows), status=3)["recorded"] == 1


def test_a_reference_belongs_to_its_source(embedded: Terminal, tmp_path: Path) -> None:
    embedded.open_business()
    path = write(tmp_path / "book.csv", [a_sale()])

    embedded.load(path)
    other = embedded.load(path, "--source", "other")

    assert (other["recorded"], other["customers"], other["services"]) == (1, 1, 0)
    assert len(embedded.told("report", "customer", "ann", "--source", "other")) == 1


def test_what_the_desk_has_registered_is_found(terminal: Terminal, tmp_path: Path) -> None:
    """A customer under the source's reference and a service under its name, whoever entered them."""
    business_id = terminal.open_business()
    with ledger_of(terminal, business_id) as (ledger, _):
        terms = ServiceTerms(name="Disc", service_type="Music", list_price=200)
        ann = ExternalRef(source="daybook", ref="ann")
        results = ledger.execute(
            [
                order(DefineService(service_id="svc_desk", service=terms), AT_THE_DESK),
                order(RegisterCustomer(customer_id="cus_desk", external_ref=ann), AT_THE_DESK),
            ]
        )
        assert all(isinstance(result, Done) for result in results)

    report = terminal.load(write(tmp_path / "book.csv", [a_sale(), a_use()]))

    assert (report["recorded"], report["customers"], report["services"]) == (2, 0, 0)
    assert [p["remaining"] for p in terminal.told("report", "customer", "cus_desk")] == [9]


def test_units_of_a_retired_service_are_used_under_its_name(embedded: Terminal, tmp_path: Path) -> None:
    business_id = embedded.open_business()
    with ledger_of(embedded, business_id) as (ledger, _):
        terms = ServiceTerms(name="Disc", service_type="Music", list_price=200)
        ledger.execute([order(DefineService(service_id="svc_desk", service=terms), AT_THE_DESK)])
    embedded.load(write(tmp_path / "sales.csv", [a_sale()]))
    with ledger_of(embedded, business_id) as (ledger, _):
        ledger.execute([order(RetireService(service_id="svc_desk"), AT_THE_DESK)])

    report = embedded.load(write(tmp_path / "uses.csv", [a_use(), a_sale(reference="s-2")]), status=3)

    assert (report["uses"], report["sales"], report["services"]) == (1, 0, 0)
    assert [p["remaining"] for p in embedded.told("report", "customer", "ann")] == [9]


def test_a_dry_run_tells_what_would_happen_and_writes_nothing(terminal: Terminal, tmp_path: Path) -> None:
    business_id = terminal.open_business()
    rows = [a_sale(), a_use(), a_use(reference="u-2", units="10"), a_sale(reference="s-1", units="9")]
    path = write(tmp_path / "book.csv", rows)
    before = terminal.run("verify", "--business", business_id).stdout

    report = terminal.load(path, "--dry-run", status=3)

    assert report["dry_run"] is True
    # The use stands on the sale before it, and the rows that follow on both.
    assert (report["recorded"], report["refused"], report["customers"]) == (2, 2, 1)
    assert [(row["line"], row["column"]) for row in report["refusals"]] == [(4, "units"), (5, "reference")]
    assert terminal.run("verify").stdout == before
    real = terminal.load(path, status=3)
    assert {**real, "dry_run": True} == report


def test_a_dry_run_stands_on_what_is_in_the_books(embedded: Terminal) -> None:
    embedded.open_business()
    loaded = embedded.load()

    report = embedded.load(SAMPLE, "--dry-run")

    assert (report["replayed"], report["recorded"]) == (loaded["rows"], 0)
    agrees(embedded)


def test_a_free_package_has_no_payment_and_an_unpaid_one_owes(embedded: Terminal, tmp_path: Path) -> None:
    embedded.open_business()
    rows = [a_sale(amount="0", paid="0"), a_sale(reference="s-2", paid="400", expires_on="")]
    embedded.load(write(tmp_path / "book.csv", rows))

    free, partly = embedded.told("report", "customer", "ann")

    assert (free["price"], free["unused_value"], free["expires_on"]) == (0, 0, "2021-02-28")
    assert (partly["price"], partly["unused_value"], partly["expires_on"]) == (1000, 1000, None)


def test_a_file_is_known_by_what_is_in_it(embedded: Terminal, tmp_path: Path) -> None:
    embedded.open_business()
    path = write(tmp_path / "book.txt", [a_sale()])

    assert embedded.load(path)["recorded"] == 1
    assert embedded.load(path, "--format", "csv")["replayed"] == 1


def test_a_file_that_is_no_day_book_changes_nothing(embedded: Terminal, tmp_path: Path) -> None:
    embedded.open_business()
    path = tmp_path / "book.csv"
    path.write_text("a,b\n1,2\n")

    assert "must name the columns" in embedded.run("load", path, status=1).stderr
