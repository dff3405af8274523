"""Money and rates are written with all their digits, in every locale that is known."""

import re

import pytest
from babel import Locale
from babel.localedata import locale_identifiers
from pydantic import TypeAdapter, ValidationError

from api.http.locales import KnownLocale, amount_of, locale_of, money, number, rate, typed_amount
from domain.currency import MINOR_DIGITS

LOCALES = sorted(locale_identifiers())
HARD_SPACES = str.maketrans({"\xa0": " ", "\u202f": " "})


def digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)


def plain(text: str) -> str:
    """With spaces, and without the marks of direction."""
    return re.sub("[\u200e\u200f\u061c]", "", text.translate(HARD_SPACES))


@pytest.mark.parametrize("code", ["HUF", "JPY", "KWD", "EUR", "CLF", "IQD", "ISK"])
def test_no_digit_of_an_amount_is_lost_in_any_locale(code: str) -> None:
    for name in LOCALES:
        written = money(1_234_567, code, Locale.parse(name))
        assert digits(written) == "1234567", name
        assert digits(money(1, code, Locale.parse(name))) == "1".zfill(MINOR_DIGITS[code] + 1), name


def test_no_digit_of_a_rate_is_lost_in_any_locale() -> None:
    for name in LOCALES:
        written = [digits(rate(each, Locale.parse(name))) for each in (0, 5, 550, 1_900, 2_725, 10_000)]
        assert written == ["0", "005", "55", "19", "2725", "100"], name


@pytest.mark.parametrize(
    ("name", "forint", "yen", "dinar", "tax"),
    [
        ("en", "HUF 12,345.00", "¥12,345", "KWD 12.345", "5.5%"),
        ("hu-HU", "12 345,00 Ft", "12 345 ¥", "12,345 KWD", "5,5%"),
        ("ja-JP", "HUF 12,345.00", "¥12,345", "KWD 12.345", "5.5%"),
        ("ar-KW", "12,345.00 HUF", "12,345 JP¥", "12.345 د.ك.", "5.5%"),
    ],
)
def test_money_is_written_as_people_of_the_locale_do(
    name: str, forint: str, yen: str, dinar: str, tax: str
) -> None:
    locale = locale_of(name)
    written = (money(1_234_500, "HUF", locale), money(12_345, "JPY", locale), money(12_345, "KWD", locale))
    assert [plain(each).replace("\uffe5", "¥") for each in written] == [forint, yen, dinar]
    assert plain(rate(550, locale)) == tax


def test_a_shortage_of_digits_is_filled_and_a_thousand_is_grouped() -> None:
    assert plain(money(-5, "EUR", locale_of("en"))) == "-€0.05"
    assert plain(number(1_234, locale_of("hu-HU"))) == "1 234"


def test_a_locale_that_is_no_longer_known_is_written_in_english() -> None:
    assert locale_of("xx-YY") == Locale("en")


@pytest.mark.parametrize("name", ["xx", "en-XX", "hu_HU", "HU", "", "hu-HU-x", "../en"])
def test_only_known_locales_are_taken(name: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(KnownLocale).validate_python(name)


@pytest.mark.parametrize("code", ["HUF", "JPY", "KWD", "EUR"])
def test_an_amount_is_read_as_it_stands_in_its_field_in_any_locale(code: str) -> None:
    for name in LOCALES:
        locale = Locale.parse(name)
        for amount in (0, 5, 1_234_567):
            assert amount_of(typed_amount(amount, code, locale), code, locale) == amount, name


def test_an_amount_is_never_guessed() -> None:
    english, hungarian = locale_of("en"), locale_of("hu-HU")
    assert amount_of("1,234.5", "EUR", english) == 123_450
    assert amount_of(" 5 000,5 ", "EUR", hungarian) == 500_050
    assert amount_of("5\N{NO-BREAK SPACE}000", "HUF", hungarian) == 500_000
    for typed in ("", "many", "1.234", "1,23", "12,34.5", "1e3", "NaN", "Infinity", "0.001"):
        assert amount_of(typed, "EUR", english) is None, typed
    assert amount_of("5.000", "EUR", hungarian) is None, "neither five nor five thousand"
    assert amount_of("1.5", "JPY", english) is None
