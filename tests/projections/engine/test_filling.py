"""A rebuild is cut into shares: whoever works at it, and whoever dies, the rows are those of the fold."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event, inspect, select

from domain.fact import Fact, UnreadableFact
from domain.ledger.contract import Store
from domain.ledger.embedded.sqlite.store import SqliteStore
from domain.ledger.envelope import StoredFact
from domain.ledger.mapper import Recorded
from domain.ledger.postgres.store import PostgresStore
from projections.engine import filling, shares
from projections.engine.definition import Projection
from projections.engine.filling import Limits
from projections.engine.rebuild import Rebuild, RebuildStopped, help_filling, rebuild_all
from projections.engine.tables import ReadTables
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
    Strange,
    a_fact,
    balances,
    decode,
    entries,
    folded,
    notes,
    record,
    run_all,
    table_rows,
    tallies,
    throw_away,
)

FACTS: list[Fact] = [
    Counted(item="a", change=2),
    Counted(item="b", change=1),
    Moved(origin="a", target="b"),
    Removed(item="a"),
    Counted(item="c", change=5),
]
SMALL = Limits(facts_per_page=3, rows_held=3, rows_per_write=2, facts_per_share=7)
MODELS = ("tallies", "notes", "balances")


def models(*, poisoned: bool = False) -> tuple[Projection, ...]:
    return tallies(poisoned=poisoned), notes(), balances(), entries()


@pytest.fixture
def here(open_installation: Open) -> Installation:
    return open_installation(*models())


def fill_books(store: Store, streams: int = 6) -> None:
    for n in range(streams):
        record(store, *FACTS[: 1 + n % 5], stream_id=f"tst_{n}")
    record(store, *FACTS, stream_id="tst_0")
    record(store, *FACTS, business_id=OTHER)


def chosen(here: Installation, names: Sequence[str] = MODELS) -> list[Projection]:
    return [here.views.projections[name] for name in names]


def rebuild_of(here: Installation, names: Sequence[str] = MODELS, limits: Limits = SMALL) -> Rebuild:
    return Rebuild(here.store, here.views, *chosen(here, names), decode=decode, limits=limits)


def assert_folded(here: Installation, names: Sequence[str] = MODELS) -> None:
    for projection in chosen(here, names):
        for business_id in (BUSINESS, OTHER):
            found = table_rows(here.views, projection, business_id)
            assert found == folded(here.store, projection, business_id), projection.name


def test_several_read_models_are_made_in_one_pass(here: Installation) -> None:
    fill_books(here.store)
    run_all(here)
    read: list[int] = []

    def counted(stored: StoredFact) -> Recorded:
        read.append(stored.position)
        return decode(stored)

    names = ("tallies", "notes")
    making = Rebuild(here.store, here.views, *chosen(here, names), decode=counted, limits=SMALL)
    assert making.fill() == sum(head for _, head in here.store.heads())
    assert len(read) == sum(head for _, head in here.store.heads()), "each fact is decoded once for both"
    assert list(making.differences()) == []
    making.switch()
    assert_folded(here)


@settings(max_examples=25)
@given(
    st.lists(st.tuples(a_fact, st.sampled_from("abcd")), max_size=40),
    st.integers(1, 9),
    st.integers(1, 9),
    st.integers(1, 9),
)
def test_any_cut_gives_the_rows_of_the_fold(
    facts: list[tuple[Fact, str]], page: int, write: int, share: int
) -> None:
    with throw_away(*models()) as here:
        here.store.open_ledger(OTHER)
        for fact, stream in facts:
            record(here.store, fact, stream_id=f"tst_{stream}")
        making = rebuild_of(here, limits=Limits(page, 5, write, share))
        making.fill()
        making.switch()
        assert_folded(here)


def test_the_new_tables_have_their_indexes(here: Installation) -> None:
    fill_books(here.store)
    making = rebuild_of(here)
    making.fill()
    with here.views.reading() as connection:
        looked_at = inspect(connection)
        for name, physical in making.physicals.items():
            expected = len(here.views.projections[name].table.indexes)
            assert len(looked_at.get_indexes(physical)) == expected, name


def test_large_tables_of_sqlite_get_them_before_they_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "INDEXED_FROM", 4)
    with throw_away(*models()) as here:
        here.store.open_ledger(OTHER)
        fill_books(here.store)
        rebuild_all(here.store, here.views, chosen(here), decode=decode)
        assert_folded(here)


class Interrupted(BaseException):
    """A process that ends somewhere: nothing may catch it."""


@pytest.mark.parametrize(
    "statement",
    [pytest.param(n, marks=[pytest.mark.sweep] if n % 3 else []) for n in range(1, 100, 7)],
)
def test_ended_at_any_statement_it_goes_on(here: Installation, statement: int) -> None:
    fill_books(here.store)
    run_all(here)
    left = statement

    def fail(*given: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Interrupted

    event.listen(here.views.engine, "before_cursor_execute", fail)
    with suppress(Interrupted):
        rebuild_of(here).fill()
    event.remove(here.views.engine, "before_cursor_execute", fail)
    assert_folded(here)

    making = rebuild_of(here)
    making.fill()
    assert list(making.differences()) == []
    making.switch()
    assert_folded(here)


def test_what_was_made_together_can_be_ended_apart(here: Installation) -> None:
    fill_books(here.store)
    run_all(here)

    def interrupt(done: int, of: int) -> None:
        raise Interrupted

    with suppress(Interrupted):
        rebuild_of(here).fill(interrupt)
    for name in reversed(MODELS):
        making = rebuild_of(here, [name])
        making.fill()
        assert list(making.differences()) == []
        making.switch()
    assert_folded(here)


def test_two_at_once_share_the_work(open_installation: Open) -> None:
    installations = [open_installation(*models()), open_installation(*models())]
    here = installations[0]
    for n in range(40):
        record(here.store, *FACTS, stream_id=f"tst_{n}")
    record(here.store, *FACTS, business_id=OTHER)
    makings = [rebuild_of(each) for each in installations]
    threads = [Thread(target=making.fill) for making in makings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for making in makings:
        making.switch()
    assert_folded(here)


def test_facts_recorded_meanwhile_are_taken_afterwards(here: Installation) -> None:
    fill_books(here.store)
    run_all(here)
    grown = False

    def grow(done: int, of: int) -> None:
        nonlocal grown
        if not grown:
            grown = True
            fill_books(here.store)

    making = rebuild_of(here)
    making.fill(grow)
    making.switch()
    assert_folded(here)


@pytest.mark.parametrize("change", [POISON, UNSTORABLE])
def test_a_fact_that_fails_stops_its_read_model_in_its_ledger_where_the_live_one_stops(
    open_installation: Open, change: int
) -> None:
    here = open_installation(*models(poisoned=True))
    fill_books(here.store)
    last = record(here.store, Counted(item="b", change=change), stream_id="tst_2")
    record(here.store, *FACTS, stream_id="tst_9")
    run_all(here)
    before = table_rows(here.views, here.views.projections["tallies"])

    making = rebuild_of(here, ["tallies", "notes"])
    making.fill()
    making.switch()
    run_all(here)

    assert table_rows(here.views, here.views.projections["tallies"]) == before
    with here.views.snapshot(BUSINESS, ["tallies", "notes"]) as snapshot:
        assert snapshot.tables["tallies"].name == "tallies_v1_shadow"
        stop = snapshot.checkpoints["tallies"].stop
        assert stop is not None
        assert stop.position == last
        assert snapshot.checkpoints["notes"].stop is None
    assert_folded(here, ["notes"])
    other = table_rows(here.views, here.views.projections["tallies"], OTHER)
    assert other == folded(here.store, here.views.projections["tallies"], OTHER)


def test_where_the_live_table_took_the_fact_it_stays(open_installation: Open) -> None:
    here = open_installation(*models())
    fill_books(here.store)
    last = record(here.store, Counted(item="b", change=POISON), stream_id="tst_2")
    run_all(here)
    sick = open_installation(*models(poisoned=True))

    with pytest.raises(RebuildStopped, match=f"tallies of {BUSINESS} stops at position {last}: ValueError"):
        rebuild_all(sick.store, sick.views, chosen(sick), decode=decode)

    with here.views.snapshot(BUSINESS, ["tallies", "notes"]) as snapshot:
        assert snapshot.tables["tallies"].name == "tallies_v1"
        assert snapshot.tables["notes"].name == "notes_v1_shadow", "the others are there"
    assert_folded(here)


def test_a_fact_that_nobody_knows_is_where_all_of_them_end(here: Installation) -> None:
    fill_books(here.store)
    strange = record(here.store, Strange(), stream_id="tst_3")
    record(here.store, *FACTS, stream_id="tst_3")
    run_all(here)
    rebuild_all(here.store, here.views, chosen(here), decode=decode)
    with here.views.snapshot(BUSINESS, MODELS) as snapshot:
        reached = {checkpoint.position for checkpoint in snapshot.checkpoints.values()}
    assert reached == {strange - 1}


def test_a_known_fact_that_cannot_be_read_is_where_those_end_who_handle_it(here: Installation) -> None:
    fill_books(here.store)
    run_all(here)
    damaged = record(here.store, Removed(item="a"), stream_id="tst_3")

    def failing(stored: StoredFact) -> Recorded:
        if stored.position == damaged and stored.business_id == BUSINESS:
            raise UnreadableFact("its bytes were damaged", position=damaged)
        return decode(stored)

    rebuild_all(here.store, here.views, chosen(here), decode=failing)
    with here.views.snapshot(BUSINESS, MODELS) as snapshot:
        reached = {name: checkpoint.position for name, checkpoint in snapshot.checkpoints.items()}
    assert reached == {"tallies": damaged - 1, "notes": damaged, "balances": damaged - 1}
    assert_folded(here, ["notes"])


# Processes


@pytest.fixture
def places(request: pytest.FixtureRequest, here: Installation) -> tuple[str, str]:
    """Where the ledgers and the read tables lie."""
    where = str(here.views.where)
    return (where, where) if here.views.on_postgres else (str(Path(where).with_name("ledger.db")), where)


def worker(places: tuple[str, str], physicals: Sequence[str], die_after: int | None) -> subprocess.Popen[str]:
    """A process of its own that fills tables, and kills itself in the middle of its n-th share."""
    command = [sys.executable, "-m", __name__, *places, str(die_after or 0), *physicals]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def work(ledgers: str, views_at: str, die_after: str, *physicals: str) -> None:
    store: Store = PostgresStore(ledgers) if "://" in ledgers else SqliteStore(ledgers)
    views = ReadTables(views_at, models())
    left = int(die_after)

    def dying(stored: StoredFact) -> Recorded:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return decode(stored)

    help_filling(store, views, physicals, decode=dying, limits=SMALL)
    views.close()
    store.close()


def shares_done(here: Installation) -> int:
    with here.views.reading() as connection:
        done = select(shares.rebuild_shares.c.number).where(shares.rebuild_shares.c.done.is_(True))
        return len(connection.execute(done).all())


def test_a_killed_process_costs_its_share_and_another_goes_on(
    here: Installation, places: tuple[str, str]
) -> None:
    for n in range(8):
        record(here.store, *FACTS, stream_id=f"tst_{n}")
    record(here.store, *FACTS, business_id=OTHER)
    run_all(here)
    making = rebuild_of(here, ["tallies", "notes"])
    killed = worker(places, list(making.physicals.values()), die_after=25)
    assert killed.wait() == -signal.SIGKILL
    done = shares_done(here)
    assert done >= 2, "what was written before stays"
    assert_folded(here)

    read: list[int] = []

    def counted(stored: StoredFact) -> Recorded:
        read.append(stored.position)
        return decode(stored)

    making = Rebuild(
        here.store, here.views, *chosen(here, ["tallies", "notes"]), decode=counted, limits=SMALL
    )
    making.fill()
    assert 0 < len(read) < 45, "the shares that were done are not made again"
    assert list(making.differences()) == []
    making.switch()
    assert_folded(here)


def test_two_processes_at_once_make_the_same_rows(here: Installation, places: tuple[str, str]) -> None:
    for n in range(30):
        record(here.store, *FACTS, stream_id=f"tst_{n}")
    record(here.store, *FACTS, business_id=OTHER)
    run_all(here)
    making = rebuild_of(here)
    other = worker(places, list(making.physicals.values()), None)
    making.fill()
    assert other.wait() == 0
    assert list(making.differences()) == []
    making.switch()
    assert_folded(here)


if __name__ == "__main__":
    work(*sys.argv[1:])
