"""Sums of what was entered late, by days; and where the latest of it stands in the ledger.

A fact is late for a period that begins after the day of its effect and not after the day of its recording. One that was
recorded on the day of its effect is late for none. Each fact stands alone: it is added once, when the ledger has come
to it, and nothing is taken away.
"""

from collections.abc import Iterator, Sequence

from domain.ledger.envelope import StoredFact
from domain.ledger.reading import effective_moment, reading
from domain.moments import from_milliseconds, to_milliseconds
from replay.reports.entries import entry_of
from replay.reports.entry_sums import Amounts, Blocks, Days, FirstPositions, SumsByDays
from replay.reports.local_days import LocalDays


class LateSums:
    """Those of one business, by days in its zone. A quarter of a byte for each fact of the ledger, and 40 bytes for
    each pair of days that late facts have."""

    def __init__(self, zone: str) -> None:
        self.days = LocalDays(zone)
        self.position = 0
        """The position of the ledger that they are true for."""
        self.sums = SumsByDays()
        self.blocks = Blocks()
        self.firsts = FirstPositions()
        self._day, self._began, self._ends = 0, 0, 0
        """The last day of recording, and its two ends in milliseconds since 1970."""

    def bring_to(self, position: int, stored: Sequence[StoredFact]) -> None:
        """Add the facts of packages, and of money, up to a position. Raises UnreadableFact; then nothing was added."""
        for at, recorded, effective, amounts in list(self._late(stored)):
            self.sums.add(recorded, effective, amounts)
            self.blocks.add(at, effective)
            self.firsts.add(recorded, at)
        self.position = position

    def _late(self, stored: Sequence[StoredFact]) -> Iterator[tuple[int, int, int, Amounts]]:
        """Few are: the others are only asked for their moment."""
        for each in stored:
            moment = effective_moment(each)
            recorded = self._recorded_on(each.recorded_at)
            if moment is None or moment >= self.days.start(recorded):
                continue
            entry = entry_of(reading(each))
            amounts = Amounts(1, entry.units, entry.value, entry.amount or 0)
            yield each.position, recorded, self.days.of(moment), amounts

    def _recorded_on(self, milliseconds: int) -> int:
        if not self._began <= milliseconds < self._ends:
            self._day = self.days.of(from_milliseconds(milliseconds))
            self._began = to_milliseconds(self.days.start(self._day))
            self._ends = to_milliseconds(self.days.start(self._day + 1))
        return self._day

    def of(self, recorded: Days) -> Amounts:
        """Of what was recorded on these days, and took effect before the first of them."""
        return self.sums.of(recorded, Days(last=recorded.first - 1))

    def positions(self, recorded: Days, after: int, last: int) -> Iterator[range]:
        """Ranges of positions, `after` < position ≤ `last`. In each is a fact that took effect before the first of
        these days; it was recorded on that day or later."""
        first = self.firsts.before(recorded.first)
        if first is None:
            return iter(())
        return self.blocks.before(recorded.first, max(first, after), last)
