"""When a package ends: its last valid day, and the freeze that moves it (domain.md, Expiry, Freeze).

One value answers for the state, the card, the lists and the reports. `valid_until` is its form in SQL.
"""

from dataclasses import dataclass
from datetime import date, datetime

from domain.calendar_rules import expires_at, extended
from domain.moments import local_day


@dataclass(frozen=True, slots=True)
class Expiry:
    """The expiry as the facts left it, and the freeze that no fact has ended; the clock may have ended it since."""

    expires_on: date | None
    """The last valid day; None: it never ends, or its validity has not started."""
    zone: str
    """The time zone fixed at sale."""
    frozen_on: date | None = None
    frozen_until: date | None = None
    """The last day of the freeze."""

    def is_frozen(self, day: date) -> bool:
        """Whether there is no use on a day: from the first to the last day of the freeze."""
        if self.frozen_on is None or self.frozen_until is None:
            return False
        return self.frozen_on <= day <= self.frozen_until

    def on(self, day: date) -> date | None:
        """The last valid day, as it stands on a day: a freeze that the clock has ended by then has moved it."""
        if self.expires_on is None or self.frozen_on is None or self.frozen_until is None:
            return self.expires_on
        if day <= self.frozen_until:
            return self.expires_on
        return extended(self.expires_on, self.frozen_on, self.frozen_until)

    def has_passed(self, moment: datetime) -> bool:
        """Whether a moment lies behind the expiry as it stands then; nothing expires while frozen."""
        day = local_day(moment, self.zone)
        last = self.on(day)
        return last is not None and not self.is_frozen(day) and moment >= expires_at(last, self.zone)

    @property
    def valid_until(self) -> datetime | None:
        """The moment from which it has passed, for every moment from the first day of the freeze on; None: never.

        Read tables keep it, so that a query asks `valid_until <= now` and knows no calendar.
        """
        if self.expires_on is None:
            return None
        last = self.expires_on
        if self.frozen_on is not None and self.frozen_until is not None:
            last = max(self.frozen_until, extended(last, self.frozen_on, self.frozen_until))
        return expires_at(last, self.zone)
