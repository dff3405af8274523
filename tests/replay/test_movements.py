"""The roll-forward of a period begins and ends with the liability report, and every sum has its lines."""

from datetime import date, timedelta
from itertools import pairwise
from typing import get_args

import pytest

from domain.moments import local_day
from domain.package.commands import AdjustPrice
from domain.values import Money
from replay.all_packages import PackagesThen, packages_then
from replay.reports.liability import liability
from replay.reports.movements import (
    CAUSES,
    Cause,
    Clock,
    Movement,
    Owed,
    closing_of,
    lines,
    movements,
    period_of,
)
from tests.replay.conftest import FIRST, ZONE, Lived, World

CLOCKS: tuple[Clock, ...] = get_args(Clock)
NOTHING = Owed()


def closed(world: World, clock: Clock, on: date | None = None, known: date | None = None) -> PackagesThen:
    """The packages at the end of a period."""
    return packages_then(world.ledger.recorder, closing_of(ZONE, clock, on, known), world.now)


def owed(world: World, clock: Clock, on: date) -> Owed:
    report = liability(closed(world, clock, on), "EUR", ZONE)
    return Owed(report.units_valid, report.liability)


def moved(world: World, first: date, last: date, clock: Clock = "effective") -> dict[Cause, Owed]:
    """The causes that moved something."""
    told = movements(closed(world, clock, last), period_of(ZONE, clock, first))
    return {cause: change for cause, change in told.changes.items() if change != NOTHING}


@pytest.mark.parametrize("clock", CLOCKS)
def test_opening_and_all_changes_are_closing_on_every_day(lived: Lived, clock: Clock) -> None:
    world = lived.world.on(lived.days)
    days = [FIRST + timedelta(days=n) for n in range(-2, lived.days)]
    for before, on in pairwise(days):
        told = movements(closed(world, clock, on), period_of(ZONE, clock, on))
        assert (told.opening, told.closing) == (owed(world, clock, before), owed(world, clock, on))
        assert sum(told.changes.values(), told.opening) == told.closing
    everything = lines(closed(world, clock), period_of(ZONE, clock))
    assert {line.cause for line in everything} == set(CAUSES) - {"forfeited", "transferred", "imported"}


@pytest.mark.parametrize("clock", CLOCKS)
def test_every_sum_has_its_lines_with_the_positions_of_their_facts(lived: Lived, clock: Clock) -> None:
    world = lived.world.on(lived.days)
    books = closed(world, clock, FIRST + timedelta(days=50))
    period = period_of(ZONE, clock, FIRST + timedelta(days=5))
    told = movements(books, period)

    found = list(lines(books, period))

    for cause, change in told.changes.items():
        of_cause = [line for line in found if line.cause == cause]
        assert sum((line.change for line in of_cause), NOTHING) == change
        assert list(lines(books, period, cause)) == of_cause
    places = {line.place for line in found}
    assert [line.place for line in found] == sorted(places)
    for n, line in enumerate(found):
        assert list(lines(books, period, after=line.place)) == found[n + 1 :]
    for line in found:
        (fact,) = world.ledger.recorder.facts(after=line.position - 1, limit=1)
        assert fact.stream_id == line.package_id
    assert {name_of(world, line) for line in found if line.cause == "price"} == {"package.price_adjusted"}


def name_of(world: World, line: Movement) -> str:
    (fact,) = world.ledger.recorder.facts(after=line.position - 1, limit=1)
    return fact.name


def test_a_package_lapses_on_the_day_after_its_last(world: World) -> None:
    last = FIRST + timedelta(days=5)
    world.on(0).sell("a", "ann", 3, 100, last)
    world.on(30)
    assert moved(world, FIRST, last) == {"sold": Owed(3, 100)}
    after = last + timedelta(days=1)
    assert moved(world, after, after) == {"lapsed": Owed(-3, -100)}
    (line,) = lines(closed(world, "effective", after), period_of(ZONE, "effective", after))
    assert local_day(line.moment, ZONE) == after


def test_a_late_entry_counts_where_it_happened_or_where_it_was_recorded(world: World) -> None:
    world.on(0).sell("a", "ann", 4, 100, None)
    world.on(9).use("a", "late", day=FIRST + timedelta(days=2))
    world.on(20)
    early, late = (FIRST + timedelta(days=1), FIRST + timedelta(days=3)), (FIRST + timedelta(days=9),) * 2

    used = {"redeemed": Owed(-1, -25)}
    assert (moved(world, *early), moved(world, *late)) == (used, {})
    assert (moved(world, *early, "recorded"), moved(world, *late, "recorded")) == ({}, used)
    # What was not known yet moves nothing.
    known = closed(world, "effective", early[1], known=FIRST + timedelta(days=8))
    assert movements(known, period_of(ZONE, "effective", early[0])).changes["redeemed"] == NOTHING


def test_a_change_of_price_moves_the_value_alone(world: World) -> None:
    world.on(0).sell("a", "ann", 4, 100, None)
    price = Money(amount=140, currency="EUR")
    world.on(2).do(AdjustPrice(package_id="pkg_a", price=price, reason=world.because()))
    world.on(5)
    day = FIRST + timedelta(days=2)
    assert moved(world, day, day) == {"price": Owed(0, 40)}
