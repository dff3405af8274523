"""Amounts as people type them, in minor units.

    minor_units("12 500,5", "EUR")      1250050
    minor_units("3.000", "KWD")         3000
"""

import re
from decimal import Decimal

from api.http.locales import minor_digits

_TYPED = re.compile(r"[0-9]+(?:[.,][0-9]+)?")
_SPACES = re.compile(r"[\s\u00a0\u202f']")


def minor_units(text: str, currency: str) -> int | str:
    """The amount; the text itself where it is none, or is finer than the currency, for the API to say so.

    The last of `.` and `,` begins the decimals.
    """
    plain = _SPACES.sub("", text)
    if not _TYPED.fullmatch(plain):
        return text
    amount = Decimal(plain.replace(",", ".")).scaleb(minor_digits(currency))
    return int(amount) if amount == amount.to_integral_value() else text


def major_units(amount: int, currency: str) -> str:
    """As it stands in a field: 450.00."""
    digits = minor_digits(currency)
    return f"{Decimal(amount).scaleb(-digits):.{digits}f}"
