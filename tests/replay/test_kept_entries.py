"""Kept entries answer as the walks through all facts: drawn facts, in drawn periods, on both clocks and every store."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import count, islice
from pathlib import Path
from random import Random
from typing import Any, get_args

import pytest
from msgspec import MsgspecError

from domain.actor import Actor, Role
from domain.booking.facts import BookingConfirmed
from domain.business.reasons import REASON_GROUPS, CodedReason, ReasonedFact
from domain.fact import Fact, UnreadableFact
from domain.fact_registry import FACTS
from domain.ledger.carnet import Carnet
from domain.ledger.contract import LedgerRecorder
from domain.ledger.embedded import sqlite
from domain.ledger.envelope import NewFact, StoredFact
from domain.ledger.errors import LedgerUnavailable
from domain.ledger.mapper import Meta, store
from domain.ledger.records import Append, Stored
from domain.ledger.report_sums import StoredSums
from domain.moments import MILLISECOND, beyond, local_day, start_of
from domain.package.commands import CorrectLine
from replay.all_packages import PackagesThen, packages_then
from replay.as_of import Past
from replay.reports.entries import (
    MOVING,
    corrections,
    late_entries,
    page_of,
    recorded_period,
)
from replay.reports.entry_sums import Days
from replay.reports.kept_form import Keeping
from replay.reports.kept_late import KeptLate
from replay.reports.late_sums import SUMS_OF_LATE_ENTRIES, LateSums
from replay.reports.local_days import LocalDays
from replay.reports.movements import Clock, closing_of, period_of
from replay.reports.reason_sums import SUMS_OF_REASONS, WANTED, ReasonSums
from replay.reports.reasons import Wanted, given_reasons, reasons
from tests.domain.test_facts import GOLDEN
from tests.replay.conftest import BUSINESS, FIRST, ZONE, World
from tests.replay.kept_entries import KeptEntries
from tests.strategies import HARD_ZONES

KINDS: tuple[type[Fact], ...] = (*dict.fromkeys((*MOVING, *WANTED)), BookingConfirmed)
"""Every fact that is in a sum, and one that is in none."""
META = Meta(actor=Actor(id="stf_ann", role=Role.OWNER)).to_bytes()
SYSTEM = Meta(actor=Actor(id="system", role=Role.OWNER, via="system")).to_bytes()
REASONS = (
    None,
    CodedReason(code="twice", text="Entered twice"),
    CodedReason(code="twice", text="Double entry"),
    CodedReason(code="unhappy", text="A complaint"),
)
HOURS = timedelta(hours=1)
FACTS_MAX = 120
AFTER_ALL = date(2027, 6, 3).toordinal()
"""The day on which golden facts are recorded: all of them took effect before."""
CLOCKS: tuple[Clock, ...] = get_args(Clock)


@cache
def golden(kind: type[Fact]) -> Fact:
    """A fact with every field."""
    name, version = kind.stored_name, kind.stored_version
    return FACTS.read(name, version, (GOLDEN / f"{name}.v{version}.json").read_bytes())


class Books:
    """A ledger that grows by drawn facts, of which some are entered late."""

    def __init__(self, carnet: Carnet, clock: list[datetime], zone: str) -> None:
        self.draw, self.zone, self.clock = Random(zone), zone, clock
        self.now = clock[0] = datetime(
            2026, 10, 20, 9, tzinfo=UTC
        )  # the clocks of many zones change within days
        self.first = local_day(self.now, zone)
        carnet.store.open_ledger(BUSINESS)
        self.recorder: LedgerRecorder = carnet.ledger(BUSINESS).recorder
        self.numbers = count()

    def grow(self, facts: int) -> None:
        for _ in range(facts):
            self._go_on()
            fact = self._drawn(golden(self.draw.choice(KINDS)))
            kind = fact.stored_name.partition(".")[0]
            new = store(kind, f"str_{next(self.numbers)}", 1, fact, self.draw.choice((META, META, SYSTEM)))
            (outcome,) = self.recorder.append([Append((new,), {})])
            assert isinstance(outcome, Stored)

    def _go_on(self) -> None:
        """To a moment that may be the first or the last of a day."""
        days = self.draw.choice((0, 0, 0, 0, 1, 1, 3))
        edge = start_of(local_day(self.now, self.zone) + timedelta(days=days), self.zone)
        moment = self.draw.choice(
            (self.now, self.now + self.draw.random() * 9 * HOURS, edge, edge - MILLISECOND)
        )
        self.now = self.clock[0] = max(self.now, moment)

    def _drawn(self, template: Fact) -> Fact:
        """The template with moment and reason of its own."""
        changed: dict[str, Any] = {}
        if "effective_at" in type(template).model_fields:
            back = self.draw.choice((0, 0, 1, 2, 5, -1))
            edge = start_of(local_day(self.now, self.zone) - timedelta(days=back), self.zone)
            moments = (self.now, self.now - back * 24 * HOURS, edge, edge - MILLISECOND)
            moment = self.draw.choice(moments)
            changed["effective_at"] = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        if isinstance(template, ReasonedFact):
            changed["reason_code"] = self.draw.choice(REASONS)
        return template.model_copy(update=changed)

    def day(self) -> date:
        """One of the books, or beside them."""
        last = local_day(self.now, self.zone)
        return self.first + timedelta(days=self.draw.randrange(-3, (last - self.first).days + 3))

    def compare(self, kept: KeptEntries) -> None:
        self._compare_entries(kept)
        for clock in CLOCKS:
            self._compare_reasons(kept, clock)

    def _compare_entries(self, kept: KeptEntries) -> None:
        first, last = sorted((self.day(), self.day()))
        for end in (last, None):
            beyond_end = None if end is None else beyond(end, self.zone)
            period = recorded_period(self.recorder, start_of(first, self.zone), beyond_end)
            for walk, ask in (
                (late_entries, kept.late.late_entries),
                (corrections, kept.reasons.corrections),
            ):
                after, at_most = (
                    self.draw.choice((0, 0, self.draw.randrange(FACTS_MAX))),
                    self.draw.choice((3, 500)),
                )
                found = ask(self.recorder, first, end, after, at_most)
                told = page_of(walk(self.recorder, period), period.last, after, at_most)
                assert vars(found) == vars(told)

    def _compare_reasons(self, kept: KeptEntries, clock: Clock) -> None:
        first, last, known = self.day(), self.day(), self.day()
        within = start_of(known, self.zone) + self.draw.randrange(30) * HOURS
        asked = [(None, None), (first, None), (None, last), (first, max(first, last))]
        for start, end in asked:
            for as_of in (None, known, within) if clock == "effective" else (None,):
                past = closing_of(self.zone, clock, end, as_of)
                self._compare_period(kept, packages_then(self.recorder, past, self.now), start, clock)
        if clock == "recorded":
            past = Past(recorded_before=within, judged_at=within)
            self._compare_period(kept, packages_then(self.recorder, past, self.now), first, clock)

    def _compare_period(
        self, kept: KeptEntries, books: PackagesThen, start: date | None, clock: Clock
    ) -> None:
        period = period_of(self.zone, clock, start)
        group = self.draw.choice((None, None, *REASON_GROUPS))
        assert kept.reasons.reasons(books, period, group) == reasons(books, period, group)
        code = self.draw.choice((None, None, "twice", "none"))
        wanted = Wanted(group, code, without_code=code is None and self.draw.random() < 0.5)
        after, at_most = self.draw.choice((0, self.draw.randrange(FACTS_MAX))), self.draw.choice((3, 500))
        found = kept.reasons.given_reasons(books, period, wanted, after, at_most)
        told = list(islice(given_reasons(books, period, wanted, after), at_most))
        assert [vars(each) for each in found] == [vars(each) for each in told]


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of each kind."""
    if request.param == "memory":
        return "memory://"
    if request.param == "sqlite":
        sqlite.migrate(tmp_path / "ledger.db")
        return f"sqlite:///{tmp_path / 'ledger.db'}"
    found: str = request.getfixturevalue("postgres_url")
    return found


