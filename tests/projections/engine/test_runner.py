"""Read tables follow their ledgers: nothing twice, nothing skipped, nothing half."""

from collections.abc import Callable
from threading import Barrier, Event, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, select, text
from sqlalchemy.exc import OperationalError

from domain.fact import Fact
from projections.engine import status
from projections.engine.checkpoint import Stop
from projections.engine.checkpoints import CHECKPOINTS
from projections.engine.rebuild import rebuild
from projections.engine.runner import Runner
from tests.projections.conftest import Open
from tests.projections.examples import (
    BUSINESS,
    OTHER,
    POISON,
    UNSTORABLE,
    Counted,
    Installation,
    Moved,
    Noticed,
    Removed,
    Strange,
    a_fact,
    balances,
    decode,
    decode_mended,
    entries,
    folded,
    record,
    run_all,
    table_rows,
    throw_away,
)

FACTS: list[Fact] = [
    Counted(item="a", change=2),
    Counted(item="b", change=1),
    Moved(origin="a", target="b"),
    Noticed(),
    Removed(item="a"),
    Counted(item="a", change=5),
]


def standing(here: Installation, business_id: str = BUSINESS) -> dict[str, tuple[int, int | None]]:
    """Read model → its position and where it stopped."""
    return {
        each.checkpoint.projection: (
            each.checkpoint.position,
            each.checkpoint.stop.position if each.checkpoint.stop else None,
        )
        for each in status.standings(here.store, here.views, business_id)
    }


@given(st.lists(st.lists(a_fact, min_size=1, max_size=6), max_size=8), st.integers(1, 7))
def test_any_split_into_batches_gives_the_rows_of_the_fold(appends: list[list[Fact]], page: int) -> None:
    with throw_away() as here:
        runner = Runner(here.store, here.views, decode=decode, facts_per_page=page)
        for facts in appends:
            record(here.store, *facts)
            runner.step()
        runner.catch_up(BUSINESS)

        for projection in (here.balances, here.entries):
            assert table_rows(here.views, projection) == folded(here.store, projection)


@pytest.mark.parametrize("page", [1, 2, 1000])
def test_a_runner_brings_every_table_up_with_every_ledger(here: Installation, page: int) -> None:
    record(here.store, *FACTS)
    record(here.store, *reversed(FACTS), business_id=OTHER)

    run_all(here, page)

    for business_id in (BUSINESS, OTHER):
        for projection in (here.balances, here.entries):
            assert table_rows(here.views, projection, business_id) == folded(
                here.store, projection, business_id
            )
    assert standing(here) == {"balances": (6, None), "entries": (6, None)}


def test_a_row_that_is_taken_away_is_gone(here: Installation) -> None:
    record(here.store, Counted(item="a", change=1))
    run_all(here)
    record(here.store, Removed(item="a"))

    run_all(here)

    assert table_rows(here.views, here.balances) == {}


def test_a_runner_with_nothing_to_do_opens_no_writing_transaction(here: Installation) -> None:
    record(here.store, *FACTS)
    record(here.store, *FACTS, business_id=OTHER)
    runner = run_all(here)
    statements: list[str] = []
    event.listen(here.views.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))

    assert runner.step() is False

    assert len([statement for statement in statements if not statement.startswith("BEGIN")]) == 1


def test_a_poison_fact_stops_its_read_model_for_its_business_and_nothing_else(
    open_installation: Open,
) -> None:
    here = open_installation(balances(poisoned=True), entries())
    record(here.store, *FACTS, Counted(item="b", change=POISON), Counted(item="c", change=1))
    record(here.store, *FACTS, business_id=OTHER)

    run_all(here)

    assert standing(here) == {"balances": (6, 7), "entries": (8, None)}
    assert standing(here, OTHER) == {"balances": (6, None), "entries": (6, None)}
    (stopped,) = (each for each in status.standings(here.store, here.views) if each.checkpoint.stop)
    assert (stopped.business_id, stopped.checkpoint.projection) == (BUSINESS, "balances")
    assert stopped.checkpoint.stop == Stop(7, "ValueError: thirteen")
    # Everything before the poison is there.
    assert table_rows(here.views, here.balances)["b",]["balance"] == 2


def test_a_stopped_read_model_stays_where_it_is_while_its_ledger_grows(open_installation: Open) -> None:
    here = open_installation(balances(poisoned=True), entries())
    record(here.store, Counted(item="a", change=POISON))
    runner = run_all(here)
    record(here.store, Counted(item="a", change=1))

    while runner.step():
        pass

    assert standing(here) == {"balances": (0, 1), "entries": (2, None)}


