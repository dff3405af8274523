"""Tables that stand together share a checkpoint, and each table has its place in one row only."""

from collections import Counter
from contextlib import closing
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from domain.fact import Fact
from projections.engine import status
from projections.engine.checkpoints import CHECKPOINTS, PLACES, SHARED
from projections.engine.cohorts import Cohorts, set_apart
from projections.engine.definition import Projection
from projections.engine.drop_old import drop_old
from projections.engine.filling import Limits
from projections.engine.in_order import InOrder
from projections.engine.rebuild import Rebuild, rebuild
from projections.engine.runner import Runner
from projections.engine.sqlite_engine import HeldElsewhere
from projections.engine.tables import ReadTables
from projections.engine.watch import Watch
from tests.projections.conftest import Open
from tests.projections.examples import (
    BUSINESS,
    OTHER,
    POISON,
    Counted,
    Installation,
    Moved,
    Noticed,
    Removed,
    balances,
    decode,
    entries,
    folded,
    record,
    run_all,
    table_rows,
    throw_away,
)

FACTS: list[Fact] = [Counted(item="a", change=2), Counted(item="b", change=1), Moved(origin="a", target="b")]


def rows_of(views: ReadTables, business_id: str = BUSINESS) -> dict[str, int]:
    """The rows of checkpoints: table, or '' for the one that is shared → position."""
    own = CHECKPOINTS.c
    with views.reading() as connection:
        found = connection.execute(select(own.physical, own.position).where(own.business_id == business_id))
        return {row.physical: row.position for row in found}


def places(views: ReadTables, business_id: str = BUSINESS) -> dict[str, int]:
    """Table → where it stands. Fails where one stands in two rows."""
    with views.reading() as connection:
        found = connection.execute(select(PLACES).where(PLACES.c.business_id == business_id)).all()
    assert max(Counter(row.physical for row in found).values(), default=1) == 1
    return {row.physical: row.position for row in found}


def test_tables_that_go_together_have_one_row_for_a_business(here: Installation) -> None:
    for business_id in (BUSINESS, OTHER):
        record(here.store, *FACTS, business_id=business_id)

    run_all(here)

    for business_id in (BUSINESS, OTHER):
        assert rows_of(here.views, business_id) == {SHARED: 3}
        assert places(here.views, business_id) == {"balances_v1": 3, "entries_v1": 3}


def test_one_that_stops_has_a_row_of_its_own_and_comes_back(open_installation: Open) -> None:
    sick = open_installation(balances(poisoned=True), entries())
    record(sick.store, *FACTS, Counted(item="b", change=POISON), Noticed())
    record(sick.store, *FACTS, business_id=OTHER)
    run_all(sick)

    assert rows_of(sick.views) == {SHARED: 5, "balances_v1": 3}
    assert rows_of(sick.views, OTHER) == {SHARED: 3}
    assert {each.projection: (each.lag, each.stopped) for each in status.totals(sick.store, sick.views)} == {
        "balances": (2, 1),
        "entries": (0, 0),
    }
    lag = Watch(sick.store, sick.views).lag()
    assert (lag.facts, lag.stopped) == (2, 1)

    mended = open_installation()
    runner = Runner(mended.store, mended.views, decode=decode)
    assert runner.resume(mended.balances, BUSINESS)
    while runner.step():
        pass

    assert rows_of(mended.views) == {SHARED: 5}
    assert table_rows(mended.views, mended.balances) == folded(mended.store, mended.balances)


def test_a_page_before_the_fact_at_which_one_stops_is_taken_by_all(open_installation: Open) -> None:
    sick = open_installation(balances(poisoned=True), entries())
    record(sick.store, *FACTS)
    run_all(sick)
    record(sick.store, Counted(item="b", change=4), Counted(item="b", change=POISON))
    record(sick.store, *FACTS, business_id=OTHER)

    Runner(sick.store, sick.views, decode=decode).step()

    assert rows_of(sick.views) == {SHARED: 5, "balances_v1": 4}
    assert rows_of(sick.views, OTHER) == {SHARED: 3}
    assert table_rows(sick.views, sick.balances)["b",]["balance"] == 6


