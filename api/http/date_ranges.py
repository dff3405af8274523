"""Ranges of list filters: days in the business's zone or moments, both ends included."""

from datetime import date, datetime

from api.http.problems import Flaw, invalid
from domain.moments import as_moment, beyond


def check_range(first: date | datetime | None, last: date | datetime | None, zone: str, where: str) -> None:
    """Raises validation-failed at the field `where` if `last` lies before `first`."""
    if first is not None and last is not None and beyond(last, zone) <= as_moment(first, zone):
        raise invalid([Flaw(where, "before-its-beginning", "must not lie before the beginning of the range")])
