"""The texts of cells as values: days, amounts of money and truths, in the forms that other systems write.

A form is told in the mapping, or recognised: each cell rules out the forms that it does not have.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date

from api.imports.flaws import Unfit
from domain.currency import MINOR_DIGITS

DATE_FORMS: Mapping[str, tuple[str, ...]] = {
    "YYYY-MM-DD": ("year", "-", "month", "-", "day"),
    "DD/MM/YYYY": ("day", "/", "month", "/", "year"),
    "MM/DD/YYYY": ("month", "/", "day", "/", "year"),
    "DD.MM.YYYY": ("day", ".", "month", ".", "year"),
    "YYYY.MM.DD.": ("year", ".", "month", ".", "day"),
    "YYYY/MM/DD": ("year", "/", "month", "/", "day"),
    "DD-MM-YYYY": ("day", "-", "month", "-", "year"),
}
"""The forms of a day. A month or a day may have one digit; a time behind it is left out."""
DECIMALS = (".", ",")
TRUE, FALSE = frozenset({"yes", "true", "1", "y", "igen"}), frozenset({"no", "false", "0", "n", "nem"})

_CLOCK = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?\s*(?:[AaPp]\.?[Mm]\.?)?"
_TIME = rf"(?:[T ]\s*{_CLOCK}(?:Z|[+-][0-9]{{2}}:?[0-9]{{2}})?)?"
_PART = {"year": r"(?P<year>[0-9]{4})", "month": r"(?P<month>[0-9]{1,2})", "day": r"(?P<day>[0-9]{1,2})"}
_DATES = {
    form: re.compile(
        "".join(_PART.get(part) or re.escape(part) + r"\s?" for part in parts)
        + (r"\.?" if form.endswith(".") else "")
        + _TIME
    )
    for form, parts in DATE_FORMS.items()
}
_SPACES = "\u0020\u00a0\u202f"
_SYMBOLS = "€$£¥₽₹₪"


def day_in(text: str, form: str) -> date:
    """The day of a cell. Raises Unfit."""
    found = _DATES[form].fullmatch(text)
    if found is None:
        raise Unfit("no-date", f"must be a date like {form}")
    try:
        return date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError as error:
        raise Unfit("no-such-day", f"must be a date like {form}, of a day that exists") from error


def minor_units(text: str, currency: str, decimal: str) -> int:
    """An amount in minor units of a cell in major ones, such as `1,234.50` or `12.500,00 €`. Raises Unfit."""
    if currency not in MINOR_DIGITS:
        raise Unfit("no-currency", f"is in {currency!r}, which is no currency")
    digits = MINOR_DIGITS[currency]
    plain = text.strip(_SPACES + _SYMBOLS).removeprefix(currency).removesuffix(currency).strip(_SPACES)
    thousands = "," if decimal == "." else "."
    pattern = rf"([0-9]{{1,3}}(?:[{_SPACES}'{re.escape(thousands)}][0-9]{{3}})+|[0-9]{{1,16}})"
    pattern += rf"(?:{re.escape(decimal)}([0-9]{{1,{max(digits, 2)}}}))?"
    found = re.fullmatch(pattern, plain)
    if found is None:
        raise Unfit("no-amount", f"must be an amount like 12{decimal}50")
    whole, fraction = re.sub(r"[^0-9]", "", found[1]), (found[2] or "").ljust(digits, "0")
    if fraction[digits:].strip("0"):
        told = f"must have at most {digits} digits behind the decimal mark, as {currency} has"
        raise Unfit("too-many-decimals", told)
    return int(whole + fraction[:digits])


def truth(text: str) -> bool:
    """Raises Unfit."""
    if (known := text.casefold()) in TRUE | FALSE:
        return known in TRUE
    raise Unfit("no-truth", "must be yes or no")


def date_forms(cells: Iterable[str]) -> list[str]:
    """The forms that all these cells have, without those that tell the same days as one before."""
    left: dict[str, list[date]] = {form: [] for form in DATE_FORMS}
    for text in cells:
        for form in list(left):
            try:
                left[form].append(day_in(text, form))
            except ValueError:
                del left[form]
    return [form for n, form in enumerate(left) if left[form] not in list(left.values())[:n]]


def decimals(cells: Iterable[str], currency: str) -> list[str]:
    """The decimal marks by which all these cells are amounts, without one that tells the same as another."""
    left: dict[str, list[int]] = {mark: [] for mark in DECIMALS}
    for text in cells:
        for mark in list(left):
            try:
                left[mark].append(minor_units(text, currency, mark))
            except ValueError:
                del left[mark]
    return [mark for n, mark in enumerate(left) if left[mark] not in list(left.values())[:n]]