def test_the_table_of_another_release_stays_where_it_is_and_goes_on(open_installation: Open) -> None:
    old = open_installation()
    record(old.store, *FACTS)
    run_all(old)
    new = open_installation(balances(version=2), entries())
    record(old.store, *FACTS)

    run_all(new)
    assert places(new.views) == {"balances_v1": 3, "balances_v2": 6, "entries_v1": 6}

    record(old.store, Counted(item="c", change=1))
    run_all(old)
    assert places(old.views) == {"balances_v1": 7, "balances_v2": 6, "entries_v1": 7}
    run_all(new)
    run_all(old)

    assert set(places(new.views).values()) == {7}
    for each in (old, new):
        assert table_rows(each.views, each.balances) == folded(each.store, each.balances)


def test_a_table_that_was_dropped_and_made_again_begins_at_the_beginning(open_installation: Open) -> None:
    old = open_installation()
    for business_id in (BUSINESS, OTHER):
        record(old.store, *FACTS, business_id=business_id)
    run_all(old)
    new = open_installation(balances(version=2), entries())
    run_all(new)
    assert drop_old(new.views, new.balances) == ["balances_v1"]
    assert "balances_v1" not in places(new.views)

    again = open_installation()

    run_all(again)
    for business_id in (BUSINESS, OTHER):
        assert table_rows(again.views, again.balances, business_id) == folded(
            again.store, again.balances, business_id
        )


def test_a_table_made_anew_comes_to_the_others_with_the_next_fact(here: Installation) -> None:
    record(here.store, *FACTS)
    run_all(here)

    rebuild(here.store, here.views, here.balances, decode=decode, differing=lambda _: pytest.fail("differs"))
    assert places(here.views) == {"balances_v1_shadow": 3, "entries_v1": 3}

    record(here.store, Counted(item="a", change=1))
    run_all(here)
    assert rows_of(here.views) == {SHARED: 4}
    assert table_rows(here.views, here.balances) == folded(here.store, here.balances)


def test_to_compare_a_table_is_brought_up_apart_from_the_others(here: Installation) -> None:
    record(here.store, *FACTS)
    run_all(here)
    record(here.store, *FACTS)
    making = Rebuild(here.store, here.views, here.balances, decode=decode)
    making.fill()

    assert list(making.differences()) == []

    assert places(here.views) == {"balances_v1": 6, "balances_v1_shadow": 6, "entries_v1": 3}
    run_all(here)
    assert rows_of(here.views) == {SHARED: 6, "balances_v1_shadow": 6}
    assert table_rows(here.views, here.balances) == folded(here.store, here.balances)


def test_to_set_one_apart_moves_nothing(here: Installation) -> None:
    record(here.store, *FACTS)
    run_all(here)
    for _ in range(2):
        with here.views.writing() as connection:
            assert not set_apart(connection, "balances_v1", BUSINESS, 0)
    assert rows_of(here.views) == {SHARED: 3, "balances_v1": 3}
    with here.views.writing() as connection:
        assert set_apart(connection, "another_v1", OTHER, 0), "it had no place"
    assert places(here.views, OTHER) == {"another_v1": 0}
    record(here.store, *FACTS, business_id=OTHER)
    run_all(here)
    assert places(here.views, OTHER) == {"another_v1": 0, "balances_v1": 3, "entries_v1": 3}


def test_rows_of_before_there_were_cohorts_are_brought_together(here: Installation) -> None:
    record(here.store, *FACTS)
    run_all(here)
    with here.views.writing() as connection:
        for physical in ("balances_v1", "entries_v1"):
            set_apart(connection, physical, BUSINESS, 0)
        shared = CHECKPOINTS.c.physical == SHARED
        connection.execute(CHECKPOINTS.delete().where(shared))

    record(here.store, *FACTS)
    run_all(here)

    assert rows_of(here.views) == {SHARED: 6}
    assert table_rows(here.views, here.balances) == folded(here.store, here.balances)


def test_who_moves_what_was_moved_meanwhile_is_told(here: Installation) -> None:
    record(here.store, *FACTS)
    run_all(here)
    cohorts = Cohorts(list(here.views.projections.values()), "live", here.views.engine.dialect)
    with here.views.writing() as connection:
        held = cohorts.lock(connection, {BUSINESS}, 0)
        connection.execute(update(CHECKPOINTS).values(position=4))
        with pytest.raises(HeldElsewhere):
            cohorts.move(connection, {BUSINESS: (held[BUSINESS], 5)}, 0)
    assert rows_of(here.views) == {SHARED: 4}