@pytest.mark.parametrize("zone", ["Europe/Budapest", "Africa/Cairo", "Australia/Lord_Howe"])
def test_kept_entries_are_those_of_walks_while_the_books_grow(url: str, zone: str) -> None:
    clock = [datetime(2026, 10, 20, tzinfo=UTC)]
    with closing(Carnet(url, clock=lambda: clock[0])) as carnet:
        books, kept = Books(carnet, clock, zone), KeptEntries(zone)
        for facts in (1, 40, 3, FACTS_MAX):
            books.grow(facts)
            for _ in range(3):
                books.compare(kept)
            kept = restarted(kept, books.recorder)
        books.compare(kept)
        anew = KeptEntries(zone)
        books.compare(anew)
        for sums, made in ((kept.late.sums, anew.late.sums), (kept.reasons.sums, anew.reasons.sums)):
            assert sums.to_bytes() == made.to_bytes()
        assert kept.late.position == kept.reasons.position == books.recorder.head().position


def restarted(kept: KeptEntries, recorder: LedgerRecorder) -> KeptEntries:
    """What another process begins with: the rows that this one keeps."""
    late, given, other = kept.late.stored(recorder), kept.reasons.stored(recorder), KeptEntries(kept.zone)
    other.late.keeping, other.reasons.keeping = Keeping(lambda: late), Keeping(lambda: given)
    other.late.begin(recorder)
    other.reasons.begin(recorder)
    assert other.late.found_at == other.late.position == kept.late.position > 0
    assert other.reasons.found_at == other.reasons.position == kept.reasons.position > 0
    return other


