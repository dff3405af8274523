"""Corrections and reasons, answered from sums that a process keeps and brings on.

    kept = KeptReasons(zone, Keeping(find, grown))
    report = kept.reasons(books, period)

An answer equals that of the walks through all facts of the period (`corrections`, `reasons`, `given_reasons`), which
answer where a fact of the ledger cannot be read: so one of another time is no harm. The first question reads the facts
that correct or may have a reason.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from heapq import merge
from itertools import islice
from operator import itemgetter
from typing import Any, ClassVar, NamedTuple

from domain.business.reasons import ReasonGroup
from domain.fact import Fact, UnreadableFact
from domain.ledger.contract import LedgerRecorder
from domain.ledger.reading import reading
from domain.moments import beyond, start_of
from replay.all_packages import PackagesThen
from replay.as_of import LATEST
from replay.reports.entries import EntriesPage, corrections, entry_of, page_of, recorded_period
from replay.reports.entry_pages import days_of, facts_at, page, upto
from replay.reports.entry_sums import ANY_DAY, Amounts, Days
from replay.reports.kept_alone import KeptAlone, made_of
from replay.reports.kept_form import Kind
from replay.reports.movements import Period
from replay.reports.reason_sums import SUMS_OF_REASONS, WANTED, Part, ReasonSums
from replay.reports.reasons import (
    Code,
    GivenReason,
    Reasons,
    ReasonSum,
    Wanted,
    given_of,
    given_reasons,
    reasons,
    reasons_of,
)


class _Question(NamedTuple):
    recorded: Days
    effective: Days
    begun: int | None
    """The day of recording after them within which the question ends: of that day each fact is looked at."""


REASONS = Kind(
    "reasons",
    SUMS_OF_REASONS,
    ReasonSums.to_bytes,
    ReasonSums.of_bytes,
    made_of(ReasonSums, WANTED),
    ReasonSums.differences,
)


@dataclass
class KeptReasons(KeptAlone[ReasonSums]):
    """Of one business."""

    kind: ClassVar[Kind[Any]] = REASONS
    wanted: ClassVar[Sequence[type[Fact]]] = WANTED

    def _empty(self) -> ReasonSums:
        return ReasonSums(self.zone)

    def corrections(
        self, recorder: LedgerRecorder, first: date, last: date | None, after: int, at_most: int
    ) -> EntriesPage:
        """Corrections recorded on these days (None: to now): their sums, and the first ones above the position `after`.

        Raises UnreadableFact, LedgerUnavailable.
        """
        days = days_of(first, last)
        try:
            with self._lock:
                head = self._brought_on(recorder)
                parts = [part for _, part in self.sums.chosen(lambda given: given.corrects)]
                amounts = Amounts()
                for part in parts:
                    amounts = amounts.plus(part.sums.of(days, Days()))
                begins, _ = self.sums.positions(days)
            last_position = upto(recorder, last, self.zone, head)
            found = _positions(parts, max(after, begins), last_position, Days())
            entries = [entry_of(reading(each)) for each in facts_at(recorder, list(islice(found, at_most)))]
        except UnreadableFact:
            end = None if last is None else beyond(last, self.zone)
            period = recorded_period(recorder, start_of(first, self.zone), end)
            return page_of(corrections(recorder, period), period.last, after, at_most)
        return page(last_position, amounts, entries)

    def reasons(self, books: PackagesThen, period: Period, group: ReasonGroup | None = None) -> Reasons:
        """The sums of a period that ends with the moment of `books`. Raises UnreadableFact, LedgerUnavailable."""
        asked = self._asked(books, period)
        if asked is None:
            return reasons(books, period, group)
        try:
            with self._lock:
                head = self._brought_on(books.recorder)
                rows = self._summed(asked, Wanted(group), books.position)
        except UnreadableFact:
            return reasons(books, period, group)
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
        with self._lock:
            self._brought_on(books.recorder)
            chosen = self.sums.chosen(lambda given: wanted.holds(given.group, given.code))
            begins, _ = self.sums.positions(Days(asked.recorded.first))
        parts = [part for _, part in chosen]
        found = _positions(parts, max(after, begins), books.position, asked.effective)
        stored = facts_at(books.recorder, list(islice(found, at_most)))
        return [given for each in stored if (given := given_of(reading(each))) is not None]

    def _asked(self, books: PackagesThen, period: Period) -> _Question | None:
        """None: a clock of effect begins or ends within a day."""
        days, past = self.sums.days, books.past
        first = 0 if period.start is None else days.of(period.start)
        if period.start is not None and not days.is_start(period.start):
            return None
        known, begun = ANY_DAY, None
        if past.recorded_before is not None:
            behind = days.of(past.recorded_before)
            known, begun = behind - 1, None if days.is_start(past.recorded_before) else behind
        if period.clock == "recorded":
            begun = None if begun is None or begun < first else begun
            return _Question(Days(first, known), Days(), begun)
        before, last = past.effective_before, ANY_DAY
        if before is not None and before != LATEST:
            if not days.is_start(before):
                return None
            last = days.of(before) - 1
        return _Question(Days(0, known), Days(first, last), begun)

    def _summed(self, asked: _Question, wanted: Wanted, last: int) -> dict[Code, ReasonSum]:
        """`last`: the last position of a question that ends within a day."""
        rows: dict[Code, ReasonSum] = {}
        found: dict[Code, list[tuple[str | None, Part]]] = {}
        for given, part in self.sums.chosen(lambda given: wanted.holds(given.group, given.code)):
            amounts = part.sums.of(asked.recorded, asked.effective)
            if asked.begun is not None:
                begins, _ = self.sums.positions(Days(asked.begun))
                amounts = amounts.plus(part.places.sums(begins, last, asked.effective))
            if not amounts.facts:
                continue
            assert given.group is not None, "only groups are wanted"
            code = given.group, given.code
            row = rows.setdefault(code, ReasonSum(given.group, given.code, None))
            row.facts, row.units = row.facts + amounts.facts, row.units + amounts.units
            row.value, row.refunded = row.value + amounts.value, row.refunded + amounts.amount
            found.setdefault(code, []).append((given.text, part))
        after, ends = self.sums.positions(asked.recorded)
        for code, texts in found.items():
            rows[code].text = _latest(texts, after, ends if asked.begun is None else last, asked.effective)
        return rows


def _latest(texts: Sequence[tuple[str | None, Part]], after: int, last: int, effective: Days) -> str | None:
    """The text that a code had in the latest of the facts that are asked for."""
    if len(texts) == 1:
        return texts[0][0]
    places = [(part.places.last(after, last, effective), text) for text, part in texts]
    return max(places, key=itemgetter(0))[1]


def _positions(parts: Sequence[Part], after: int, last: int, effective: Days) -> Iterator[int]:
    """In order, of several kinds together."""
    return merge(*(part.places.between(after, last, effective) for part in parts))
