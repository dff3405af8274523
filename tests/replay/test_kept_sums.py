"""Kept sums answer as the reports that fold every package: in drawn books, at drawn moments, on both clocks."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from domain.catalogue.facts import OfferLine
from domain.moments import start_of
from domain.package.commands import (
    SellPackage,
)
from domain.values import Money
from projections.models.card_columns import owed_for
from projections.queries import watched
from replay.all_packages import PackagesThen, packages_then, place_of
from replay.as_of import PRESENT, asked
from replay.reports import watchlist
from replay.reports.kept_sums import KeptSums
from replay.reports.liability import liability
from replay.reports.movements import Clock, closing_of, movements, period_of
from replay.reports.sales import sales
from tests.replay.conftest import BUSINESS, FIRST, ZONE, Lived, World
from tests.replay.drawn_books import Drawn

STEPS = 100


def questions(world: World, first: date, last: date | None) -> Sequence[PackagesThen]:
    """The packages of a moment, on either clock and now."""
    pasts = (asked(ZONE), asked(ZONE, as_of=last), asked(ZONE, effective_as_of=last))
    return [packages_then(world.ledger.recorder, past, world.now) for past in pasts]


def compared(world: World, kept: KeptSums, first: date, last: date) -> None:
    """Every report, from the sums and from a fold of everything."""
    for books in questions(world, first, last):
        assert vars(kept.liability(books, "EUR")) == vars(liability(books, "EUR", ZONE))
    watched_alike(world, last)
    clocks: tuple[Clock, Clock] = ("effective", "recorded")
    for clock in clocks:
        for end in (last, None):
            books = packages_then(world.ledger.recorder, closing_of(ZONE, clock, end), world.now)
            for start in (first, None):
                period = period_of(ZONE, clock, start)
                assert kept.movements(books, period) == movements(books, period)
                assert kept.sales(books, period) == sales(books, period)


def watched_alike(world: World, last: date) -> None:
    """What is told of packages to watch now, from the cards of the lists and from a fold of everything."""
    books, ends = packages_then(world.ledger.recorder, PRESENT, world.now), last + timedelta(days=30)
    with world.reads.snapshot(BUSINESS, watched.READS, None) as snapshot:
        for found, folded in (
            (watched.outstanding(snapshot, BUSINESS), list(watchlist.outstanding(books))),
            (
                watched.expiring(snapshot, BUSINESS, last, ends, world.now),
                list(watchlist.expiring(books, last, ends)),
            ),
        ):
            assert [each.place for each in found] == sorted(map(place_of, folded))
            cards = {each.id: each.card for each in folded}
            assert [each.owing for each in found] == [owed_for(cards[each.package_id]) for each in found]
            assert list(watched.cards_at(snapshot, BUSINESS, found)) == [
                {**cards[each.package_id], "business_id": BUSINESS} for each in found
            ]


def test_days_are_those_of_the_reports_where_clocks_went_back_over_midnight(world: World) -> None:
    """At one minute past midnight in St. John's, so that it was the day before once more for most of an hour."""
    zone, kept = "America/St_Johns", KeptSums("America/St_Johns")
    midnight = start_of(date(2010, 11, 7), zone)
    for minutes in (-15, 0, 15, 75):
        world.do(
            SellPackage(
                package_id=f"pkg_{minutes % 100}",
                customer_id="cus_ann",
                name="Units",
                lines=(OfferLine(quantity=1, services=("svc_1",)),),
                price=Money(amount=1000, currency="EUR"),
                effective_at=midnight + timedelta(minutes=minutes),
            )
        )
    for day in (date(2010, 11, 6), date(2010, 11, 7)):
        books = packages_then(world.ledger.recorder, closing_of(zone, "effective", day), world.now)
        period = period_of(zone, "effective", day)
        assert kept.movements(books, period) == movements(books, period)
        assert kept.sales(books, period) == sales(books, period)


@pytest.mark.parametrize("seed", range(3))
def test_kept_sums_are_those_of_a_fold_while_the_books_grow(world: World, seed: int) -> None:
    drawn, kept = Drawn(world, seed), KeptSums(ZONE)
    for _ in range(STEPS):
        drawn.grow()
        if drawn.draw.random() < 0.06:
            compared(world, kept, *sorted((drawn.moment(), drawn.moment())))
    compared(world, kept, FIRST, FIRST + timedelta(days=drawn.day))
    compared(world, KeptSums(ZONE), FIRST, FIRST + timedelta(days=drawn.day))
    assert len(drawn.done) > 8


def test_every_day_of_packages_that_lived_through_everything(lived: Lived) -> None:
    world, kept = lived.world.on(lived.days), KeptSums(ZONE)
    for n in range(-1, lived.days, 12):
        compared(world, kept, FIRST + timedelta(days=n), FIRST + timedelta(days=n + 9))
