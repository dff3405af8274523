"""The local days of moments, as numbers: those that a report of days is asked about."""

from datetime import UTC, date, datetime

from domain.moments import start_of


class LocalDays:
    """Of one zone. A day is from its first moment to before that of the next, as `start_of` tells them.

    That is told for each day of UTC once: two comparisons then tell the day of a moment.
    """

    def __init__(self, zone: str) -> None:
        self._zone = zone
        self._starts: dict[int, tuple[datetime, datetime]] = {}
        """A day of UTC → where the local days of that number and of the next begin. No clock is a day apart."""

    def of(self, moment: datetime) -> int:
        """The ordinal of the day (`date.toordinal`)."""
        if moment.tzinfo is not UTC:
            moment = moment.astimezone(UTC)
        day = moment.toordinal()
        starts = self._starts.get(day)
        if starts is None:
            starts = self._starts[day] = (self.start(day), self.start(day + 1))
        return day - 1 + (moment >= starts[0]) + (moment >= starts[1])

    def start(self, day: int) -> datetime:
        """The first moment of a day."""
        return start_of(date.fromordinal(day), self._zone)

    def is_start(self, moment: datetime) -> bool:
        return self.start(self.of(moment)) == moment