def test_after_the_mend_the_rows_equal_a_rebuild(open_installation: Open) -> None:
    sick = open_installation(balances(poisoned=True), entries())
    record(sick.store, *FACTS, Counted(item="b", change=POISON), Counted(item="c", change=1))
    run_all(sick)

    mended = open_installation()
    runner = run_all(mended)
    assert standing(mended)["balances"] == (6, 7), "a new start does not try again by itself"
    assert runner.resume(mended.balances, BUSINESS)
    while runner.step():
        pass

    live = table_rows(mended.views, mended.balances)
    assert live == folded(mended.store, mended.balances)
    rebuild(mended.store, mended.views, mended.balances, decode=decode)
    assert table_rows(mended.views, mended.balances) == live
    assert not runner.resume(mended.balances, BUSINESS)


def test_what_cannot_be_read_keeps_the_read_models_of_the_business_where_they_are(here: Installation) -> None:
    record(here.store, *FACTS, Strange(), Counted(item="c", change=1))
    record(here.store, *FACTS, business_id=OTHER)

    runner = run_all(here)

    assert standing(here) == {"balances": (6, None), "entries": (6, None)}
    assert standing(here, OTHER) == {"balances": (6, None), "entries": (6, None)}
    assert {id: each.reason for id, each in runner.unreadable.items()} == {
        BUSINESS: "unknown fact 'test.strange'"
    }
    assert not any(each.checkpoint.stop for each in status.standings(here.store, here.views))

    mended = Runner(here.store, here.views, decode=decode_mended)
    while mended.step():
        pass
    assert standing(here) == {"balances": (8, None), "entries": (8, None)}
    assert table_rows(here.views, here.balances) == folded(here.store, here.balances)


@pytest.mark.parametrize("before", [0, 1, 6, 37])
def test_rows_that_the_database_refuses_stop_at_their_fact(here: Installation, before: int) -> None:
    facts = [Counted(item=f"i{n}", change=n) for n in range(before)]
    record(here.store, *facts, Counted(item="x", change=UNSTORABLE), Counted(item="y", change=1))

    run_all(here)

    assert standing(here) == {"balances": (before, before + 1), "entries": (before + 2, None)}
    assert len(table_rows(here.views, here.balances)) == before


def test_rows_and_checkpoint_are_written_together_or_not_at_all(here: Installation) -> None:
    record(here.store, *FACTS)

    def fail(*args: object) -> None:
        if "UPDATE checkpoints" in str(args[2]):
            raise OperationalError("the server went away", None, Exception())

    event.listen(here.views.engine, "before_cursor_execute", fail)
    with pytest.raises(OperationalError):
        run_all(here)
    event.remove(here.views.engine, "before_cursor_execute", fail)

    assert table_rows(here.views, here.balances) == {}
    assert standing(here) == {"balances": (0, None), "entries": (0, None)}
    run_all(here)
    assert table_rows(here.views, here.balances) == folded(here.store, here.balances)


def test_a_business_that_fails_keeps_no_other_waiting(here: Installation) -> None:
    record(here.store, *FACTS)
    record(here.store, *FACTS, business_id=OTHER)
    runner = Runner(here.store, here.views, decode=decode)

    def fail(*args: object) -> None:
        if BUSINESS in str(args[3]) and "INSERT INTO" in str(args[2]):
            raise OperationalError("a broken page", None, Exception())

    event.listen(here.views.engine, "before_cursor_execute", fail)
    with pytest.raises(OperationalError):
        runner.step()

    assert standing(here, OTHER) == {"balances": (6, None), "entries": (6, None)}


def test_businesses_that_keep_failing_come_last(here: Installation) -> None:
    failing = [f"biz_{n}" for n in range(3)]
    for business_id in (*failing, "biz_z"):
        record(here.store, *FACTS, business_id=business_id)
    runner = Runner(here.store, here.views, decode=decode)

    def fail(*given: object) -> None:
        if "INSERT INTO" in str(given[2]) and any(business_id in str(given[3]) for business_id in failing):
            raise OperationalError("a broken page", None, Exception())

    event.listen(here.views.engine, "before_cursor_execute", fail)
    for _ in range(2):
        with pytest.raises(OperationalError):
            runner.step()

    assert standing(here, "biz_z") == {"balances": (6, None), "entries": (6, None)}


def test_businesses_share_a_transaction_as_far_as_their_facts_fill_a_page(here: Installation) -> None:
    businesses = [f"biz_{n}" for n in range(5)]
    for business_id in businesses:
        record(here.store, *FACTS[:3], business_id=business_id)
    runner = Runner(here.store, here.views, decode=decode, facts_per_page=6)
    moves: list[str] = []
    event.listen(
        here.views.engine,
        "before_cursor_execute",
        lambda *given: moves.append(given[2]) if "UPDATE checkpoints" in given[2] else None,
    )

    assert runner.step()

    assert len(moves) == 3, "two businesses, two, and one"
    for business_id in businesses:
        assert standing(here, business_id) == {"balances": (3, None), "entries": (3, None)}


