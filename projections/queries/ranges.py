"""A range of a list by days or moments, where each row has days of its own (domain.md, Expiry).

A day means the row's own day, in the zone of its location. A moment means that moment, wherever it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Text

from domain.moments import begins_anywhere, over_everywhere
from projections.engine.definition import Moment
from projections.engine.questions import given


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

    # The same conditions, of values that are told by name

    @property
    def shape(self) -> "RangeShape":
        return RangeShape(_bound(self.first), _bound(self.last))

    def values(self) -> dict[str, Any]:
        """The values of `RangeShape.conditions`, by name."""
        values: dict[str, Any] = {}
        if isinstance(self.first, datetime):
            values["first_moment"] = self.first
        elif self.first is not None:
            values |= {"first_moment": begins_anywhere(self.first), "first_day": self.first.isoformat()}
        if isinstance(self.last, datetime):
            values["last_moment"] = self.last
        elif self.last is not None:
            values |= {"last_moment": over_everywhere(self.last), "last_day": self.last.isoformat()}
        return values


Bound = Literal["none", "day", "moment"]


class RangeShape(NamedTuple):
    """What the bounds of a range are, without their values."""

    first: Bound
    last: Bound

    def conditions(
        self, moments: ColumnElement[datetime], days: ColumnElement[str]
    ) -> Iterator[ColumnElement[bool]]:
        """As `Range.moments` and `Range.days` together."""
        if self.first != "none":
            yield moments >= given("first_moment", Moment())
        if self.first == "day":
            yield days >= given("first_day", Text())
        if self.last == "moment":
            yield moments <= given("last_moment", Moment())
        if self.last == "day":
            yield moments < given("last_moment", Moment())
            yield days <= given("last_day", Text())


def _bound(end: date | datetime | None) -> Bound:
    return "none" if end is None else "moment" if isinstance(end, datetime) else "day"


ALWAYS = Range()
