"""The expiry of a package: its last valid day, and the freeze that moves it (domain.md, Expiry, Freeze).

One value serves the state, the card, the lists and the reports. `valid_until` is its form in SQL.
"""

from datetime import date, datetime

from msgspec import Struct

from domain.calendar_rules import expires_at, extended
from domain.moments import local_day


class Expiry(Struct, frozen=True, gc=False):
    """The expiry as the facts left it, and a freeze that no fact has ended. The clock may have ended it since."""

    expires_on: date | None
    """The last valid day; None: it never ends, or its validity has not started."""
    zone: str
    """The time zone fixed at sale."""
    frozen_on: date | None = None
    frozen_until: date | None = None
    """The last day of the freeze."""

    def is_frozen(self, day: date) -> bool:
        """Whether a day lies in the freeze, its first and last day included."""
        if self.frozen_on is None or self.frozen_until is None:
            return False
        return self.frozen_on <= day <= self.frozen_until

    def on(self, day: date) -> date | None:
        """The last valid day as it stands on `day`, moved by a freeze that the clock has ended by then."""
        return self.expires_on if self.frozen_until is None or day <= self.frozen_until else self.thawed

    @property
    def thawed(self) -> date | None:
        """The last valid day once the freeze has run out."""
        if self.expires_on is None or self.frozen_on is None or self.frozen_until is None:
            return self.expires_on
        return extended(self.expires_on, self.frozen_on, self.frozen_until)

    @property
    def thaws_at(self) -> datetime | None:
        """The first moment after the last day of the freeze; None: it is not frozen."""
        return None if self.frozen_until is None else expires_at(self.frozen_until, self.zone)

    def has_passed(self, moment: datetime) -> bool:
        """Whether the package has expired at a moment; nothing expires while frozen."""
        if self.frozen_until is None:  # of nearly every package
            return self.expires_on is not None and moment >= expires_at(self.expires_on, self.zone)
        day = local_day(moment, self.zone)
        last = self.on(day)
        return last is not None and not self.is_frozen(day) and moment >= expires_at(last, self.zone)

    @property
    def valid_until(self) -> datetime | None:
        """The moment from which it has passed, asked on or after the first day of the freeze. None: never.

        Read tables keep it: a query asks `valid_until <= now` and needs no calendar.
        """
        if self.expires_on is None:
            return None
        last = self.expires_on
        if self.frozen_on is not None and self.frozen_until is not None:
            last = max(self.frozen_until, extended(last, self.frozen_on, self.frozen_until))
        return expires_at(last, self.zone)
