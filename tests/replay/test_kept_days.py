"""A process answers from the sums of days that another one kept, wherever they fit; else it makes its own."""

import json
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from domain.fact_registry import FACTS
from domain.ledger.embedded.sqlite.schema import migrate
from domain.ledger.envelope import StoredFact
from domain.ledger.mapper import recorded
from domain.ledger.report_sums import StoredSums
from domain.package.fact_parts import PackageOpened
from domain.package.facts import FACTS as OF_PACKAGES
from domain.package.opening_facts import PackagePurchased
from projections.models.packages import card_of
from projections.models.versions import SUMS_OF_DAYS
from replay.all_packages import packages_then
from replay.as_of import EARLIEST, PRESENT
from replay.package import PackageThen
from replay.reports import kept_sums
from replay.reports.day_sums import DaySums
from replay.reports.kept_days import COLUMNS, KeptDays, from_bytes, to_bytes
from replay.reports.kept_form import PACKED_MAX, Keeping, Kind
from replay.reports.kept_proof import WrongSums, wrong_sums
from replay.reports.kept_sums import DAYS, KeptSums
from replay.reports.liability import liability
from tests.domain.ledger.test_reading import GOLDEN
from tests.kept_rows import lay
from tests.replay.conftest import BUSINESS, FIRST, ZONE, Lived, World, open_business
from tests.replay.drawn_books import Drawn
from tests.replay.test_kept_sums import compared

STEPS = 60


@pytest.fixture(params=["sqlite", "postgres"])
def stored_world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    if request.param == "sqlite":
        migrate(tmp_path / "carnet.db")
        made = World(tmp_path, f"sqlite:///{tmp_path / 'carnet.db'}")
    else:
        made = World(tmp_path, request.getfixturevalue("postgres_url"))
    with closing(made.views), closing(made.carnet):
        open_business(made)
        yield made


def process(world: World) -> KeptSums:
    """That of a process that starts now."""
    return KeptSums(ZONE, Keeping(lambda: row_of(world)))


def row_of(world: World) -> StoredSums | None:
    return world.carnet.store.report_sums.find(BUSINESS, DAYS.name)


def keep(world: World, sums: KeptSums) -> StoredSums:
    row = sums.stored(world.ledger.recorder)
    assert row is not None
    lay(world.carnet.store, row)
    return row


def ask(world: World, sums: KeptSums) -> None:
    """A report of now, as the fold tells it."""
    books = packages_then(world.ledger.recorder, PRESENT, world.now)
    assert vars(liability(books, "EUR", ZONE)) == vars(
        sums.liability(books, "EUR") or liability(books, "EUR", ZONE)
    )


def last_day(drawn: Drawn) -> date:
    return FIRST + timedelta(days=drawn.day)


@pytest.mark.parametrize("seed", range(2))
def test_a_process_answers_from_the_sums_of_another_while_the_books_grow(
    stored_world: World, seed: int
) -> None:
    drawn, begun = Drawn(stored_world, seed), 0
    for n in range(STEPS):
        drawn.grow()
        if n % 12 == 11:
            sums = process(stored_world)
            compared(stored_world, sums, *sorted((drawn.moment(), drawn.moment())))
            begun += sums.found_at > 0
            row = keep(stored_world, sums)
            assert to_bytes(sums_of(stored_world, sums)) == zlib.decompress(row.data)
            assert list(wrong_sums(stored_world.carnet.store.report_sums, stored_world.ledger.recorder)) == []
    assert begun == STEPS // 12 - 1
    sums = process(stored_world)
    compared(stored_world, sums, FIRST, last_day(drawn))
    assert sums.found_at == stored_world.ledger.recorder.head().position


def test_a_row_holds_no_text_but_ids_of_customers_and_of_the_form(world: World) -> None:
    drawn = Drawn(world, 1)
    for _ in range(2 * STEPS):
        drawn.grow()
    sums = process(world)
    ask(world, sums)
    found = msgspec.msgpack.decode(to_bytes(sums_of(world, sums)))
    told = set(texts(found)) - {*COLUMNS, *found[1].keys(), *found[1].values(), *found[2].keys()}
    assert told
    assert all(text.startswith("cus_") for text in told)


def texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from texts([*value.keys(), *value.values()])
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)


def sums_of(world: World, sums: KeptSums) -> KeptDays:
    found = DAYS.believed(world.ledger.recorder, ZONE, sums.stored(world.ledger.recorder))
    assert found is not None
    return found


# What is not believed

Change = Callable[[StoredSums], StoredSums]


def made_of(row: StoredSums, **changed: object) -> StoredSums:
    """A whole row with other columns."""
    columns = {name: getattr(row, name) for name in StoredSums.__slots__ if name != "digest"}
    return StoredSums.made(**(columns | changed))


def other_rules(row: StoredSums) -> StoredSums:
    return _packed_anew(row, lambda found: found[1].update({ZONE: "00000000"}))


def other_columns(row: StoredSums) -> StoredSums:
    return _packed_anew(row, lambda found: found[0].reverse())


