"""A range of a list by days or moments, where each row has days of its own (domain.md, Expiry).

A day means the row's own day, in the zone of its location. A moment means that moment, wherever it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement

from domain.moments import begins_anywhere, over_everywhere


@dataclass(frozen=True, slots=True)
class Range:
    """From a day or moment to another, both included; None: without a bound."""

    first: date | datetime | None = None
    last: date | datetime | None = None

    def __bool__(self) -> bool:
        return self.first is not None or self.last is not None

    def moments(self, column: ColumnElement[datetime]) -> Iterator[ColumnElement[bool]]:
        """Conditions on the moment alone, as wide as the zones of the world: an index can seek by them."""
        if self.first is not None:
            yield column >= (self.first if isinstance(self.first, datetime) else begins_anywhere(self.first))
        if isinstance(self.last, datetime):
            yield column <= self.last
        elif self.last is not None:
            yield column < over_everywhere(self.last)

    def days(self, column: ColumnElement[str]) -> Iterator[ColumnElement[bool]]:
        """Conditions on the row's own day, `YYYY-MM-DD`, for the bounds that are days."""
        if self.first is not None and not isinstance(self.first, datetime):
            yield column >= self.first.isoformat()
        if self.last is not None and not isinstance(self.last, datetime):
            yield column <= self.last.isoformat()

    def holds_day(self, day: date) -> bool:
        """Whether a row's own day lies within the bounds that are days."""
        after = isinstance(self.first, datetime) or self.first is None or self.first <= day
        return after and (isinstance(self.last, datetime) or self.last is None or day <= self.last)


ALWAYS = Range()
