"""Importing on the command line: the export of another system, tried, taken, repeated and reversed."""

import json
import os
from pathlib import Path

import pytest

from api.imports.mapping import shipped
from tests.api.cli.conftest import Terminal

CLIENTS = "reference,name,mobile\n17,Nagy Éva,+36 20 123 4567\n18,Kis Béla,\n"
BALANCES = (
    "Sale;Client no.;Treatment;Bought;Left;Price;Date\r\n"
    "S-1;17;Massage;10;6;1.250,00 $;31.01.2026\r\n"
    "S-2;18;Massage;5;5;600,5;01.02.2026 10:30\r\n"
    "S-3;19;Massage;5;5;600,5;01.02.2026\r\n"
)
MAPPING = """title = "Our old till"
imports = "packages"
encoding = "cp1252"
[columns]
reference = "Sale"
customer = "Client no."
service = "Treatment"
units = "Bought"
remaining = "Left"
price = "Price"
purchased_on = "Date"
[fixed]
currency = "USD"
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "clients.csv").write_text(CLIENTS)
    (tmp_path / "balances.csv").write_bytes(BALANCES.encode("cp1252"))
    (tmp_path / "till.toml").write_text(MAPPING)
    return tmp_path


@pytest.mark.covers("S111")
def test_balances_of_another_system_go_in_once_and_are_reversed(terminal: Terminal, files: Path) -> None:
    terminal.open_business()
    customers = ("import", "customers", files / "clients.csv", "--source", "till")
    packages = ("import", "packages", files / "balances.csv", "--source", "till")
    mapped = (*packages, "--mapping", files / "till.toml")
    dry = terminal.told(*customers, "--dry-run")
    moved = terminal.told(*customers)
    assert (dry["recorded"], moved["recorded"]) == (2, 2)
    assert "this is import" not in terminal.run(*customers).stdout, "nothing came by it"
    refused = terminal.run("import", "reverse", moved["import_id"], "--reason", "the wrong file", status=1)
    assert "an import of customers is not reversed" in refused.stderr
    told = terminal.told(*mapped, status=3)
    assert (told["recorded"], told["refused"], told["services"]) == (2, 1, 1)
    (refusal,) = told["refusals"]
    assert (refusal["line"], refusal["column"]) == (4, "customer")
    report = terminal.told("report", "liability")
    assert (report["units_imported"], report["units_granted"], report["liability"]) == (
        11,
        0,
        75_000 + 60_050,
    )
    assert terminal.told(*mapped, status=3)["replayed"] == 2
    back = terminal.told("import", "reverse", told["import_id"], "--reason", "the wrong file")
    assert (back["reversed"], back["refused"]) == (2, 0)
    assert terminal.told("report", "liability")["units_imported"] == 0
    assert terminal.told(*mapped, status=3)["recorded"] == 2


def test_what_was_recognised_is_shown_before_anything_is_written(terminal: Terminal, files: Path) -> None:
    terminal.open_business()
    mapped = ("--source", "till", "--mapping", files / "till.toml", "--dry-run")
    shown = terminal.run("import", "packages", files / "balances.csv", *mapped, status=3)
    assert "separator ';', dates DD.MM.YYYY, decimal mark ','" in shown.stderr
    assert "purchased_on ← Date" in shown.stderr


def test_forms_that_can_be_read_in_two_ways_are_asked_for(terminal: Terminal, tmp_path: Path) -> None:
    terminal.open_business()
    file = tmp_path / "clients.csv"
    file.write_text("Number,Who,Born\n1,Anna,01/02/1980\n")
    mapping = tmp_path / "one.toml"
    told = 'imports = "customers"\n[columns]\nreference = "Number"\nname = "Who"\ndate_of_birth = "Born"\n'
    mapping.write_text(told)
    command = ("import", "customers", file, "--source", "old", "--mapping", mapping)
    assert "DD/MM/YYYY or MM/DD/YYYY" in terminal.run(*command, status=1).stderr
    mapping.write_text('dates = "MM/DD/YYYY"\n' + told)
    assert terminal.told(*command)["recorded"] == 1


def test_every_mapping_that_is_shipped_can_be_read_and_is_listed(terminal: Terminal) -> None:
    found = shipped()
    assert len(found) >= 5
    listed = terminal.run("import", "mappings").stdout
    assert all(name in listed for name in found)


def test_json_lines_go_in_as_csv_does(terminal: Terminal, tmp_path: Path) -> None:
    terminal.open_business()
    file = tmp_path / "clients.jsonl"
    rows = [{"reference": 17, "name": "Éva", "consent_marketing": True}, {"reference": "18", "name": None}]
    file.write_text("\n".join(map(json.dumps, rows)))
    told = terminal.told("import", "customers", file, "--source", "till", status=3)
    assert (told["recorded"], told["refusals"][0]["column"]) == (1, "name")


def test_wrong_usage_is_told_in_one_line(terminal: Terminal, files: Path) -> None:
    terminal.open_business()
    clients = files / "clients.csv"
    for wrong in (
        ("import", "customers", clients),
        ("import", "customers", clients, "--source", "till", "--mapping", "no-such"),
        ("import", "customers", clients, "--source", "till", "--mapping", files / "till.toml"),
    ):
        assert terminal.run(*wrong, status=2).stderr
    assert (
        terminal.run("import", "reverse", "imp_none", "--reason", "x", status=1).stderr.count(os.linesep) == 1
    )
