"""Validity rules of packages, and their calendar arithmetic (domain.md, Expiry).

An expiry is a date, the last valid day in the time zone fixed at sale. Purchase day is day 0. Months and
years keep the day of the month, clamped at the month's end (31 January + 1 month is 28 or 29 February).
"""

from calendar import monthrange
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import Field

from domain.moments import CALCULATED, LAST_DAY, Day, start_of
from domain.values import Value

CalendarUnit = Literal["days", "weeks", "months", "years"]
Count = Annotated[int, Field(ge=1, le=3_650)]


class NoExpiry(Value):
    rule: Literal["never"] = "never"


class ExpiryOnDate(Value):
    rule: Literal["on_date"] = "on_date"
    date: Day


class ExpiryAfterPurchase(Value):
    rule: Literal["after_purchase"] = "after_purchase"
    count: Count
    unit: CalendarUnit


class ExpiryAfterFirstUse(Value):
    rule: Literal["after_first_use"] = "after_first_use"
    count: Count
    unit: CalendarUnit


Validity = Annotated[
    NoExpiry | ExpiryOnDate | ExpiryAfterPurchase | ExpiryAfterFirstUse, Field(discriminator="rule")
]


def add(day: date, count: int, unit: CalendarUnit) -> date:
    """The day `count` calendar units later, at most 2200-12-31."""
    if unit in ("days", "weeks"):
        days = count * (7 if unit == "weeks" else 1)
        return day + timedelta(days=min(days, (LAST_DAY - day).days))
    months = day.year * 12 + day.month - 1 + count * (12 if unit == "years" else 1)
    year, month = divmod(months, 12)
    if year > LAST_DAY.year:
        return LAST_DAY
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def expiry_at_sale(validity: Validity, purchased_on: date) -> date | None:
    """The last valid day known at sale. None: it never ends, or waits for the first use."""
    match validity:
        case ExpiryOnDate():
            return validity.date
        case ExpiryAfterPurchase():
            return add(purchased_on, validity.count, validity.unit)
        case NoExpiry() | ExpiryAfterFirstUse():
            return None


@lru_cache(maxsize=CALCULATED)
def expires_at(expires_on: date, zone: str) -> datetime:
    """The first moment that is no longer valid: the start of the next local day, in UTC."""
    return start_of(expires_on + timedelta(days=1), zone)


def extended(expires_on: date, frozen_on: date, until: date) -> date:
    """The last valid day after a freeze that ran to its end: moved by its days, first and last included.

    At most 2200-12-31.
    """
    return min(LAST_DAY, expires_on + (until - frozen_on) + timedelta(days=1))
