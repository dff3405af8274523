"""A read table is made anew beside the live one, which serves until the switch."""

from contextlib import suppress
from threading import Event, Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, update

from domain.fact import Fact
from domain.ledger.envelope import StoredFact
from domain.ledger.mapper import Recorded
from projections.engine import drop_old as drop_tables
from projections.engine.comparison import Difference
from projections.engine.definition import Projection, physical_table
from projections.engine.drop_old import drop_old
from projections.engine.filling import Limits
from projections.engine.rebuild import Rebuild, RebuildStopped, rebuild
from tests.projections.conftest import Open
from tests.projections.examples import (
    BUSINESS,
    OTHER,
    POISON,
    UNSTORABLE,
    Counted,
    Installation,
    Moved,
    Removed,
    a_fact,
    balances,
    decode,
    entries,
    folded,
    record,
    run_all,
    table_rows,
    tables,
    throw_away,
)

FACTS: list[Fact] = [
    Counted(item="a", change=2),
    Counted(item="b", change=1),
    Moved(origin="a", target="b"),
    Removed(item="a"),
    Counted(item="c", change=5),
]
SMALL = Limits(facts_per_page=2, rows_held=3, rows_per_write=2)


class Interrupted(Exception):
    """Ctrl-C, as the progress callback may raise it."""


@pytest.mark.parametrize("name", ["balances", "entries"])
@pytest.mark.parametrize("limits", [SMALL, None])
def test_a_rebuilt_table_equals_the_live_one_and_the_fold(
    here: Installation, name: str, limits: Limits | None
) -> None:
    record(here.store, *FACTS * 10)
    record(here.store, *FACTS, business_id=OTHER)
    run_all(here)
    projection = here.views.projections[name]
    before = table_rows(here.views, projection)

    making = Rebuild(here.store, here.views, projection, decode=decode, limits=limits)
    assert making.fill() == 55
    assert list(making.differences()) == []
    making.switch()

    assert table_rows(here.views, projection) == before == folded(here.store, projection)
    assert table_rows(here.views, projection, OTHER) == folded(here.store, projection, OTHER)


@given(st.lists(a_fact, max_size=40), st.integers(1, 9), st.integers(1, 9), st.integers(1, 9))
def test_any_limits_give_the_rows_of_the_fold(facts: list[Fact], page: int, held: int, write: int) -> None:
    with throw_away() as here:
        record(here.store, *facts)
        for projection in (here.balances, here.entries):
            making = rebuild_of(here, projection, limits=Limits(page, held, write))
            making.fill()
            making.switch()
            assert table_rows(here.views, projection) == folded(here.store, projection)


@pytest.mark.parametrize("name", ["balances", "entries"])
def test_interrupted_at_every_batch_boundary_it_goes_on_and_equals_the_fold(
    here: Installation, name: str
) -> None:
    record(here.store, *FACTS * 3)
    record(here.store, *FACTS, business_id=OTHER)
    run_all(here)
    projection = here.views.projections[name]
    seen: list[int] = []

    def interrupt(done: int, total: int) -> None:
        assert total == 20
        if done > max(seen, default=0):
            seen.append(done)
            raise Interrupted

    for _ in range(100):
        # A new object each time, as a new process would make.
        making = rebuild_of(here, projection, limits=SMALL)
        try:
            making.fill(interrupt)
            break
        except Interrupted:
            assert table_rows(here.views, projection) == folded(here.store, projection), "the old one serves"
    assert seen == sorted(seen)
    assert len(seen) >= 8
    making.switch()

    for business_id in (BUSINESS, OTHER):
        assert table_rows(here.views, projection, business_id) == folded(here.store, projection, business_id)


@pytest.mark.parametrize("statement", range(1, 40))
def test_a_statement_that_fails_loses_nothing(statement: int) -> None:
    with throw_away() as here:
        record(here.store, *FACTS * 3)
        run_all(here)
        left = statement

        def fail(*given: object) -> None:
            nonlocal left
            left -= 1
            if left == 0:
                raise Interrupted

        event.listen(here.views.engine, "before_cursor_execute", fail)
        with suppress(Interrupted):
            _rebuild_whole(here)
        event.remove(here.views.engine, "before_cursor_execute", fail)

        assert table_rows(here.views, here.balances) == folded(here.store, here.balances)
        _rebuild_whole(here)
        assert table_rows(here.views, here.balances) == folded(here.store, here.balances)


def _rebuild_whole(here: Installation) -> None:
    making = rebuild_of(here, here.balances, limits=SMALL)
    making.fill()
    making.switch()
    drop_old(here.views, here.balances)


