"""Single movements that are found by their places are those of a fold of every package: of drawn books, on both clocks,
of whatever was known when."""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import MsgspecError

from domain.actor import Actor, Role
from domain.fact import UnreadableFact
from domain.ledger.embedded import sqlite
from domain.ledger.envelope import NewFact
from domain.ledger.mapper import Meta
from domain.ledger.records import Append
from domain.package.commands import AddNote, FreezePackage, ReinstatePackage, SetExpiry
from replay.all_packages import packages_then
from replay.as_of import Past
from replay.reports.kept_form import Keeping
from replay.reports.kept_movements import KeptMovements, wanted_of
from replay.reports.movement_places import Places
from replay.reports.movement_sums import PLACES_OF_MOVEMENTS, MovementSums
from replay.reports.movements import CAUSES, Cause, Clock, Movement, closing_of, lines, period_of
from tests.replay.conftest import FIRST, ZONE, Lived, World, open_business
from tests.replay.drawn_books import Drawn

CLOCKS: tuple[Clock, ...] = get_args(Clock)
STEPS = 80
META = Meta(actor=Actor(id="stf_ann", role=Role.OWNER)).to_bytes()


def asked(
    world: World,
    kept: KeptMovements,
    clock: Clock,
    first: date | None = None,
    last: date | None = None,
    known: date | datetime | None = None,
    cause: Cause | None = None,
) -> Sequence[Movement]:
    """All movements of a period, as they are found by their places; and one by one they are those of the fold."""
    books = packages_then(world.ledger.recorder, closing_of(ZONE, clock, last, known), world.now)
    period = period_of(ZONE, clock, first)
    folded = lines(books, period, cause)
    assert kept.lines(books, period, cause, None, 10_000) == folded, (clock, first, last, known, cause)
    wanted = wanted_of(books, period, cause)
    if (
        kept.position
        and not kept.sums.apart
        and not kept.sums.is_ahead(wanted, of_the_past=known is not None)
    ):
        assert list(kept.sums.places(wanted, None)) == [line.place for line in folded], "and no others"
    for n in range(0, len(folded), 19):
        after = folded[n].place
        assert kept.lines(books, period, cause, after, 5) == folded[n + 1 : n + 6]
    return folded


def compared(drawn: Drawn, kept: KeptMovements) -> None:
    """Questions of every form, with drawn days."""
    world, draw = drawn.world, drawn.draw
    first, last = sorted((drawn.moment(), drawn.moment()))
    within = world.now - timedelta(hours=draw.randrange(24 * (drawn.day + 1)))
    for clock in CLOCKS:
        for start in (None, first):
            for end in (None, last):
                for known in (None, drawn.moment(), within) if clock == "effective" else (None,):
                    asked(world, kept, clock, start, end, known, draw.choice((None, None, *CAUSES)))
    past = Past(recorded_before=within, judged_at=within)
    books = packages_then(world.ledger.recorder, past, world.now)
    period = period_of(ZONE, "recorded")
    assert kept.lines(books, period, None, None, 10_000) == lines(books, period)


def restarted(world: World, kept: KeptMovements) -> KeptMovements:
    """What another process begins with."""
    row = kept.stored(world.ledger.recorder)
    other = KeptMovements(ZONE, Keeping(lambda: row))
    other.begin(world.ledger.recorder)
    assert other.found_at == other.position == kept.position > 0
    return other


def drawn_and_compared(world: World, seed: int) -> None:
    drawn, kept = Drawn(world, seed), KeptMovements(ZONE)
    for _ in range(STEPS):
        drawn.grow()
        if drawn.draw.random() < 0.08:
            compared(drawn, kept)
            kept = restarted(world, kept)
    compared(drawn, kept)
    anew = KeptMovements(ZONE)
    compared(drawn, anew)
    assert not list(kept.sums.differences(anew.sums))
    assert len(drawn.done) > 8


@pytest.mark.parametrize("seed", range(3))
def test_movements_are_those_of_a_fold_while_the_books_grow(world: World, seed: int) -> None:
    drawn_and_compared(world, seed)


