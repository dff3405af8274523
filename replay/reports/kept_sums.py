"""The sums of days of a business, kept and brought on: only customers whose packages grew are folded again.

    kept = KeptSums(zone, Keeping(find, grown))
    report = kept.liability(books, "EUR")      # None: this question needs a fold of everything
    row = kept.stored(recorder)                # to be found by the next process

An answer equals that of the report that folds every package (`liability`, `movements`, `sales`). Customers who were
merged, and those with a package that cannot be told by days, are in no sum: their packages are folded for each
question. The sums are made when they are first asked for, which reads the whole ledger, or brought on from a row that
is found then and believed (`kept_form.py`). Nothing is stored here.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Lock
from typing import cast

from domain.ledger.contract import LedgerRecorder
from domain.ledger.reading import reading
from domain.ledger.records import FactFilter
from domain.ledger.report_sums import StoredSums
from domain.moments import MILLISECOND
from domain.package.fact_parts import PackageOpened
from domain.package.facts import FACTS
from projections.models.versions import SUMS_OF_DAYS
from replay.all_packages import PackagesThen
from replay.as_of import EARLIEST, PRESENT
from replay.merged import MergedStreams, merges_at
from replay.reports.day_sums import (
    CAUSE_AT,
    OF_CUSTOMER,
    OF_CUSTOMER_AT,
    SOLD_AT,
    Amounts,
    ClockSums,
    DaySums,
    NotByDays,
)
from replay.reports.entries import recorded_facts
from replay.reports.kept_days import KeptDays, differences, from_bytes, to_bytes
from replay.reports.kept_form import Keeping, Kind
from replay.reports.liability import FIGURES, Liability, add_figures, liability
from replay.reports.movements import CAUSES, Cause, Clock, Movements, Owed, Period, movements
from replay.reports.sales import Sales, sales

OPENINGS = tuple(fact.stored_name for fact in FACTS if issubclass(fact, PackageOpened))
"""The first fact of a package is one of these."""
STREAMS_PER_READ = 200
GROWN_MAX = 20_000
"""Packages that are folded again. Where more have grown, all are."""


@dataclass(frozen=True, slots=True)
class _End:
    """Where a question ends, on one clock."""

    clock: Clock
    day: int | None
    """Its ordinal; None: with everything there is."""
    judged_at: datetime


@dataclass
class KeptSums:
    """Of one business. Threads may share it: one of them brings it on, the others wait."""

    zone: str
    keeping: Keeping = field(default_factory=Keeping)
    position: int = 0
    """The position of the ledger that the sums are true for; 0: there are none."""
    found_at: int = 0
    """The position of those that were kept, with which these began; 0: all packages were folded."""
    merged: MergedStreams = field(default_factory=MergedStreams)
    _sums: DaySums = field(init=False)
    _apart: frozenset[str] = frozenset()
    """Customers who are in no sum."""
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self._sums = DaySums(self.zone)

    # Answers

    def liability(self, books: PackagesThen, currency: str) -> Liability | None:
        """Raises UnreadableFact, LedgerUnavailable."""
        end = self._end(books, "recorded" if books.past.effective_before is None else "effective")
        if end is None:
            return None
        with self._lock:
            apart = self._brought_on(books)
            if self._is_ahead(end):
                return None
            amounts = self._upto(end)
        report = liability(apart, currency, self.zone)
        add_figures(report, FIGURES, amounts[: len(FIGURES)])
        add_figures(report, OF_CUSTOMER, amounts[OF_CUSTOMER_AT:])
        return report

    def movements(self, books: PackagesThen, period: Period) -> Movements | None:
        """Raises UnreadableFact, LedgerUnavailable."""
        end = self._end(books, period.clock)
        if end is None:
            return None
        with self._lock:
            apart = self._brought_on(books)
            if self._is_ahead(end):
                return None
            closing, opening = self._upto(end), self._before(period)
        report = movements(apart, period)
        for cause in CAUSES:
            begun, whole = _owed(opening, cause), _owed(closing, cause)
            report.opening += begun
            report.changes[cause] += whole - begun
            report.closing += whole
        return report

    def sales(self, books: PackagesThen, period: Period) -> Sales | None:
        """Raises UnreadableFact, LedgerUnavailable."""
        end = self._end(books, period.clock)
        if end is None:
            return None
        with self._lock:
            apart = self._brought_on(books)
            sums = self._sums.clocks[period.clock]
            rates = sums.rates_upto(end.day)
            sold = self._upto(end)[SOLD_AT] - self._before(period)[SOLD_AT]
            if period.start is not None:
                rates.add_all(sums.rates_upto(self._day_before(period.start)), -1)
        return sales(apart, period, rates, sold)

    def _end(self, books: PackagesThen, clock: Clock) -> _End | None:
        """None: the question is not one of whole days on one clock."""
        past = books.past
        if past.at_version is not None:
            return None
        ends = [end for end in (past.recorded_before, past.effective_before) if end is not None]
        if not ends or past.judged_at is None:
            # Until now. A question of what was known is one of two clocks.
            known = past.recorded_before is not None
            return None if known else _End(clock, None, books.moment)
        if len(ends) > 1:
            return None
        day = self._sums.local_days.of(books.moment)
        is_whole_day = ends[0] == self._sums.local_days.start(day + 1)
        return _End(clock, day, books.moment) if is_whole_day else None

    def _is_ahead(self, end: _End) -> bool:
        """Whether a fact was judged after an expiry that has not passed at the end: it is of days to come, or the clock
        was put back."""
        return end.day is None and self._sums.clocks[end.clock].passed > end.judged_at

    def _upto(self, end: _End) -> Amounts:
        return self._sums.clocks[end.clock].upto(end.day, end.judged_at)

    def _before(self, period: Period) -> Amounts:
        sums: ClockSums = self._sums.clocks[period.clock]
        if period.start is None:
            return sums.upto(0, EARLIEST)
        return sums.upto(self._day_before(period.start), period.start - MILLISECOND)

    def _day_before(self, start: datetime) -> int:
        return self._sums.local_days.of(start) - 1

    # The row that is kept

    def stored(self, recorder: LedgerRecorder) -> StoredSums | None:
        """The row for a process that begins later; None: there are no sums, or they are too large.

        Raises LedgerUnavailable.
        """
        with self._lock:
            if not self.position:
                return None
            merged = self.merged.upto(recorder, self.position)
            kept = KeptDays(self._sums, self._apart, merged)
            return DAYS.stored(recorder, self.zone, self.position, kept)

    def begin(self, recorder: LedgerRecorder) -> None:
        """Look for the sums that are kept before anything else is asked. Raises LedgerUnavailable."""
        with self._lock:
            if not self.position:
                self._has_found(recorder)

    def _has_found(self, recorder: LedgerRecorder) -> bool:
        """Begin with the sums that are kept, where they are believed and have come farther."""
        row = self.keeping.find()
        if row is None or row.position <= self.position:
            return False
        kept = DAYS.believed(recorder, self.zone, row)
        if kept is None:
            return False
        self.merged.begin(kept.merged, row.position)
        self._sums, self._apart = kept.sums, kept.apart
        self.position = self.found_at = row.position
        return True

    # The sums

    def _brought_on(self, books: PackagesThen) -> PackagesThen:
        """Bring the sums to the head of the ledger; the packages that are in none of them, then."""
        recorder = books.recorder
        head = max(recorder.head().position, self.position)
        if head > self.position:
            self._bring_to(recorder, head, books.moment)
            head = self.position
            self.keeping.grown()
        position = head if books.past.recorded_before is None else books.position
        merges = books.merges
        if position != books.position:
            merges = merges_at(recorder, books.past, position, self.merged)
        return replace(books, position=position, merges=merges, only=self._apart)

    def _bring_to(self, recorder: LedgerRecorder, head: int, now: datetime) -> None:
        """To `head`, or to where sums that were found have come already."""
        grown = self._grown(recorder, head)
        if grown is None and self._has_found(recorder):
            if self.position >= head:
                return
            grown = self._grown(recorder, head)
        merged = merges_at(recorder, PRESENT, head, self.merged).ever
        if grown is None:
            sums = DaySums(self.zone)
            apart = self._added(sums, PackagesThen(recorder, PRESENT, head, now), merged)
            self._sums, self._apart, self.position = sums, merged | apart, head
            return
        grown |= merged - self._apart
        before, after = DaySums(self.zone), DaySums(self.zone)
        was = PackagesThen(recorder, PRESENT, self.position, now, only=frozenset(grown - self._apart))
        is_ = PackagesThen(recorder, PRESENT, head, now, only=frozenset(grown - merged))
        for packages in was.by_customer():
            before.add_customer(packages)
        apart = merged | (self._apart - grown) | self._added(after, is_)
        # Nothing fails from here on: the sums are those of one position or of the other.
        self._sums.add(before, -1)
        self._sums.add(after, 1)
        self._apart, self.position = apart, head

    def _added(self, sums: DaySums, books: PackagesThen, without: Collection[str] = ()) -> frozenset[str]:
        """Add the packages of every customer; returns those customers whose packages cannot be told by days."""
        apart: set[str] = set()
        for packages in books.by_customer():
            customer_id = packages[0].customer_id
            if customer_id in without:
                continue
            try:
                sums.add_customer(packages)
            except NotByDays:
                apart.add(customer_id)
        return frozenset(apart)

    def _grown(self, recorder: LedgerRecorder, head: int) -> set[str] | None:
        """The customers whose packages have facts after the position of the sums; None: all are to be folded, as there
        are no sums, or so many have grown."""
        if not self.position:
            return None
        streams: set[str] = set()
        for recorded in recorded_facts(recorder, self.position, head, FACTS):
            streams.add(recorded.stream_id)
            if len(streams) > GROWN_MAX:
                return None
        return set(self._owners(recorder, sorted(streams), head))

    @staticmethod
    def _owners(recorder: LedgerRecorder, streams: Sequence[str], head: int) -> Iterator[str]:
        for first in range(0, len(streams), STREAMS_PER_READ):
            openings = FactFilter(names=OPENINGS, streams=tuple(streams[first : first + STREAMS_PER_READ]))
            for stored in recorder.chosen_facts(openings, 0, head, STREAMS_PER_READ):
                yield cast(PackageOpened, reading(stored).fact).customer_id


def _owed(amounts: Amounts, cause: Cause) -> Owed:
    at = CAUSE_AT[cause]
    return Owed(amounts[at], amounts[at + 1])


def _made(recorder: LedgerRecorder, zone: str, position: int) -> KeptDays:
    sums = KeptSums(zone)
    sums._bring_to(recorder, position, EARLIEST)
    return KeptDays(sums._sums, sums._apart, sums.merged.upto(recorder, position))


DAYS = Kind("days", SUMS_OF_DAYS, to_bytes, from_bytes, _made, differences)
"""The sums of days, as they are kept."""
