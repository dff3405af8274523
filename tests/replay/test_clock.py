"""The books say the same whether or not the clock recorded what was due."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from api.server.clock.tick import tick
from domain.package.facts import PackageExpired, ReminderDue
from replay.all_packages import PackagesThen, packages_then
from replay.as_of import asked
from replay.reports.liability import liability
from replay.reports.movements import Clock, closing_of, lines, movements, period_of
from tests.replay.conftest import BUSINESS, FIRST, ZONE, World, live, open_business

DAYS = 60
OF_THE_CLOCK = ("lapse_recorded", "reminder_of", "reminder_lead", "reminder_due_at", "reminder_sent_at")
FOR_THE_CLOCK = ("version", "lapses_at", "reminded_lead")


class Ticking(World):
    """Books in which the clock ticks on some days, before anything else happens on them."""

    def __init__(self, folder: Path, ticks: frozenset[int]) -> None:
        super().__init__(folder)
        self._ticks = ticks
        self._day = -1

    def on(self, day: int) -> World:
        for passed in range(self._day + 1, day + 1):
            super().on(passed)
            if passed in self._ticks:
                done = list(tick(self.carnet, self.reads, [BUSINESS]))
                assert not [each for each in done if each.error]
        self._day = max(day, self._day)
        return super().on(day)


@contextmanager
def lived(ticks: frozenset[int] = frozenset()) -> Iterator[World]:
    with TemporaryDirectory(prefix="carnet-clock-") as folder:
        world = Ticking(Path(folder), ticks)
        open_business(world)
        live(world)
        world.on(DAYS)
        yield world
        world.views.close()
        world.carnet.close()


def told(world: World) -> Iterator[Any]:
    """Liability, movements with their lines, and all cards, on both clocks and every tenth day."""
    for days in range(5, DAYS, 15):
        on = FIRST + timedelta(days=days)
        for clock in get_args(Clock):
            yield from _moved(world, clock, on)
        for past in (asked(ZONE, as_of=on), asked(ZONE, effective_as_of=on)):
            books = packages_then(world.ledger.recorder, past, world.now)
            report = liability(books, "EUR", ZONE)
            report.position = 0
            yield report
            yield sorted(_cards(books), key=str)


def _moved(world: World, clock: Clock, on: date) -> Iterator[Any]:
    books = packages_then(world.ledger.recorder, closing_of(ZONE, clock, on), world.now)
    period = period_of(ZONE, clock, FIRST + timedelta(days=5))
    sums = movements(books, period)
    yield (sums.opening, sums.changes, sums.closing)
    yield [(line.package_id, line.moment, line.cause, line.change) for line in lines(books, period)]


def _cards(books: PackagesThen) -> Iterator[tuple[Any, ...]]:
    for packages in books.by_customer():
        for package in packages:
            hidden = (*OF_THE_CLOCK, *FOR_THE_CLOCK, "position")
            yield package.status, {n: v for n, v in package.card.items() if n not in hidden}


def without_the_clock() -> list[Any]:
    with lived() as world:
        return list(told(world))


ALONE = without_the_clock()


@settings(max_examples=8, deadline=None)
@given(st.frozensets(st.integers(0, DAYS), min_size=1))
def test_every_report_and_card_is_the_same_whether_or_not_the_clock_ticked(ticks: frozenset[int]) -> None:
    with lived(ticks) as world:
        assert list(told(world)) == ALONE


def test_a_clock_that_ticks_every_day_records_each_expiry_and_reminder_once() -> None:
    with lived(frozenset(range(DAYS + 1))) as world:
        facts = [(fact.stream_id, fact.name) for fact in world.ledger.recorder.facts(limit=1_000)]
        found = [each for each in facts if each[1] in (PackageExpired.stored_name, ReminderDue.stored_name)]
    expired = {id for id, name in found if name == PackageExpired.stored_name}
    assert expired == {"pkg_corrected", "pkg_thawed", "pkg_back", "pkg_over", "pkg_late"}
    assert len([each for each in found if each[1] == PackageExpired.stored_name]) == len(expired)


def test_a_clock_that_comes_late_records_all_expiries_and_reminds_of_what_is_still_to_come() -> None:
    with lived(frozenset({DAYS})) as world:
        names = [fact.name for fact in world.ledger.recorder.facts(limit=1_000)]
    assert names.count(PackageExpired.stored_name) == 5
    assert names.count(ReminderDue.stored_name) == 1
