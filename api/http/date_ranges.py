"""Ranges of list filters: days or moments, both ends included."""

from datetime import date, datetime

from api.http.problems import Flaw, invalid
from domain.moments import as_moment, begins_anywhere, beyond, over_everywhere

OWN_DAYS = None
"""In place of a zone: each row of the list has days of its own."""


def check_range(
    first: date | datetime | None, last: date | datetime | None, zone: str | None, where: str
) -> None:
    """Raises validation-failed at the field `where` if `last` lies before `first`.

    `zone` says what a day is beside a moment; OWN_DAYS refuses only what no zone of the world could hold.
    """
    if first is not None and last is not None and _is_empty(first, last, zone):
        raise invalid([Flaw(where, "before-its-beginning", "must not lie before the beginning of the range")])


def _is_empty(first: date | datetime, last: date | datetime, zone: str | None) -> bool:
    if not isinstance(first, datetime) and not isinstance(last, datetime):
        return last < first
    if zone is not None:
        return beyond(last, zone) <= as_moment(first, zone)
    if isinstance(last, datetime):
        return last < (first if isinstance(first, datetime) else begins_anywhere(first))
    return isinstance(first, datetime) and over_everywhere(last) <= first