@pytest.mark.parametrize("kind", [LateSums, ReasonSums])
def test_bytes_that_do_not_fit_are_refused_and_differences_are_named(
    world: World, kind: type[LateSums | ReasonSums]
) -> None:
    world.on(0).sell("a", "ann", 5, 1_000, None)
    world.on(3).use("a", "late", day=FIRST + timedelta(days=1))
    world.do(CorrectLine(package_id="pkg_a", line=1, change=-1, reason=world.because()))
    kept = KeptEntries(ZONE)
    kept.late.late_entries(world.ledger.recorder, FIRST, None, 0, 1)
    kept.reasons.corrections(world.ledger.recorder, FIRST, None, 0, 1)
    sums = kept.late.sums if kind is LateSums else kept.reasons.sums
    data = sums.to_bytes()
    with pytest.raises(ValueError, match="other rules"):
        kind.of_bytes("Europe/London", data)
    for damaged in (data[:-1], data + b"x", b"", data.replace(b"\xc4\x04", b"\xc4\x03", 1)):
        with pytest.raises((ValueError, MsgspecError)):
            kind.of_bytes(ZONE, damaged)
    assert not list(differing(sums, kind.of_bytes(ZONE, data)))
    assert list(differing(sums, kind(ZONE)))


def test_what_is_summed_up_is_that_of_the_version() -> None:
    """Where a fact adds something else than before, give the sums another version, and write down what it adds. A new
    kind of fact is only written down."""
    told: dict[str, Any] = {"late entries": SUMS_OF_LATE_ENTRIES, "reasons": SUMS_OF_REASONS}
    for kind in KINDS:
        name, data = kind.stored_name, golden(kind).to_bytes()
        stored = StoredFact("", 1, "", "s", 1, name, kind.stored_version, data, META, 1_812_000_000_000, b"")
        late, given = LateSums("UTC"), ReasonSums("UTC")
        if kind in MOVING:
            late.bring_to(1, [stored])
        given.bring_to(1, [stored])
        told[name] = [list(late.of(Days(AFTER_ALL))) if late.sums.recorded else None] + [
            [*key, *part.sums.of(Days(), Days())] for key, part in given.parts.items()
        ]
    assert told == json.loads((Path(__file__).parent / "sums_of_entries.json").read_text())


def differing(ours: Any, theirs: Any) -> Iterator[str]:
    return ours.differences(theirs)  # type: ignore[no-any-return]


def test_a_fact_that_cannot_be_read_is_no_harm_to_periods_before_it(world: World) -> None:
    world.on(0).sell("a", "ann", 5, 1_000, None)
    world.on(3).use("a", "late", day=FIRST + timedelta(days=1))
    recorder, kept, third = world.ledger.recorder, KeptEntries(ZONE), FIRST + timedelta(days=3)
    world.on(5)
    newer = NewFact("package", "pkg_b", 1, "package.redeemed", 999, b'{"effective_at":1}', META)
    recorder.append([Append((newer,), {})])

    found = kept.late.late_entries(recorder, third, third, 0, 10)

    assert (found.facts, found.units, len(found.entries)) == (1, -1, 1)
    with pytest.raises(UnreadableFact):
        kept.late.late_entries(recorder, third, None, 0, 10)
    assert kept.reasons.corrections(recorder, third, third, 0, 10).facts == 0


def test_threads_that_ask_at_once_count_each_fact_once(world: World) -> None:
    world.on(0).sell("a", "ann", 50, 50_000, None)
    for n in range(20):
        world.on(3).use("a", f"late{n}", day=FIRST + timedelta(days=1))
    recorder, kept, third = world.ledger.recorder, KeptEntries(ZONE), FIRST + timedelta(days=3)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(kept.late.late_entries, recorder, third, None, 0, 10) for _ in range(40)]
        assert {answer.result().facts for answer in asked} == {20}


def test_sums_that_could_not_be_looked_for_at_first_are_found_by_the_next_question(world: World) -> None:
    world.on(0).sell("a", "ann", 5, 5_000, None)
    recorder, first, away = world.ledger.recorder, KeptLate(ZONE), [LedgerUnavailable("away")]
    first.late_entries(recorder, FIRST, None, 0, 10)
    row = first.stored(recorder)

    def find() -> StoredSums | None:
        if away:
            raise away.pop()
        return row

    later = KeptLate(ZONE, Keeping(find))
    with pytest.raises(LedgerUnavailable):
        later.begin(recorder)
    assert later.late_entries(recorder, FIRST, None, 0, 10) == first.late_entries(
        recorder, FIRST, None, 0, 10
    )
    assert row is not None
    assert later.found_at == row.position


@pytest.mark.parametrize("zone", HARD_ZONES)
def test_a_local_day_goes_from_its_start_to_that_of_the_next(zone: str) -> None:
    """Also where clocks went back over midnight (St. John's until 2011), or a day was left out (Apia, 2011)."""
    days, draw = LocalDays(zone), Random(zone)
    for _ in range(400):
        day = date(draw.choice((1970, 1995, 2006, 2011, 2026, 2199)), 1, 1) + timedelta(draw.randrange(365))
        start, end = start_of(day, zone), start_of(day + timedelta(days=1), zone)
        for moment in (start, start + (end - start) * draw.random(), end - MILLISECOND):
            assert start == end or days.of(moment) == day.toordinal()
        assert days.is_start(start)
        assert not days.is_start(start + MILLISECOND)
