"""The moment of a decision: the clock of this host, and never before what the ledger has recorded.

Two hosts never have quite the same clock. What one of them has just recorded is not in the future for the other: it
decides as of that moment. Over a limit apart one of the clocks is wrong, and nothing is decided.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.ledger.errors import ClockSkew
from domain.ledger.orders import Clock
from domain.ledger.records import Append, Conflict, Stored
from domain.moments import from_milliseconds, to_milliseconds, whole_milliseconds

APART = timedelta(minutes=5)
"""How far the clock of a host may be behind what the ledger has recorded."""


@dataclass
class HostClock:
    """The clock of this host, beside the last moment that each ledger is known to have recorded. For any thread."""

    read: Clock
    apart: timedelta = APART
    _recorded: dict[str, int] = field(default_factory=dict)
    """Business → moment, in ms since 1970."""
    _last: int = 0
    """The last of these moments."""

    def moment(self, business_id: str, recorded_at: int = 0) -> datetime:
        """The moment at which a command on this ledger is decided now. `recorded_at`: of its head, where that was read.

        Raises ClockSkew.
        """
        self.learn(business_id, recorded_at)
        return self._not_before(self._recorded[business_id])

    def check(self) -> None:
        """Raises ClockSkew where some ledger's commands could not be decided now."""
        self._not_before(self._last)

    def learn_from(
        self, business_id: str, batch: Iterable[Append], outcomes: Sequence[Stored | Conflict]
    ) -> None:
        """An append without facts leaves the ledger as it was."""
        for append, outcome in zip(batch, outcomes, strict=True):
            if append.facts and isinstance(outcome, Stored):
                self.learn(business_id, outcome.recorded_at)

    def learn(self, business_id: str, recorded_at: int) -> None:
        """The ledger has recorded at this moment, in ms since 1970."""
        self._recorded[business_id] = max(recorded_at, self._recorded.get(business_id, 0))
        self._last = max(recorded_at, self._last)

    def _not_before(self, recorded_at: int) -> datetime:
        now = whole_milliseconds(self.read())
        if to_milliseconds(now) >= recorded_at:
            return now
        recorded = from_milliseconds(recorded_at)
        if recorded - now > self.apart:
            raise ClockSkew(
                f"the clock of this machine is {recorded - now} behind what the ledger has recorded"
            )
        return recorded
