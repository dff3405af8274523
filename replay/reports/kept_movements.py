"""The movements of a period one by one, found by places that a process keeps and brings on.

    kept = KeptMovements(zone, Keeping(find, grown))
    page = kept.lines(books, period, cause, after, at_most=51)

An answer equals that of the fold of all packages (`lines`), which answers where a fact of the ledger cannot be read,
and where the clock was put back. For a page only its packages are folded. The first question folds each package once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from operator import attrgetter
from typing import Any, ClassVar

from domain.decision import Reads
from domain.fact import UnreadableFact
from domain.fact_registry import FACTS as ALL_FACTS
from domain.ledger.contract import LedgerRecorder
from domain.ledger.envelope import StoredFact
from domain.ledger.mapper import Recorded
from domain.ledger.numbers import END
from domain.ledger.reading import reading
from domain.moments import to_milliseconds
from domain.package.facts import FACTS
from replay.all_packages import PackagesThen
from replay.as_of import LATEST
from replay.reports.entries import pages_of_facts
from replay.reports.entry_pages import facts_at
from replay.reports.kept_alone import KeptOfOne
from replay.reports.kept_form import Kind
from replay.reports.movement_sums import EVER, PLACES_OF_MOVEMENTS, MovementSums, Wanted
from replay.reports.movement_traces import NotTraced, Trace, Traced, traced
from replay.reports.movements import Cause, Movement, Period, Place, lines, lines_of

STREAMS_PER_READ = 200
FACTS_PER_READ = 5_000
GROWN_MAX = 20_000
"""Packages that are folded again. Where more have grown, all are."""
OTHERS = sorted({fact.stored_name for fact in ALL_FACTS} - {fact.stored_name for fact in FACTS})
"""The names of facts that are of no package."""


def made(recorder: LedgerRecorder, zone: str, position: int) -> MovementSums:
    """Of the facts up to a position. Raises UnreadableFact, LedgerUnavailable."""
    sums = MovementSums(zone)
    for facts in _packages(recorder, position):
        try:
            found = traced(facts, before=0)
        except NotTraced:
            sums.apart.add(facts[0].stream_id)
            continue
        sums.append(found.now)
        sums.ahead.add(found.ahead)
        sums.zones.add(found.zone)
    sums.sort()
    sums.position = position
    return sums


def _packages(recorder: LedgerRecorder, position: int) -> Iterator[Sequence[Recorded]]:
    for _, stream in groupby(_by_stream(recorder, position), key=lambda fact: fact.stream_id):
        yield [reading(fact) for fact in stream]


def _by_stream(recorder: LedgerRecorder, position: int) -> Iterator[StoredFact]:
    after = ("", 0)
    while page := recorder.by_stream(after, END, position, OTHERS, FACTS_PER_READ):
        yield from page
        after = (page[-1].stream_id, page[-1].version)


MOVEMENTS = Kind(
    "movements",
    PLACES_OF_MOVEMENTS,
    MovementSums.to_bytes,
    MovementSums.of_bytes,
    made,
    MovementSums.differences,
)


@dataclass
class KeptMovements(KeptOfOne[MovementSums]):
    """Of one business."""

    kind: ClassVar[Kind[Any]] = MOVEMENTS

    def _empty(self) -> MovementSums:
        return MovementSums(self.zone)

    def lines(
        self, books: PackagesThen, period: Period, cause: Cause | None, after: Place | None, at_most: int
    ) -> Sequence[Movement]:
        """The first movements of a period behind `after`. Raises UnreadableFact, LedgerUnavailable."""
        wanted = wanted_of(books, period, cause)
        try:
            with self._lock:
                self._brought_on(books.recorder)
                is_ahead = self.sums.is_ahead(wanted, of_the_past=books.past.recorded_before is not None)
                apart = sorted(self.sums.apart)
            if not is_ahead:
                found = self._found(_Page(books, period, cause), wanted, after, at_most)
                beside = [
                    line
                    for package in books.by_ids(apart)
                    for line in lines_of(package, period, cause, after)
                ]
                return sorted((*found, *beside), key=attrgetter("place"))[:at_most]
        except UnreadableFact:
            pass
        return lines(books, period, cause, after, at_most)

    def _found(self, page: "_Page", wanted: Wanted, after: Place | None, at_most: int) -> Sequence[Movement]:
        found: list[Movement] = []
        while missing := at_most - len(found):
            with self._lock:
                places = list(islice(self.sums.places(wanted, after), missing))
            found += page.lines(places)
            if len(places) < missing:
                break
            after = places[-1]
        return found

    # As the books grow

    def _grow(self, recorder: LedgerRecorder, head: int) -> None:
        grown = self._grown(recorder, head)
        if grown is None:
            self.sums = made(recorder, self.zone, head)
            return
        changes = [self._change(facts) for facts in _streams(recorder, sorted(grown), head)]
        # Nothing fails from here on: the places are those of one position or of the other.
        for before, found, id in changes:
            if found is None:
                self.sums.apart.add(id)
                self.sums.replace(before, Trace())
                continue
            self.sums.replace(before, found.now)
            self.sums.ahead.add(found.ahead)
            self.sums.zones.add(found.zone)
        self.sums.position = head

    def _change(self, facts: Sequence[Recorded]) -> tuple[Trace, Traced | None, str]:
        """What is here of a package, and what takes its place; None: it stands apart from now on."""
        id = facts[0].stream_id
        if id in self.sums.apart:
            return Trace(), None, id
        try:
            found = traced(facts, self.position)
        except NotTraced:
            before = [each for each in facts if each.position <= self.position]
            return traced(before, 0).now if before else Trace(), None, id
        return found.before, found, id

    def _grown(self, recorder: LedgerRecorder, head: int) -> set[str] | None:
        """The packages with facts after the position of the places; None: all are to be folded, as there are no places,
        or so many have grown."""
        if not self.position:
            return None
        streams: set[str] = set()
        for _, stored in pages_of_facts(recorder, self.position, head, FACTS):
            streams.update(each.stream_id for each in stored)
            if len(streams) > GROWN_MAX:
                return None
        return streams


def _streams(recorder: LedgerRecorder, ids: Sequence[str], head: int) -> Iterator[Sequence[Recorded]]:
    for first in range(0, len(ids), STREAMS_PER_READ):
        wanted = Reads(dict.fromkeys(ids[first : first + STREAMS_PER_READ], 0))
        for _, stream in groupby(recorder.load(wanted).facts, key=lambda fact: fact.stream_id):
            yield [reading(fact) for fact in stream if fact.position <= head]


def wanted_of(books: PackagesThen, period: Period, cause: Cause | None) -> Wanted:
    past, first = books.past, -EVER if period.start is None else to_milliseconds(period.start)
    last = EVER
    if period.clock == "recorded":
        if past.recorded_before is not None:
            last = to_milliseconds(past.recorded_before) - 1
    elif past.effective_before is not None and past.effective_before != LATEST:
        last = to_milliseconds(past.effective_before) - 1
    return Wanted(period.clock, cause, first, last, to_milliseconds(books.moment), books.position)


class _Page:
    """Folds packages of one question, each once."""

    def __init__(self, books: PackagesThen, period: Period, cause: Cause | None) -> None:
        self._books, self._period, self._cause = books, period, cause
        self._packages: dict[int, str] = {}
        """Position → the package whose fact it is."""
        self._folded: set[str] = set()
        self._lines: dict[Place, Movement] = {}

    def lines(self, places: Sequence[Place]) -> Iterator[Movement]:
        """Those at these places, without those that the question does not know."""
        positions = sorted({position for _, position, _ in places} - self._packages.keys())
        for stored in facts_at(self._books.recorder, positions):
            self._packages[stored.position] = stored.stream_id
        wanted = {self._packages[position] for _, position, _ in places} - self._folded
        self._folded |= wanted
        for package in self._books.by_ids(sorted(wanted)):
            for line in lines_of(package, self._period, self._cause):
                self._lines[line.place] = line
        return (self._lines[place] for place in places if place in self._lines)