def no_such_zone(row: StoredSums) -> StoredSums:
    return _packed_anew(row, lambda found: found[1].update({"Europe/Nowhere": "00000000"}))


def one_clock(row: StoredSums) -> StoredSums:
    return _packed_anew(row, lambda found: found[2].pop("recorded"))


def narrow_days(row: StoredSums) -> StoredSums:
    return _packed_anew(row, lambda found: found[2]["recorded"][0][0][1].pop())


def a_day_that_is_none(row: StoredSums) -> StoredSums:
    return _packed_anew(row, lambda found: found[2]["recorded"][0].append([10**9, [1] * len(COLUMNS)]))


def _packed_anew(row: StoredSums, change: Callable[[list[Any]], object]) -> StoredSums:
    found = msgspec.msgpack.decode(zlib.decompress(row.data))
    change(found)
    return made_of(row, data=zlib.compress(msgspec.msgpack.encode(found)))


WRONG: dict[str, Change] = {
    "a damaged byte": lambda row: replace(
        row, data=row.data[:-9] + bytes([row.data[-9] ^ 1]) + row.data[-8:]
    ),
    "a changed position": lambda row: replace(row, position=row.position - 1),
    "an older version": lambda row: made_of(row, version="0.1"),
    "a newer version": lambda row: made_of(row, version="99.99"),
    "another zone": lambda row: made_of(row, zone="UTC"),
    "another kind": lambda row: made_of(row, name="weeks"),
    "another business": lambda row: made_of(row, business_id="biz_2"),
    "another hash": lambda row: made_of(row, hash=bytes(32)),
    "a fact that is not there": lambda row: made_of(row, position=row.position + 1_000),
    "no position": lambda row: made_of(row, position=0),
    "data that is cut off": lambda row: made_of(row, data=row.data[:-20]),
    "data of something else": lambda row: made_of(row, data=b"something else"),
    "no data": lambda row: made_of(row, data=b""),
    "other rules of its zone": other_rules,
    "a zone that is unknown": no_such_zone,
    "other columns": other_columns,
    "one clock": one_clock,
    "a day with fewer figures": narrow_days,
    "a day that is none": a_day_that_is_none,
}


@pytest.mark.parametrize("what", WRONG)
def test_a_row_that_does_not_fit_is_not_believed_and_the_sums_are_made_anew(lived: Lived, what: str) -> None:
    world = lived.world
    sums = process(world)
    ask(world, sums)
    row = keep(world, sums)
    assert DAYS.believed(world.ledger.recorder, ZONE, row) is not None

    wrong = WRONG[what](row)
    assert wrong != row
    assert DAYS.believed(world.ledger.recorder, ZONE, wrong) is None

    next_process = KeptSums(ZONE, Keeping(lambda: wrong))
    ask(world, next_process)
    assert next_process.found_at == 0
    assert next_process.stored(world.ledger.recorder) == row


def test_sums_of_a_ledger_that_went_another_way_since_are_not_believed(
    stored_world: World, tmp_path: Path
) -> None:
    """As after a backup was restored, and the row was not."""
    (tmp_path / "other").mkdir()
    other = World(tmp_path / "other")
    open_business(other)
    for n, world in enumerate((stored_world, other)):
        world.sell("one", "ann", 3 + n, 1000, None)
    sums = process(other)
    ask(other, sums)
    lay(stored_world.carnet.store, keep(other, sums))
    here = process(stored_world)
    ask(stored_world, here)
    assert here.found_at == 0
    other.views.close()


# Other kinds of sums


def test_another_kind_is_kept_in_a_row_of_its_own(lived: Lived) -> None:
    recorder = lived.world.ledger.recorder
    texts = Kind("texts", "1", str.encode, lambda _, data: data.decode(), lambda *_: "", lambda *_: iter(()))
    row = texts.stored(recorder, ZONE, 5, "a text")
    assert row is not None
    assert (row.name, row.position, row.hash) == ("texts", 5, recorder.facts(4, 1)[0].hash)
    assert texts.believed(recorder, ZONE, row) == "a text"
    assert DAYS.believed(recorder, ZONE, row) is None
    not_utf_8 = made_of(row, data=zlib.compress(b"\xff"))
    assert texts.believed(recorder, ZONE, not_utf_8) is None
    large = Random(1).randbytes(PACKED_MAX).hex()
    assert texts.stored(recorder, ZONE, 5, large) is None, "it would take more room than a row may"


# Several processes


