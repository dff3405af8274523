"""Minor units: a table of ours, complete, and the same for ever."""

import pytest
from babel.core import get_global
from pydantic import ValidationError

from domain.business.commands import OpenBusiness
from domain.currency import MINOR_DIGITS, major

NO_MONEY = ("DEM", "ITL", "HRK", "BGN", "ZWL", "XXX", "XTS", "XAU", "XAG", "XDR", "XBA", "ABC")
SHOWN_WITH_FEWER = {
    *("AFN", "ALL", "COP", "HUF", "IDR", "IQD", "IRR", "KPW", "LAK", "LBP", "MGA", "MMK", "SOS", "SYP", "YER")
}
"""Currencies whose minor unit people leave out, so that a library for languages has other digits."""


@pytest.mark.parametrize(
    ("code", "digits"),
    [
        *(("EUR", 2), ("USD", 2), ("HUF", 2), ("MGA", 2), ("MRU", 2), ("JPY", 0), ("ISK", 0), ("UGX", 0)),
        *(("KWD", 3), ("BHD", 3), ("IQD", 3), ("JOD", 3), ("LYD", 3), ("OMR", 3), ("TND", 3)),
        *(("CLF", 4), ("UYW", 4), ("CLP", 0), ("UYU", 2)),
    ],
)
def test_digits_are_those_of_iso_4217(code: str, digits: int) -> None:
    assert MINOR_DIGITS[code] == digits
    assert str(major(123_456, code)) == f"{123_456 / 10**digits:.{digits}f}"


def test_every_currency_that_is_tender_somewhere_is_there() -> None:
    tender = {
        code
        for used in get_global("territory_currencies").values()
        for code, _, until, is_tender in used
        if until is None and is_tender
    }
    assert tender <= MINOR_DIGITS.keys()
    fractions = get_global("currency_fractions")
    differ = {code for code in tender if fractions.get(code, (2,))[0] != MINOR_DIGITS[code]}
    assert differ <= SHOWN_WITH_FEWER


def opening(currency: str) -> OpenBusiness:
    return OpenBusiness(business_id="biz_1", name="Salon", currency=currency, time_zone="UTC")


@pytest.mark.parametrize("code", NO_MONEY)
def test_books_are_not_opened_in_what_is_no_money(code: str) -> None:
    with pytest.raises(ValidationError, match=code):
        opening(code)


@pytest.mark.parametrize("code", MINOR_DIGITS)
def test_books_are_opened_in_all_money(code: str) -> None:
    assert opening(code).currency == code