def test_two_rebuilds_at_once_share_the_table(open_installation: Open) -> None:
    installations = [open_installation(), open_installation()]
    here = installations[0]
    for n in range(4):
        record(here.store, *FACTS * 4, business_id=f"biz_{n}")
    makings = [rebuild_of(each, each.balances, limits=SMALL) for each in installations]

    threads = [Thread(target=making.fill) for making in makings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    makings[0].fill()
    makings[0].switch()
    makings[1].switch()

    for n in range(4):
        assert table_rows(here.views, here.balances, f"biz_{n}") == folded(
            here.store, here.balances, f"biz_{n}"
        )


def test_who_begins_a_ledger_late_deletes_no_row_of_who_began_it_first(here: Installation) -> None:
    """Both had seen that nobody had begun."""
    record(here.store, *FACTS)
    making = rebuild_of(here, here.balances, limits=SMALL)
    making.fill()
    assert making._in_order(here.balances)._emptied(BUSINESS)
    making.switch()
    assert table_rows(here.views, here.balances) == folded(here.store, here.balances)


def test_the_old_table_is_dropped_unless_it_is_kept(here: Installation) -> None:
    record(here.store, *FACTS)
    run_all(here)

    done = rebuild(here.store, here.views, here.balances, decode=decode)
    assert (done.physical, done.facts, done.dropped) == ("balances_v1_shadow", 5, ["balances_v1"])
    assert tables(here.views) == {"balances_v1_shadow", "entries_v1"}

    kept = rebuild(here.store, here.views, here.balances, decode=decode, keep_old=True)
    assert (kept.physical, kept.dropped) == ("balances_v1", [])
    assert tables(here.views) == {"balances_v1_shadow", "balances_v1", "entries_v1"}

    assert drop_old(here.views, here.balances) == ["balances_v1_shadow"]
    assert table_rows(here.views, here.balances) == folded(here.store, here.balances)


def test_a_large_table_of_sqlite_is_emptied_before_it_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drop_tables, "DROPPED_MAX", 2)
    monkeypatch.setattr(drop_tables, "ROWS_PER_DELETION", 1)
    with throw_away() as here:
        for item in "abcd":
            record(here.store, Counted(item=item, change=1))
        run_all(here)
        deleted: list[int] = []

        def note(*given: Any) -> None:
            if given[2].startswith("DELETE FROM balances_v1 "):
                deleted.append(given[1].rowcount)

        event.listen(here.views.engine, "after_cursor_execute", note)
        done = rebuild(here.store, here.views, here.balances, decode=decode)
        event.remove(here.views.engine, "after_cursor_execute", note)
        assert (deleted, done.dropped) == ([1, 1], ["balances_v1"]), "until two are left"
        assert table_rows(here.views, here.balances) == folded(here.store, here.balances)


def test_a_kept_table_is_not_taken_for_an_interrupted_rebuild(here: Installation) -> None:
    record(here.store, *FACTS)
    run_all(here)
    rebuild(here.store, here.views, here.balances, decode=decode, keep_old=True)
    old = physical_table(here.balances.table, "balances_v1")
    with here.views.writing() as connection:
        connection.execute(update(old).values(balance=99))

    rebuild(here.store, here.views, here.balances, decode=decode)

    assert table_rows(here.views, here.balances) == folded(here.store, here.balances)


def test_restart_throws_away_what_an_interrupted_one_left(open_installation: Open) -> None:
    here = open_installation()
    record(here.store, *FACTS)
    run_all(here)
    making = rebuild_of(here, here.balances)
    making.fill()
    with here.views.writing() as connection:
        connection.execute(update(physical_table(here.balances.table, making.physical)).values(balance=99))

    rebuild(here.store, here.views, here.balances, decode=decode, restart=True)

    assert table_rows(here.views, here.balances) == folded(here.store, here.balances)


def test_a_new_version_is_built_while_the_old_one_serves(open_installation: Open) -> None:
    old = open_installation()
    record(old.store, *FACTS)
    run_all(old)
    new = open_installation(balances(version=2), entries())
    assert table_rows(old.views, old.balances) == folded(old.store, old.balances)

    rebuild(new.store, new.views, new.balances, decode=decode, keep_old=True)

    assert table_rows(new.views, new.balances) == folded(new.store, new.balances)
    assert table_rows(old.views, old.balances) == folded(old.store, old.balances)
    assert sorted(drop_old(new.views, new.balances)) == ["balances_v1", "balances_v2"]


def test_verifying_names_the_rows_that_differ(here: Installation) -> None:
    record(here.store, *FACTS)
    run_all(here)
    live = physical_table(here.balances.table, "balances_v1")
    right = folded(here.store, here.balances)
    with here.views.writing() as connection:
        connection.execute(update(live).where(live.c.item == "b").values(balance=99))
        connection.execute(live.delete().where(live.c.item == "c"))
        connection.execute(live.insert().values({**right["b",], "item": "x"}))
    found: list[Difference] = []

    done = rebuild(here.store, here.views, here.balances, decode=decode, differing=found.append)

    assert done.differences == 3
    assert {each.key: (each.live, each.rebuilt) for each in found} == {
        ("b",): ({**right["b",], "balance": 99}, right["b",]),
        ("c",): (None, right["c",]),
        ("x",): ({**right["b",], "item": "x"}, None),
    }
    assert table_rows(here.views, here.balances) == right


