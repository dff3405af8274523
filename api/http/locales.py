"""Money, days and rates as people of a locale write them. Locales are BCP 47: hu-HU, ja-JP, ar-KW.

    money(1_250, "KWD", locale_of("en"))         KWD 1.250
    money(500_000, "HUF", locale_of("hu-HU"))    5 000,00 Ft

Digits are 0 to 9 in every locale, as in the numbers and ids beside them.
"""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import (
    NumberFormatError,
    format_currency,
    format_decimal,
    format_percent,
    get_currency_symbol,
    parse_decimal,
)
from pydantic import AfterValidator

from domain.currency import MINOR_DIGITS, major
from domain.values import LocaleName


def _known(name: str) -> str:
    try:
        Locale.parse(name, sep="-")
    except (ValueError, UnknownLocaleError) as error:
        raise ValueError("is not a known locale, such as hu-HU") from error
    return name


KnownLocale = Annotated[LocaleName, AfterValidator(_known)]
"""A locale that money can be written in."""


def locale_of(name: str) -> Locale:
    """The locale of a business; English where this version of the library does not know it."""
    try:
        return Locale.parse(_known(name), sep="-")
    except ValueError:
        return Locale("en")


def money(amount: int, currency: str, locale: Locale) -> str:
    """Minor units with all digits of ISO 4217, in the pattern of the locale."""
    if currency not in MINOR_DIGITS:  # books that were opened in it before it was refused
        return f"{amount} {currency}"
    digits = MINOR_DIGITS[currency]
    places = "." + "0" * digits if digits else ""
    shape = _pattern(currency, locale).replace("0.00", f"0{places}")
    return format_currency(major(amount, currency), currency, shape, locale, currency_digits=False)


def _pattern(currency: str, locale: Locale) -> str:
    """The pattern of amounts; where it puts a code of letters beside the digits, with a space between."""
    pattern: str = locale.currency_formats["standard"].pattern
    symbol = get_currency_symbol(currency, locale)
    return pattern.replace("¤#", "¤\xa0#") if symbol[-1].isalpha() else pattern


def typed_amount(amount: int, currency: str, locale: Locale) -> str:
    """Minor units as people type them, for `amount_of`: 450,00."""
    digits = MINOR_DIGITS.get(currency, 0)
    return f"{Decimal(amount).scaleb(-digits):.{digits}f}".replace(
        ".", locale.number_symbols["latn"]["decimal"]
    )


def amount_of(typed: str, currency: str, locale: Locale) -> int | None:
    """The minor units of an amount that a person typed: 450,00 or 450 is 45000 in EUR.

    None for what is no number in the locale, and for more digits behind the point than the currency has.
    """
    if any(sign.isalpha() for sign in typed):  # 1e3 is a number for a program alone
        return None
    try:
        read: Decimal = parse_decimal("".join(typed.split()), locale=locale, strict=True)
    except NumberFormatError:
        return None
    digits, exponent = MINOR_DIGITS.get(currency, 0), read.as_tuple().exponent
    return int(read.scaleb(digits)) if isinstance(exponent, int) and -exponent <= digits else None


def number(of: int, locale: Locale) -> str:
    return format_decimal(of, locale=locale)


def tenths(of: float, locale: Locale) -> str:
    """With one digit after the sign for decimals: 0.4 is 0,4 in Hungarian."""
    return format_decimal(of, "#,##0.0", locale=locale)


def day(of: date, locale: Locale) -> str:
    return format_date(of, "long", locale)


def rate(basis_points: int, locale: Locale) -> str:
    """2700 as 27%, 550 as 5.5%."""
    positive = locale.percent_formats[None].pattern.partition(";")[0]
    pattern = re.sub("[#,0]+", "#,##0.##", positive)
    return format_percent(Decimal(basis_points).scaleb(-4), pattern, locale)