def test_of_two_processes_either_may_keep_its_sums_last(stored_world: World) -> None:
    drawn = Drawn(stored_world, 3)
    early, late = process(stored_world), process(stored_world)
    for sums in (early, late):
        for _ in range(STEPS // 2):
            drawn.grow()
        ask(stored_world, sums)
    first, last = (sums.stored(stored_world.ledger.recorder) for sums in (early, late))
    assert first is not None
    assert last is not None
    assert first.position < last.position
    for rows in ((first, last), (last, first)):
        for row in rows:
            lay(stored_world.carnet.store, row)
        third = process(stored_world)
        compared(stored_world, third, FIRST, last_day(drawn))
        assert third.found_at == rows[-1].position
        for sums in (early, late):
            compared(stored_world, sums, FIRST, last_day(drawn))


def test_a_process_that_is_far_behind_takes_the_sums_of_another(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_sums, "GROWN_MAX", 2)
    drawn = Drawn(world, 4)
    behind, other = process(world), process(world)
    for sums in (behind, other):
        for _ in range(STEPS // 2):
            drawn.grow()
        ask(world, sums)
    row = keep(world, other)
    drawn.world.sell("last", "ann", 3, 1000, None)
    compared(world, behind, FIRST, last_day(drawn))
    assert behind.found_at == row.position


def test_it_tells_whenever_it_has_come_to_another_position(lived: Lived) -> None:
    told: list[int] = []
    sums = KeptSums(ZONE, Keeping(grown=lambda: told.append(sums.position)))
    for _ in range(2):
        ask(lived.world, sums)
    first = lived.world.ledger.recorder.head().position
    assert told == [first]
    lived.world.sell("more", "ann", 1, 100, None)
    ask(lived.world, sums)
    assert told == [first, lived.world.ledger.recorder.head().position]


# Proof


def test_a_wrong_number_in_a_whole_row_is_named(lived: Lived) -> None:
    world = lived.world
    sums = process(world)
    ask(world, sums)
    row = keep(world, sums)
    kept = from_bytes(ZONE, to_bytes(sums_of(world, sums)))
    assert list(DAYS.differences(kept, sums_of(world, sums))) == []
    effective, recorded_ = kept.sums.clocks["effective"], kept.sums.clocks["recorded"]
    day, at = min(effective.days), min(recorded_.lapses)
    effective.days[day][0] += 1
    recorded_.lapses[at][1] += 1
    recorded_.rates[day].add_total(27, 100, 21)
    recorded_.passed = EARLIEST
    wrong = replace(kept, apart=kept.apart | {"cus_x"})

    told = [each.where for each in kept_wrong(world, row, wrong)]

    on = date.fromordinal(day).isoformat()
    assert told == [
        "customers who are in no sum",
        f"effective {on}",
        f"recorded {on}: rates of tax",
        f"recorded {at.isoformat()}: expiries",
        "recorded: the latest expiry that had passed",
    ]


def kept_wrong(world: World, row: StoredSums, wrong: KeptDays) -> list[WrongSums]:
    forged = DAYS.stored(world.ledger.recorder, ZONE, row.position, wrong)
    assert forged is not None
    lay(world.carnet.store, forged)
    return list(wrong_sums(world.carnet.store.report_sums, world.ledger.recorder))


# The version

LATER = sorted(
    fact.stored_name for fact in FACTS if fact in OF_PACKAGES and not issubclass(fact, PackageOpened)
)
KNOWN = json.loads((Path(__file__).parent / "sums_of_days.json").read_text())
"""What the present version makes of each golden fact."""


def golden(number: int, name: str, position: int) -> StoredFact:
    layout = next(fact.stored_version for fact in FACTS if fact.stored_name == name)
    data = (GOLDEN / f"{name}.v{layout}.json").read_bytes()
    meta = b'{"actor":{"id":"stf_1","role":"owner"}}'
    moment = 1_767_225_600_000 + position * 86_400_000
    return StoredFact(
        BUSINESS, position, "package", f"pkg_{number}", position, name, layout, data, meta, moment, b""
    )


def lives() -> dict[str, list[str]]:
    """Of a package for each way in which it opens, and for each fact that it can have later."""
    openings = sorted(fact.stored_name for fact in OF_PACKAGES if issubclass(fact, PackageOpened))
    return {name: [name] for name in openings} | {
        name: [PackagePurchased.stored_name, name, name] for name in LATER
    }


def made_of_life(names: list[str]) -> str:
    """The digest of its sums."""
    facts = [recorded(golden(1, name, position)) for position, name in enumerate(names, 1)]
    card, sums = card_of(facts), DaySums(ZONE)
    assert card is not None
    sums.add_customer([PackageThen(facts, card, len(facts), facts[-1].recorded_at)])
    found = msgspec.msgpack.decode(to_bytes(KeptDays(sums)))
    found[1] = {}  # rules of the zone, which a newer tzdata changes
    return sha256(msgspec.msgpack.encode(found)).hexdigest()[:16]


def test_what_is_summed_up_changes_with_the_version_alone() -> None:
    """Where the sums of a fact have changed, raise `SUMS_OF_DAYS`, and put what the new version makes in the place of
    what the old one made. A new fact is a new line."""
    made = {name: made_of_life(names) for name, names in lives().items()}
    assert {"version": SUMS_OF_DAYS, "made": made} == KNOWN
    assert len(set(made.values())) > len(made) / 2, "they tell facts apart"
    assert DAYS.version == SUMS_OF_DAYS
