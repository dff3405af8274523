"""A day-book in which the same name is written in several ways: no balance is split and no row is loaded twice."""

import unicodedata
from pathlib import Path

import pytest

from tests.api.cli.conftest import Terminal
from tests.api.cli.test_load import a_sale, write

CUSTOMERS = ("Kovács-1", "Kovács-1 ", "\u00a0Kovács-1", unicodedata.normalize("NFD", "Kovács-1"))


def a_use(**cells: str) -> dict[str, str]:
    use = {**dict.fromkeys(a_sale(), ""), "reference": "u-1", "occurred_on": "2020-03-01", "kind": "use"}
    return use | {"customer": "ann", "service": "Disc", "units": "1"} | cells


def test_a_customer_and_a_service_are_one_however_they_are_written(
    terminal: Terminal, tmp_path: Path
) -> None:
    terminal.open_business()
    rows = [a_sale(customer=CUSTOMERS[0], service="Disc  club")]
    rows += [
        a_use(reference=f"u-{n}", customer=customer, service="Disc\u00a0club ")
        for n, customer in enumerate(CUSTOMERS)
    ]
    told = terminal.load(write(tmp_path / "book.csv", rows))
    assert (told["refused"], told["customers"], told["services"], told["uses"]) == (0, 1, 1, 4)
    for customer in CUSTOMERS:
        (package,) = terminal.told("report", "customer", customer)
        assert package["remaining"] == 6


def test_a_row_is_known_again_however_its_reference_is_written(embedded: Terminal, tmp_path: Path) -> None:
    embedded.open_business()
    embedded.load(write(tmp_path / "book.csv", [a_sale(reference="Számla 1")]))
    for reference in ("Számla 1 ", "Számla\u00a0 1", unicodedata.normalize("NFD", "Számla 1")):
        told = embedded.load(write(tmp_path / "again.csv", [a_sale(reference=reference)]))
        assert (told["replayed"], told["recorded"], told["refused"]) == (1, 0, 0)


@pytest.mark.parametrize("column", ["reference", "customer", "service", "name"])
@pytest.mark.parametrize("letter", ["\u200b", "\u200d", "\u00ad", "\ufeff", "\u2066"])
def test_what_nobody_sees_is_refused_by_column(
    embedded: Terminal, tmp_path: Path, column: str, letter: str
) -> None:
    embedded.open_business()
    book = write(tmp_path / "book.csv", [a_sale(**{column: f"Kovács{letter}1"})])
    told = embedded.run("load", book, status=3)
    assert f"{column}: holds U+{ord(letter):04X}" in told.output
    assert "0 customers registered" in told.output


def test_the_command_line_takes_names_in_the_same_form(embedded: Terminal) -> None:
    refused = embedded.run("open", "Sal\u200bon", "--currency", "EUR", "--time-zone", "UTC", status=2)
    assert "U+200B" in refused.output
    embedded.run("open", " Salon\u00a0 A ", "--currency", "EUR", "--time-zone", "UTC")
    refused = embedded.run("keys", "issue", "--name", "till\u00ad", "--role", "staff", status=2)
    assert "U+00AD" in refused.output
    missing = embedded.run("report", "customer", "Kovács\u200b", status=1)
    assert "U+200B" in missing.output