@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_movements_are_those_of_a_fold_on_every_store(
    store: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    if store == "sqlite":
        sqlite.migrate(tmp_path / "ledger.db")
        url = f"sqlite:///{tmp_path / 'ledger.db'}"
    else:
        url = request.getfixturevalue("postgres_url")
    world = World(tmp_path, url)
    try:
        open_business(world)
        drawn_and_compared(world, 11)
    finally:
        world.views.close()
        world.carnet.close()


def test_every_day_of_packages_that_lived_through_everything(lived: Lived) -> None:
    world, kept = lived.world.on(lived.days), KeptMovements(ZONE)
    for n in range(-1, lived.days, 12):
        for clock in CLOCKS:
            asked(world, kept, clock, FIRST + timedelta(days=n), FIRST + timedelta(days=n + 9))
    for known in range(0, lived.days, 5):
        asked(world, kept, "effective", known=FIRST + timedelta(days=known))
        asked(world, kept, "effective", last=FIRST + timedelta(days=40), known=FIRST + timedelta(days=known))


def test_a_late_entry_ends_movements_and_begins_others_and_what_was_known_before_stays(world: World) -> None:
    kept = KeptMovements(ZONE)
    last = FIRST + timedelta(days=5)
    world.on(0).sell("a", "ann", 4, 100, last)
    world.on(3).use("a", "first")
    world.on(9)
    lapsed = asked(world, kept, "effective")[-1]
    assert (lapsed.cause, lapsed.change.units) == ("lapsed", -3)
    known = FIRST + timedelta(days=8)
    world.on(9).use("a", "late", day=FIRST + timedelta(days=1))
    back = FIRST + timedelta(days=30)
    world.do(ReinstatePackage(package_id="pkg_a", expires_on=back, reason=world.because()))
    world.on(10)

    now = asked(world, kept, "effective")
    assert [(line.cause, line.change.units) for line in now] == [
        ("sold", 4),
        ("redeemed", -1),
        ("redeemed", -1),
        ("lapsed", -2),
        ("revived", 2),
    ]
    assert [line.cause for line in asked(world, kept, "effective", known=known)] == [
        "sold",
        "redeemed",
        "lapsed",
    ]
    assert lapsed in asked(world, kept, "effective", last=FIRST + timedelta(days=8), known=known)


def test_a_late_use_of_all_that_was_left_ends_what_lapsed_and_was_revived(world: World) -> None:
    kept = KeptMovements(ZONE)
    world.on(0).sell("a", "ann", 2, 100, FIRST + timedelta(days=5))
    world.on(2).use("a", "first")
    back = FIRST + timedelta(days=30)
    world.on(9).do(ReinstatePackage(package_id="pkg_a", expires_on=back, reason=world.because()))
    known = FIRST + timedelta(days=10)
    before = ["sold", "redeemed", "lapsed", "revived"]
    assert [line.cause for line in asked(world, kept, "effective")] == before
    world.on(12).use("a", "late", day=FIRST + timedelta(days=3))

    for places in (kept, KeptMovements(ZONE)):
        now = asked(world, places, "effective")
        assert [line.cause for line in now] == ["sold", "redeemed", "redeemed"]
        assert [line.cause for line in asked(world, places, "effective", known=known)] == before


def test_an_expiry_that_was_to_pass_and_did_not_is_known_of_the_days_when_it_was(world: World) -> None:
    kept = KeptMovements(ZONE)
    world.on(0).sell("a", "ann", 2, 100, FIRST + timedelta(days=20))
    world.on(2).use("a", "one")
    world.on(4).use("a", "two")
    world.on(40)
    asked(world, kept, "effective")

    def lapsed(known: int) -> list[int]:
        found = asked(
            world,
            kept,
            "effective",
            last=FIRST + timedelta(days=30),
            known=FIRST + timedelta(days=known),
            cause="lapsed",
        )
        return [line.change.units for line in found]

    assert [lapsed(1), lapsed(3), lapsed(5), lapsed(39)] == [[-2], [-1], [], []]


def test_a_package_that_expired_before_its_freeze_stands_apart(world: World) -> None:
    kept = KeptMovements(ZONE)
    for name in ("a", "b", "c"):
        world.on(0).sell(name, "ann", 3, 100, FIRST + timedelta(days=30))
    asked(world, kept, "effective")
    until = FIRST + timedelta(days=20)
    world.on(12).do(FreezePackage(package_id="pkg_b", until=until, reason=world.because()))
    world.on(13)
    asked(world, kept, "effective")
    early = FIRST + timedelta(days=8)
    world.do(SetExpiry(package_id="pkg_b", expires_on=early, reason=world.because()))
    for day in (14, 21, 60):
        world.on(day)
        for clock in CLOCKS:
            asked(world, kept, clock)
            asked(world, kept, clock, first=FIRST + timedelta(days=9), last=FIRST + timedelta(days=12))
        assert kept.sums.apart == {"pkg_b"}
        kept = restarted(world, kept)
    asked(world, kept, "effective", known=FIRST + timedelta(days=12))
    assert not list(kept.sums.differences(folded(world)))


def folded(world: World) -> MovementSums:
    anew = KeptMovements(ZONE)
    asked(world, anew, "effective")
    return anew.sums


def test_where_the_clock_was_put_back_every_package_is_folded(world: World) -> None:
    kept = KeptMovements(ZONE)
    world.on(0).sell("a", "ann", 3, 100, FIRST + timedelta(days=5))
    world.on(0).sell("b", "ann", 3, 100, FIRST + timedelta(days=15))
    world.on(9).do(SetExpiry(package_id="pkg_b", expires_on=None, reason=world.because()))
    world.do(AddNote(package_id="pkg_a", note=world.because()))
    for day in (10, 4, 5, 6):
        world.on(day)
        for clock in CLOCKS:
            asked(world, kept, clock)
            asked(world, kept, clock, last=FIRST + timedelta(days=3))


def test_what_took_effect_after_it_was_recorded_is_told_as_the_fold_tells_it(world: World) -> None:
    kept = KeptMovements(ZONE)
    world.on(0).sell("a", "ann", 3, 100, FIRST + timedelta(days=5))
    world.on(2).use("a", "now")
    world.on(3)
    _, used = world.ledger.recorder.stream("pkg_a")
    told = json.loads(used.data) | {"effective_at": "2026-01-09T09:00:00Z", "redemption_id": "red_ahead"}
    told["units"] = [unit + 1 for unit in told["units"]]
    fact = NewFact("package", "pkg_a", 3, used.name, used.name_version, json.dumps(told).encode(), META)
    world.ledger.recorder.append([Append((fact,), {})])
    for day in (4, 8, 20):
        world.on(day)
        for known in (None, 2, 3, day):
            as_of = None if known is None else FIRST + timedelta(days=known)
            asked(world, kept, "effective", known=as_of if day != known else None)
            asked(world, kept, "effective", last=FIRST + timedelta(days=day - 1), known=as_of)
        asked(world, kept, "recorded")


def test_a_fact_that_cannot_be_read_is_no_harm_to_what_was_known_before_it(world: World) -> None:
    world.on(0).sell("a", "ann", 5, 1_000, None)
    world.on(3).use("a", "one")
    world.on(5)
    newer = NewFact("package", "pkg_a", 3, "package.redeemed", 999, b'{"effective_at":1}', META)
    world.ledger.recorder.append([Append((newer,), {})])
    world.on(7)
    kept = KeptMovements(ZONE)

    assert len(asked(world, kept, "recorded", last=FIRST + timedelta(days=3))) == 2
    books = packages_then(world.ledger.recorder, closing_of(ZONE, "recorded"), world.now)
    with pytest.raises(UnreadableFact):
        kept.lines(books, period_of(ZONE, "recorded"), None, None, 5)


def test_bytes_that_do_not_fit_are_refused_and_differences_are_named(lived: Lived) -> None:
    sums = folded(lived.world.on(lived.days))
    data = sums.to_bytes()
    assert not list(sums.differences(MovementSums.of_bytes(ZONE, data)))
    assert MovementSums.of_bytes(ZONE, data).to_bytes() == data
    for damaged in (data[:-1], data + b"x", b"", data.replace(b"\xc4\x08", b"\xc4\x07", 1)):
        with pytest.raises((ValueError, MsgspecError)):
            MovementSums.of_bytes(ZONE, damaged)
    named = list(sums.differences(MovementSums(ZONE)))
    assert {"movements: recorded, sold", "movements: plain, redeemed", "movements: known, expiry"} < {*named}


def test_what_is_kept_is_that_of_the_version(lived: Lived) -> None:
    """Where a movement has another place than before, or the bytes another form, give the places another version, and
    write down the digest that they have now."""
    sums = folded(lived.world.on(lived.days))
    parts = [sums.recorded, sums.plain, sums.known, sums.gone]
    told = b"".join(data for part in parts for places in part for data in places.to_bytes())
    assert (PLACES_OF_MOVEMENTS, sha256(told).hexdigest()[:16]) == ("1.8", "513e1d67ccbb11e4")


def test_threads_that_ask_at_once_are_answered_alike(world: World) -> None:
    kept = KeptMovements(ZONE)
    world.on(0).sell("a", "ann", 50, 50_000, None)
    for n in range(20):
        world.on(n).use("a", f"use{n}")
    books = packages_then(world.ledger.recorder, closing_of(ZONE, "effective"), world.now)
    period = period_of(ZONE, "effective")
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(kept.lines, books, period, None, None, 10) for _ in range(40)]
        assert {tuple(answer.result()) for answer in answers} == {tuple(lines(books, period, at_most=10))}


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(-(10**9), 10**9), st.integers(1, 40), st.integers(1, 9)), unique=True),
    st.data(),
)
def test_places_are_in_order_whether_they_came_together_or_one_by_one(
    told: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    drawn = [(moment, position, position + later) for moment, position, later in told]
    together, one_by_one = Places(1), Places(1)
    gone = data.draw(st.sets(st.sampled_from(drawn))) if drawn else set()
    for place in drawn:
        one_by_one.add(*place)
        if place not in gone:
            together.append(*place)
    together.sort()
    for place in gone:
        one_by_one.remove(*place)
    left = sorted(set(drawn) - gone)
    first = data.draw(st.tuples(st.integers(-(10**9), 10**9), st.integers(0, 40)))
    last, upto = data.draw(st.integers(-(10**9), 10**9)), data.draw(st.integers(0, 41))
    expected = sorted(each[:2] for each in left if first <= each[:2] and each[0] <= last and each[2] <= upto)
    again = Places.of_bytes(1, together.to_bytes())
    for places in (together, one_by_one, again):
        assert list(places.between(first, last, upto)) == expected
    assert together.to_bytes() == one_by_one.to_bytes() == again.to_bytes()
    with pytest.raises(ValueError, match="no movement"):
        together.remove(10**10, 1, 1)
