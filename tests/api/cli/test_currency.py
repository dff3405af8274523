"""Currencies at the command line: refused by name, and printed with the digits of ISO 4217."""

from pathlib import Path

import pytest

from api.cli import output
from domain.currency import MINOR_DIGITS
from tests.api.cli.conftest import Terminal
from tests.api.cli.test_load import a_sale, write


@pytest.mark.parametrize("code", ["DEM", "XXX", "XAU", "XTS", "HRK", "eur", "EURO"])
def test_books_are_opened_in_money_alone(embedded: Terminal, code: str) -> None:
    refused = embedded.run("open", "Salon", "--currency", code, "--time-zone", "Europe/Berlin", status=2)
    assert code in refused.output
    assert "ISO 4217" in refused.output


@pytest.mark.parametrize(
    ("amount", "currency", "printed"),
    [
        (500_000, "HUF", "HUF5,000.00"),
        (123_456, "EUR", "€1,234.56"),
        (-5, "USD", "-$0.05"),
        (1_234, "JPY", "¥1,234"),
        (1_234_567, "KWD", "KWD1,234.567"),
        (5, "IQD", "IQD0.005"),
        (12_345, "CLF", "CLF1.2345"),
        (12_345, "DEM", "12,345 minor units of DEM"),
    ],
)
def test_money_is_printed_with_its_own_digits(amount: int, currency: str, printed: str) -> None:
    assert output.money(amount, currency) == printed


@pytest.mark.parametrize("currency", MINOR_DIGITS)
def test_no_digit_is_lost_in_print(currency: str) -> None:
    digits = "".join(letter for letter in output.money(123_456_789, currency) if letter.isdigit())
    assert digits == "123456789"


def test_a_report_and_a_load_know_the_currency(embedded: Terminal, tmp_path: Path) -> None:
    embedded.run("open", "Salon", "--currency", "HUF", "--time-zone", "Europe/Budapest")
    sale = a_sale(amount="500000", paid="0", currency="HUF")
    foreign = sale | {"reference": "s-2", "currency": "DEM"}
    refused = embedded.run("load", write(tmp_path / "book.csv", [sale, foreign]), status=3)
    assert "DEM is not an ISO 4217 currency" in refused.output
    assert "HUF5,000.00" in embedded.run("report", "liability").output
