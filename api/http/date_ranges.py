"""Ranges that lists are narrowed by: of days in the business's zone or of moments; both ends count."""

from datetime import date, datetime, timedelta

from api.http.problems import Flaw, invalid
from domain.moments import start_of

MILLISECOND = timedelta(milliseconds=1)


def first_of(given: date | datetime, zone: str) -> datetime:
    """The first moment of a range that begins with a moment, or with a day in that zone."""
    return given if isinstance(given, datetime) else start_of(given, zone)


def beyond(given: date | datetime, zone: str) -> datetime:
    """The first moment after a range that ends with a moment, or with a day in that zone."""
    if isinstance(given, datetime):
        return given + MILLISECOND
    return start_of(given + timedelta(days=1), zone)


def check_range(first: date | datetime | None, last: date | datetime | None, zone: str, where: str) -> None:
    """Raises validation-failed, at the field of the last day or moment, where it lies before the first."""
    if first is not None and last is not None and beyond(last, zone) <= first_of(first, zone):
        raise invalid([Flaw(where, "before-its-beginning", "must not lie before the beginning of the range")])