@pytest.mark.parametrize("change", [POISON, UNSTORABLE], ids=["poison", "unstorable"])
def test_who_shares_a_transaction_with_a_fact_that_fails_goes_on(
    open_installation: Open, change: int
) -> None:
    here = open_installation(balances(poisoned=True), entries())
    businesses = ["biz_0", BUSINESS, OTHER]
    for business_id in businesses:
        failing = Counted(item="x", change=change if business_id == BUSINESS else 1)
        record(here.store, *FACTS, failing, Counted(item="b", change=1), business_id=business_id)

    run_all(here)

    assert standing(here) == {"balances": (6, 7), "entries": (8, None)}
    for business_id in ("biz_0", OTHER):
        assert standing(here, business_id) == {"balances": (8, None), "entries": (8, None)}
        for projection in (here.balances, here.entries):
            assert table_rows(here.views, projection, business_id) == folded(
                here.store, projection, business_id
            )


@pytest.mark.parametrize("open_installation", ["postgres"], indirect=True)  # SQLite has one writer for all
def test_of_a_share_what_another_holds_is_left_to_it(open_installation: Open) -> None:
    here, other = open_installation(), open_installation()
    for business_id in (BUSINESS, OTHER):
        record(here.store, *FACTS, business_id=business_id)
    runner = run_all(here)
    for business_id in (BUSINESS, OTHER):
        record(here.store, *FACTS, business_id=business_id)

    with other.views.writing() as connection:
        own = select(CHECKPOINTS).where(CHECKPOINTS.c.business_id == BUSINESS)
        connection.execute(own.with_for_update()).all()
        runner.step()

    assert standing(here) == {"balances": (6, None), "entries": (6, None)}
    assert standing(here, OTHER) == {"balances": (12, None), "entries": (12, None)}
    while runner.step():
        pass
    assert standing(here) == {"balances": (12, None), "entries": (12, None)}


def test_a_new_read_model_starts_at_the_beginning_and_sets_no_other_back(open_installation: Open) -> None:
    before = open_installation(balances())
    record(before.store, *FACTS)
    run_all(before)
    record(before.store, *FACTS)

    here = open_installation(balances(), entries())
    run_all(here, facts_per_page=4)

    for projection in (here.balances, here.entries):
        assert table_rows(here.views, projection) == folded(here.store, projection)


def test_several_runners_share_the_work_and_apply_nothing_twice(open_installation: Open) -> None:
    here = open_installation()
    businesses = [f"biz_{n}" for n in range(6)]
    for business_id in businesses:
        record(here.store, *FACTS * 5, business_id=business_id)
    runners = [
        Runner(each.store, each.views, decode=decode, facts_per_page=3)
        for each in (here, open_installation(), open_installation())
    ]
    together = Barrier(len(runners))

    def work(runner: Runner) -> None:
        together.wait()
        while runner.step():
            pass

    threads = [Thread(target=work, args=(runner,)) for runner in runners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run_all(here)

    for business_id in businesses:
        for projection in (here.balances, here.entries):
            assert table_rows(here.views, projection, business_id) == folded(
                here.store, projection, business_id
            )


def test_what_another_holds_is_left_to_it(open_installation: Open) -> None:
    here, other = open_installation(), open_installation()
    record(here.store, *FACTS)
    run_all(here)
    record(here.store, *FACTS)
    runner = Runner(here.store, here.views, decode=decode)

    with other.views.writing() as connection:
        connection.execute(select(CHECKPOINTS).with_for_update()).all()
        assert runner.catch_up(BUSINESS) is None

    assert standing(here) == {"balances": (6, None), "entries": (6, None)}
    assert runner.catch_up(BUSINESS) == 12


def test_catching_up_ends_at_the_position_asked_for(here: Installation) -> None:
    record(here.store, *FACTS * 3)
    runner = Runner(here.store, here.views, decode=decode, facts_per_page=4)

    assert runner.catch_up(BUSINESS, upto=5) == 8


def test_a_thread_keeps_the_tables_up_with_the_ledger(here: Installation) -> None:
    runner = Runner(here.store, here.views, decode=decode)
    runner.start()
    try:
        head = record(here.store, *FACTS)
        wait_for(lambda: standing(here)["balances"][0] == head)
    finally:
        runner.stop()

    assert table_rows(here.views, here.balances) == folded(here.store, here.balances)


def wait_for(condition: Callable[[], bool]) -> None:
    pause = Event()
    while not condition():
        pause.wait(0.01)


CUT_ALL_OTHERS = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


def test_a_runner_outlives_its_connections(here: Installation, open_installation: Open) -> None:
    runner = Runner(here.store, here.views, decode=decode)
    runner.start()
    try:
        record(here.store, *FACTS)
        wait_for(lambda: standing(here)["balances"][0] == 6)
        if here.views.on_postgres:
            with open_installation().views.writing() as connection:
                connection.execute(CUT_ALL_OTHERS)
        else:
            here.views.close()
        again = open_installation()
        head = record(again.store, *FACTS)
        wait_for(lambda: standing(again)["balances"][0] == head)
    finally:
        runner.stop()