@pytest.mark.parametrize("open_installation", ["postgres"], indirect=True)  # SQLite has one writer for all
def test_nobody_waits_while_tables_are_made(open_installation: Open) -> None:
    here, other = open_installation(), open_installation()
    record(here.store, *FACTS)
    runner = Runner(here.store, here.views, decode=decode)
    with other.views.altering():
        assert runner.catch_up(BUSINESS) is None
    assert runner.catch_up(BUSINESS) == 3


STEPS = ("record", "note", "old", "new", "sick", "rebuild", "apart", "drop")


@settings(max_examples=25)
@given(st.lists(st.sampled_from(STEPS), min_size=3, max_size=12))
def test_each_table_has_one_place_and_the_rows_up_to_it_whatever_happens(steps: list[str]) -> None:
    def of_release(*projections: Projection) -> Installation:
        views = ReadTables(here.views.where, projections)
        views.create(lambda: True)
        return Installation(here.store, views)

    with throw_away() as here:
        new, sick = of_release(balances(version=2), entries()), of_release(balances(poisoned=True), entries())
        with closing(new.views), closing(sick.views):
            for step in (*steps, "old", "new"):
                if step == "record":
                    record(here.store, Counted(item="a", change=1), Moved(origin="a", target="b"))
                elif step == "note":
                    record(here.store, Removed(item="b"), Counted(item="c", change=POISON))
                elif step in ("old", "new", "sick"):
                    run_all({"old": here, "new": new, "sick": sick}[step], facts_per_page=2)
                elif step == "rebuild":
                    rebuild(here.store, here.views, here.balances, decode=decode, differing=_none_differs)
                elif step == "apart":
                    with here.views.writing() as connection:
                        set_apart(connection, "entries_v1", BUSINESS, 0)
                else:
                    drop_old(new.views, new.balances)
                    here.views.create(lambda: True)
                places(here.views)
            stopped = Runner(here.store, here.views, decode=decode).resume(here.balances, BUSINESS)
            run_all(here)
            assert not stopped or "sick" in steps
            for each in (here, new):
                for projection in (each.balances, each.entries):
                    assert table_rows(each.views, projection) == folded(here.store, projection)
            head = here.store.ledger(BUSINESS).head().position
            standings = status.standings(here.store, here.views, BUSINESS)
            assert {each.checkpoint.position for each in standings} <= {head}


def _none_differs(difference: object) -> None:
    raise AssertionError(difference)


@pytest.mark.parametrize("begun", [False, True], ids=["before the other began", "in the middle"])
def test_a_careful_fill_goes_on_where_the_table_has_come_by_others(
    open_installation: Open, begun: bool
) -> None:
    """Another rebuild has made it the live one, and a runner took it into a cohort."""
    here, other = open_installation(), open_installation()
    record(here.store, *[Counted(item="a", change=1)] * 6)
    run_all(here)
    limits = Limits(facts_per_page=2)
    first = Rebuild(here.store, here.views, here.balances, decode=decode, limits=limits)
    second = Rebuild(other.store, other.views, other.balances, decode=decode)
    assert first.physical == second.physical
    careful = InOrder(here.store, here.views, here.balances, first.physical, decode, limits)
    pages = careful._fill_carefully(BUSINESS, 8)
    if begun:
        careful.begin(BUSINESS)
        next(pages)
    second.fill()
    second.switch()
    record(here.store, *[Counted(item="a", change=1)] * 2)
    run_all(other)
    assert len(list(islice(pages, 20))) < 20
    assert table_rows(here.views, here.balances) == folded(here.store, here.balances)


def test_a_table_whose_place_is_lost_begins_without_its_rows(open_installation: Open) -> None:
    """A restore in part leaves rows that no checkpoint speaks for, in the businesses where the table shared one."""
    sick = open_installation(balances(poisoned=True), entries())
    record(
        sick.store, *FACTS, Counted(item="b", change=POISON)
    )  # here it has stopped, and has a row of its own
    record(sick.store, *FACTS, business_id=OTHER)
    run_all(sick)
    with sick.views.writing() as connection:
        connection.exec_driver_sql("DROP TABLE cohorts")
    again = open_installation(balances(), entries())
    run_all(again)
    for projection in (again.balances, again.entries):
        assert table_rows(again.views, projection, OTHER) == folded(again.store, projection, OTHER)
