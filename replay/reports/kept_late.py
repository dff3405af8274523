"""Late entries, answered from sums that a process keeps and brings on.

    kept = KeptLate(zone, Keeping(find, grown))
    page = kept.late_entries(recorder, first, last, after=0, at_most=51)

An answer equals that of the walk through all facts of the period (`late_entries`), which answers where a fact of the
ledger cannot be read: so one of another time is no harm. The first question looks at the moment of every fact of a
package.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any, ClassVar

from domain.fact import Fact, UnreadableFact
from domain.ledger.contract import LedgerRecorder
from domain.ledger.reading import reading
from domain.moments import beyond, start_of
from replay.as_of import effective_at
from replay.reports.entries import (
    MOVING,
    EntriesPage,
    Entry,
    entry_of,
    late_entries,
    page_of,
    recorded_period,
)
from replay.reports.entry_pages import days_of, facts_at, page, upto
from replay.reports.entry_sums import BLOCK, Days
from replay.reports.kept_alone import KeptAlone, made_of
from replay.reports.kept_form import Kind
from replay.reports.late_sums import SUMS_OF_LATE_ENTRIES, LateSums

BLOCKS_FIRST, BLOCKS_MAX = 8, 1_000 // BLOCK
"""Blocks that are read together at first, and at most: nearly every page is in the first ones, or in many."""
MOVING_NAMES = tuple(fact.stored_name for fact in MOVING)


LATE = Kind(
    "late entries",
    SUMS_OF_LATE_ENTRIES,
    LateSums.to_bytes,
    LateSums.of_bytes,
    made_of(LateSums, MOVING),
    LateSums.differences,
)


@dataclass
class KeptLate(KeptAlone[LateSums]):
    """Of one business."""

    kind: ClassVar[Kind[Any]] = LATE
    wanted: ClassVar[Sequence[type[Fact]]] = MOVING

    def _empty(self) -> LateSums:
        return LateSums(self.zone)

    def late_entries(
        self, recorder: LedgerRecorder, first: date, last: date | None, after: int, at_most: int
    ) -> EntriesPage:
        """Facts recorded on these days (None: to now) that took effect before them: their sums, and the first ones
        above the position `after`. Raises UnreadableFact, LedgerUnavailable."""
        days = days_of(first, last)
        try:
            with self._lock:
                head = self._brought_on(recorder)
                amounts = self.sums.of(days)
            last_position = upto(recorder, last, self.zone, head)
            entries = list(islice(self._late(recorder, days, after, last_position), at_most))
        except UnreadableFact:
            end = None if last is None else beyond(last, self.zone)
            period = recorded_period(recorder, start_of(first, self.zone), end)
            return page_of(late_entries(recorder, period), period.last, after, at_most)
        return page(last_position, amounts, entries)

    def _late(self, recorder: LedgerRecorder, days: Days, after: int, last: int) -> Iterator[Entry]:
        blocks = self.sums.positions(days, after, last)
        began = self.sums.days.start(days.first)
        size = BLOCKS_FIRST
        while some := list(islice(blocks, size)):
            size = min(2 * size, BLOCKS_MAX)
            positions = [position for block in some for position in block]
            for stored in facts_at(recorder, positions, MOVING_NAMES):
                recorded = reading(stored)
                if effective_at(recorded) < began:
                    yield entry_of(recorded)
