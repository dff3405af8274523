"""Days of life and the days of a year on which they return; and whom a list of birthdays names.

A birthday on the 29th of February returns on the 28th in a year without one. The year of birth has none.
"""

from calendar import isleap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

LEAP_DAY = (2, 29)
DAYS_MAX = 366
"""Days of one list of birthdays: those of a leap year."""


def returns_on(day_of_life: date, year: int) -> date | None:
    """The day of a year on which a birthday or wedding day returns; None in its own year and before.

    The 29th of February returns on the 28th in a year without one.
    """
    if year <= day_of_life.year:
        return None
    if (day_of_life.month, day_of_life.day) == LEAP_DAY and not isleap(year):
        return date(year, 2, 28)
    return day_of_life.replace(year=year)


def day_number(month: int, day: int) -> int:
    """A day of any year as a number, such as 1231: as the directory keeps the day of a birthday."""
    return 100 * month + day


@dataclass(frozen=True, slots=True)
class Birthdays:
    """The birthdays from one day to another, both included; at most DAYS_MAX days."""

    first: date
    last: date

    def hold(self, date_of_birth: date | None) -> bool:
        """Whether the birthday returns on one of these days."""
        if date_of_birth is None:
            return False
        years = range(self.first.year, self.last.year + 1)
        returned = [returns_on(date_of_birth, year) for year in years]
        return any(day is not None and self.first <= day <= self.last for day in returned)

    def numbers(self) -> list[int]:
        """The day numbers of all who may have such a birthday, in order, each once."""
        return sorted(set(self._numbers()))

    def _numbers(self) -> Iterator[int]:
        for ahead in range((self.last - self.first).days + 1):
            day = self.first + timedelta(days=ahead)
            yield day_number(day.month, day.day)
            if (day.month, day.day) == (2, 28) and not isleap(day.year):
                yield day_number(*LEAP_DAY)