def test_verifying_compares_at_one_position_while_the_ledger_grows(here: Installation) -> None:
    record(here.store, *FACTS)
    run_all(here)
    making = rebuild_of(here, here.balances)
    making.fill()
    record(here.store, *FACTS)
    run_all(here)

    assert list(making.differences()) == []


@pytest.mark.parametrize("change", [POISON, UNSTORABLE])
def test_a_poison_fact_stops_a_rebuild_where_it_stops_the_live_table(
    open_installation: Open, change: int
) -> None:
    here = open_installation(balances(poisoned=True), entries())
    record(here.store, *FACTS, Counted(item="b", change=change), Counted(item="c", change=1))
    record(here.store, *FACTS, business_id=OTHER)
    run_all(here)
    before = table_rows(here.views, here.balances)

    rebuild(here.store, here.views, here.balances, decode=decode)

    assert table_rows(here.views, here.balances) == before
    assert table_rows(here.views, here.balances, OTHER) == folded(here.store, here.balances, OTHER)


def test_a_rebuild_that_stops_where_the_live_table_did_not_does_not_take_its_place(
    open_installation: Open,
) -> None:
    here = open_installation()
    record(here.store, *FACTS, Counted(item="b", change=POISON))
    run_all(here)
    before = table_rows(here.views, here.balances)
    sick = open_installation(balances(poisoned=True), entries())

    with pytest.raises(RebuildStopped, match="balances of biz_1 stops at position 6: ValueError: thirteen"):
        rebuild(sick.store, sick.views, sick.balances, decode=decode)

    assert table_rows(here.views, here.balances) == before


def test_readers_see_whole_tables_throughout_any_number_of_rebuilds(open_installation: Open) -> None:
    here, elsewhere = open_installation(), open_installation()
    record(here.store, *FACTS * 20)
    run_all(here)
    whole = folded(here.store, here.balances)
    done = Event()
    seen: list[object] = []

    def read() -> None:
        while not done.is_set():
            try:
                rows = table_rows(elsewhere.views, elsewhere.balances)
            except Exception as error:  # shown by the assertion below
                seen.append(error)
                return
            seen.append(rows == whole)

    readers = [Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for _ in range(5):
        rebuild(here.store, here.views, here.balances, decode=decode)
    done.set()
    for reader in readers:
        reader.join()

    assert set(seen) == {True}


def test_a_table_that_is_being_read_stays_until_it_is_read(open_installation: Open) -> None:
    here, reader = open_installation(lock_wait_s=0.05), open_installation()
    record(here.store, *FACTS)
    run_all(here)
    assert table_rows(reader.views, reader.balances) == folded(here.store, here.balances)

    with reader.views.snapshot(BUSINESS, ["balances"]) as snapshot:
        done = rebuild(here.store, here.views, here.balances, decode=decode)
        record(here.store, *FACTS)
        run_all(here)
        table = snapshot.tables["balances"]
        assert table.name == "balances_v1"
        assert len(snapshot.connection.execute(table.select()).all()) == 2
        assert snapshot.position == 5

    dropped = [*done.dropped, *drop_old(here.views, here.balances)]
    assert dropped == ["balances_v1"]
    assert table_rows(reader.views, reader.balances) == folded(here.store, here.balances)


def test_what_was_written_is_not_read_again(here: Installation) -> None:
    record(here.store, *FACTS * 10)
    read: list[int] = []

    def interrupt(done: int, total: int) -> None:
        if done >= 40:
            raise Interrupted

    def counted(stored: StoredFact) -> Recorded:
        read.append(stored.position)
        return decode(stored)

    with pytest.raises(Interrupted):
        rebuild_of(here, here.balances, SMALL).fill(interrupt)
    Rebuild(here.store, here.views, here.balances, decode=counted, limits=SMALL).fill()

    assert read == list(range(read[0], 51))
    assert read[0] > 30


def test_the_live_runner_goes_on_with_the_table_that_was_switched_to(here: Installation) -> None:
    record(here.store, *FACTS)
    runner = run_all(here)
    rebuild(here.store, here.views, here.balances, decode=decode)
    record(here.store, *FACTS)
    record(here.store, *FACTS, business_id=OTHER)

    while runner.step():
        pass

    for business_id in (BUSINESS, OTHER):
        assert table_rows(here.views, here.balances, business_id) == folded(
            here.store, here.balances, business_id
        )


def rebuild_of(here: Installation, projection: Projection, limits: Limits | None = None) -> Rebuild:
    return Rebuild(here.store, here.views, projection, decode=decode, limits=limits)
