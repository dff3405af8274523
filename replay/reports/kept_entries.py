"""What was entered late, corrected or given a reason, answered from sums that a process keeps and brings on.

    kept = KeptEntries(zone)
    page = kept.late_entries(recorder, first, last, after=0, at_most=51)

An answer equals that of the walks through all facts of the period (`late_entries`, `corrections`, `reasons`,
`given_reasons`). Facts that stand alone are added once, as the ledger grows: nobody who is merged, erased or imported
later changes them. The rest of a day is walked through where a question ends within it. So is the whole period where a
fact of the ledger cannot be read, so that one of another time is no harm.

Nothing is stored. The first question reads the facts that it is about. Corrections and facts with a reason are few. For
late entries the moment of every fact of a package is looked at.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from heapq import merge
from itertools import islice
from threading import Lock
from typing import NamedTuple

from domain.business.reasons import ReasonGroup
from domain.fact import Fact, UnreadableFact
from domain.ledger.contract import LedgerRecorder
from domain.ledger.envelope import Head, StoredFact
from domain.ledger.reading import reading
from domain.ledger.records import FactFilter
from domain.moments import beyond, from_milliseconds, start_of
from replay.all_packages import PackagesThen
from replay.as_of import LATEST, effective_at, position_before
from replay.reports.entries import (
    MOVING,
    EntriesPage,
    Entry,
    corrections,
    entry_of,
    late_entries,
    page_of,
    pages_of_facts,
    recorded_period,
)
from replay.reports.entry_sums import ANY_DAY, BLOCK, Amounts, Days
from replay.reports.late_sums import LateSums
from replay.reports.movements import Period
from replay.reports.reason_sums import WANTED, Part, ReasonSums
from replay.reports.reasons import (
    Code,
    GivenReason,
    Reasons,
    ReasonSum,
    Wanted,
    add_given,
    given_of,
    given_reasons,
    reasons,
    reasons_of,
)

FACTS_PER_READ = 1_000
BLOCKS_PER_READ = FACTS_PER_READ // BLOCK
MOVING_NAMES = tuple(fact.stored_name for fact in MOVING)


class _Question(NamedTuple):
    recorded: Days
    effective: Days
    rest: datetime | None
    """What was recorded from here on, within a day, is in no sum of these days."""


@dataclass
class KeptEntries:
    """Of one business. Threads may share it: one of them brings its sums on, the others wait."""

    zone: str
    given: ReasonSums = field(init=False)
    late: LateSums = field(init=False)
    _given_lock: Lock = field(default_factory=Lock)
    _late_lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.given, self.late = ReasonSums(self.zone), LateSums(self.zone)

    # Late entries, and corrections

    def late_entries(
        self, recorder: LedgerRecorder, first: date, last: date | None, after: int, at_most: int
    ) -> EntriesPage:
        """Facts recorded on these days (None: to now) that took effect before them: their sums, and the first ones
        above the position `after`. Raises UnreadableFact, LedgerUnavailable."""
        days = _recorded_on(first, last)
        try:
            with self._late_lock:
                head = _brought_on(self.late, recorder, MOVING)
                amounts = self.late.of(days)
            upto = self._upto(recorder, last, head)
            entries = list(islice(self._late(recorder, days, after, upto), at_most))
        except UnreadableFact:
            period = recorded_period(recorder, start_of(first, self.zone), _end(last, self.zone))
            return page_of(late_entries(recorder, period), period.last, after, at_most)
        return _page(upto, amounts, entries)

    def _late(self, recorder: LedgerRecorder, days: Days, after: int, upto: int) -> Iterator[Entry]:
        blocks = self.late.positions(days, after, upto)
        began = self.late.days.start(days.first)
        while some := list(islice(blocks, BLOCKS_PER_READ)):
            positions = [position for block in some for position in block]
            for stored in _facts_at(recorder, positions, MOVING_NAMES):
                recorded = reading(stored)
                if effective_at(recorded) < began:
                    yield entry_of(recorded)

    def corrections(
        self, recorder: LedgerRecorder, first: date, last: date | None, after: int, at_most: int
    ) -> EntriesPage:
        """Corrections recorded on these days (None: to now): their sums, and the first ones above the position `after`.

        Raises UnreadableFact, LedgerUnavailable.
        """
        days = _recorded_on(first, last)
        try:
            with self._given_lock:
                head = _brought_on(self.given, recorder, WANTED)
                parts = [part for _, part in self.given.chosen(lambda given: given.corrects)]
                amounts = Amounts()
                for part in parts:
                    amounts = amounts.plus(part.sums.of(days, Days()))
                begins, _ = self.given.positions(days)
            upto = self._upto(recorder, last, head)
            found = _positions(parts, max(after, begins), upto, Days())
            entries = [entry_of(reading(each)) for each in _facts_at(recorder, list(islice(found, at_most)))]
        except UnreadableFact:
            period = recorded_period(recorder, start_of(first, self.zone), _end(last, self.zone))
            return page_of(corrections(recorder, period), period.last, after, at_most)
        return _page(upto, amounts, entries)

    def _upto(self, recorder: LedgerRecorder, last: date | None, head: Head) -> int:
        """The last position that was recorded by the end of a day."""
        end = _end(last, self.zone)
        if end is None or from_milliseconds(head.recorded_at) < end:
            return head.position
        return position_before(recorder, end, head.position)

    # Reasons

    def reasons(self, books: PackagesThen, period: Period, group: ReasonGroup | None = None) -> Reasons:
        """The sums of a period that ends with the moment of `books`. Raises UnreadableFact, LedgerUnavailable."""
        asked = self._asked(books, period)
        if asked is None:
            return reasons(books, period, group)
        try:
            with self._given_lock:
                head = _brought_on(self.given, books.recorder, WANTED)
                rows = self._summed(asked, Wanted(group))
        except UnreadableFact:
            return reasons(books, period, group)
        if asked.rest is not None:
            begins = position_before(books.recorder, asked.rest, books.position)
            add_given(rows, given_reasons(books, period, Wanted(group), begins))
        return reasons_of(head.position if books.past.recorded_before is None else books.position, rows)

    def given_reasons(
        self, books: PackagesThen, period: Period, wanted: Wanted, after: int, at_most: int
    ) -> Sequence[GivenReason]:
        """The first facts behind the sums above the position `after`. Raises UnreadableFact, LedgerUnavailable."""
        asked = self._asked(books, period)
        if asked is not None:
            try:
                return self._given(asked, books, wanted, after, at_most)
            except UnreadableFact:
                pass
        return list(islice(given_reasons(books, period, wanted, after), at_most))

    def _given(
        self, asked: _Question, books: PackagesThen, wanted: Wanted, after: int, at_most: int
    ) -> Sequence[GivenReason]:
        with self._given_lock:
            _brought_on(self.given, books.recorder, WANTED)
            chosen = self.given.chosen(lambda given: wanted.holds(given.group, given.code))
            begins, _ = self.given.positions(Days(asked.recorded.first))
        parts = [part for _, part in chosen]
        found = _positions(parts, max(after, begins), books.position, asked.effective)
        stored = _facts_at(books.recorder, list(islice(found, at_most)))
        return [given for each in stored if (given := given_of(reading(each))) is not None]

    def _asked(self, books: PackagesThen, period: Period) -> _Question | None:
        """None: a clock of effect begins or ends within a day."""
        days, past = self.given.days, books.past
        first = 0 if period.start is None else days.of(period.start)
        if period.start is not None and not days.is_start(period.start):
            return None
        known, rest = ANY_DAY, None
        if past.recorded_before is not None:
            behind = days.of(past.recorded_before)
            known, rest = behind - 1, days.start(behind)
            rest = None if rest == past.recorded_before else rest
        if period.clock == "recorded":
            return _Question(Days(first, known), Days(), rest)
        before, last = past.effective_before, ANY_DAY
        if before is not None and before != LATEST:
            if not days.is_start(before):
                return None
            last = days.of(before) - 1
        return _Question(Days(0, known), Days(first, last), rest)

    def _summed(self, asked: _Question, wanted: Wanted) -> dict[Code, ReasonSum]:
        rows: dict[Code, ReasonSum] = {}
        latest: dict[Code, int] = {}
        after, last = self.given.positions(asked.recorded)
        for given, part in self.given.chosen(lambda given: wanted.holds(given.group, given.code)):
            amounts = part.sums.of(asked.recorded, asked.effective)
            if not amounts.facts:
                continue
            assert given.group is not None
            code = given.group, given.code
            row = rows.setdefault(code, ReasonSum(given.group, given.code, None))
            row.facts, row.units = row.facts + amounts.facts, row.units + amounts.units
            row.value, row.refunded = row.value + amounts.value, row.refunded + amounts.amount
            if (position := part.places.last(after, last, asked.effective)) > latest.get(code, 0):
                latest[code], row.text = position, given.text
        return rows


def _brought_on(sums: ReasonSums | LateSums, recorder: LedgerRecorder, wanted: Sequence[type[Fact]]) -> Head:
    """Bring sums to the head of the ledger, some facts at a time; the head.

    Raises UnreadableFact, LedgerUnavailable.
    """
    head = recorder.head()
    for position, stored in pages_of_facts(recorder, sums.position, head.position, wanted):
        sums.bring_to(position, stored)
    return replace(
        head, position=max(head.position, sums.position)
    )  # a replica may lag behind what was read before


def _recorded_on(first: date, last: date | None) -> Days:
    return Days(first.toordinal(), ANY_DAY if last is None else last.toordinal())


def _end(last: date | None, zone: str) -> datetime | None:
    return None if last is None else beyond(last, zone)


def _positions(parts: Sequence[Part], after: int, last: int, effective: Days) -> Iterator[int]:
    """In order, of several kinds together."""
    return merge(*(part.places.between(after, last, effective) for part in parts))


def _facts_at(
    recorder: LedgerRecorder, positions: Sequence[int], names: tuple[str, ...] = ()
) -> Sequence[StoredFact]:
    """The facts at these positions, in order, but for those of other names."""
    if not positions:
        return ()
    wanted = FactFilter(names=names, positions=tuple(positions))
    return recorder.chosen_facts(wanted, positions[0] - 1, positions[-1], len(positions))


def _page(position: int, amounts: Amounts, entries: Sequence[Entry]) -> EntriesPage:
    return EntriesPage(position, amounts.facts, amounts.units, amounts.value, entries)
