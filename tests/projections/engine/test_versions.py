"""Versions of a read model side by side: what one of them does never harms who reads another."""

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

import pytest
from sqlalchemy import event

from domain.fact import Fact, UnreadableFact
from domain.fact_registry import FACTS as FACTS_OF_CARNET
from domain.ledger.envelope import NewFact
from domain.ledger.records import Append
from domain.streams import EVOLVE
from projections.engine import checkpoints, status
from projections.engine.definition import Keyed
from projections.engine.drop_old import drop_old, old_tables
from projections.engine.freshness import FreshReads, ProjectionBuilding
from projections.engine.pages import tells_kind
from projections.engine.rebuild import rebuild
from projections.engine.runner import Runner
from projections.engine.tables import ReadTables
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
    Strange,
    balances,
    decode,
    decode_mended,
    entries,
    folded,
    record,
    run_all,
    table_rows,
    tables,
)

FACTS: list[Fact] = [
    Counted(item="a", change=2),
    Counted(item="b", change=1),
    Moved(origin="a", target="b"),
    Noticed(),
    Removed(item="a"),
    Counted(item="c", change=5),
]


def reads(here: Installation, runner: Runner | None = None) -> FreshReads:
    return FreshReads(here.store, here.views, runner, patience_s=None if runner else 0.0)


def newer(open_installation: Open) -> Installation:
    """The next release of the code, on the same database: it has another layout of the balances."""
    return open_installation(balances(version=2), entries())


def stops(here: Installation) -> list[tuple[str, str]]:
    found = status.standings(here.store, here.views)
    return [(each.business_id, each.checkpoint.projection) for each in found if each.checkpoint.stop]


# A new version


def test_a_new_version_is_building_and_the_old_one_stays_live(open_installation: Open) -> None:
    old = open_installation()
    record(old.store, *FACTS)
    run_all(old)

    new = newer(open_installation)

    with pytest.raises(ProjectionBuilding) as refused, reads(new).snapshot(BUSINESS, ["balances"]):
        pass
    assert (refused.value.position, refused.value.head) == (0, 6)
    with reads(old).snapshot(BUSINESS, ["balances"]) as snapshot:
        assert (snapshot.position, snapshot.tables["balances"].name) == (6, "balances_v1")
    with reads(new).snapshot(BUSINESS, ["entries"]) as snapshot:
        assert snapshot.position == 6


def test_a_new_version_goes_live_when_the_runner_has_filled_it(open_installation: Open) -> None:
    old = open_installation()
    record(old.store, *FACTS)
    record(old.store, *FACTS, business_id=OTHER)
    run_all(old)
    new = newer(open_installation)

    run_all(new)

    with new.views.reading() as connection:
        assert checkpoints.live_tables(connection, [new.balances]) == {"balances": "balances_v2"}
        assert checkpoints.live_tables(connection, [old.balances]) == {"balances": "balances_v1"}
    assert table_rows(new.views, new.balances) == folded(new.store, new.balances)
    assert table_rows(old.views, old.balances) == folded(old.store, old.balances)


def test_a_version_that_was_live_says_that_it_is_behind_and_does_not_refuse(open_installation: Open) -> None:
    old = open_installation()
    record(old.store, *FACTS)
    run_all(old)
    new = newer(open_installation)
    run_all(new)
    record(new.store, *FACTS)

    for here in (old, new):
        with reads(here).snapshot(BUSINESS, ["balances"]) as snapshot:
            assert (snapshot.position, snapshot.is_stale) == (6, True)


def test_of_a_version_being_built_a_business_is_answered_that_is_there_already(
    open_installation: Open,
) -> None:
    old = open_installation()
    record(old.store, *FACTS)
    record(old.store, *FACTS * 400, business_id=OTHER)
    run_all(old)
    new = newer(open_installation)
    runner = Runner(new.store, new.views, decode=decode)

    with reads(new, runner).snapshot(BUSINESS, ["balances"]) as snapshot:
        assert snapshot.position == 6
    with pytest.raises(ProjectionBuilding), reads(new).snapshot(OTHER, ["balances"]):
        pass


def test_tables_being_built_keep_no_live_one_waiting(open_installation: Open) -> None:
    old = open_installation()
    record(old.store, *FACTS * 10)
    run_all(old)
    new = newer(open_installation)
    record(new.store, *FACTS)

    Runner(new.store, new.views, decode=decode, facts_per_page=6).step()

    with reads(new).snapshot(BUSINESS, ["entries"]) as snapshot:
        assert snapshot.position == 66
    with pytest.raises(ProjectionBuilding):
        reads(new).fresh(BUSINESS, ["balances"])


def test_the_first_installation_is_live_at_once(here: Installation) -> None:
    with here.views.reading() as connection:
        assert checkpoints.live_tables(connection, [here.balances, here.entries]) == {
            "balances": "balances_v1",
            "entries": "entries_v1",
        }


def test_a_table_made_where_there_are_facts_is_building(open_installation: Open) -> None:
    here = open_installation()
    record(here.store, *FACTS)
    again = ReadTables(here.views.where, [balances(), entries(), balances_of_another_name()])

    assert again.create(has_facts=lambda: True) == ["others"]

    with again.reading() as connection:
        assert "others" not in checkpoints.live_tables(connection, again.projections.values())
    again.close()


def balances_of_another_name() -> Keyed:
    return replace(balances(), name="others")


@pytest.mark.parametrize("going", ["by the runner", "by a rebuild"])
def test_no_deploy_and_no_rebuild_touches_what_older_code_reads(open_installation: Open, going: str) -> None:
    old = open_installation()
    record(old.store, *FACTS)
    run_all(old)
    before = table_rows(old.views, old.balances)
    statements: list[str] = []
    new = newer(open_installation)
    event.listen(new.views.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))

    if going == "by a rebuild":
        rebuild(new.store, new.views, new.balances, decode=decode)
    run_all(new)

    assert [each for each in statements if "balances_v1" in each] == []
    assert table_rows(old.views, old.balances) == before
    assert table_rows(new.views, new.balances) == folded(new.store, new.balances)
    record(old.store, *FACTS)
    run_all(old)
    assert table_rows(old.views, old.balances) == folded(old.store, old.balances)


def test_going_back_is_going_on_with_the_old_table(open_installation: Open) -> None:
    old = open_installation()
    record(old.store, *FACTS)
    run_all(old)
    new = newer(open_installation)
    run_all(new)
    record(new.store, *FACTS)
    run_all(new)

    back = open_installation()
    run_all(back)

    assert table_rows(back.views, back.balances) == folded(back.store, back.balances)
    forth = newer(open_installation)
    assert table_rows(forth.views, forth.balances) == folded(forth.store, forth.balances)


# What this code cannot read


@pytest.fixture(params=["one business", "many businesses"])
def crowd(request: pytest.FixtureRequest) -> Callable[[Installation], list[str]]:
    def recorded(here: Installation) -> list[str]:
        ids = [f"biz_{n}" for n in range(5 if request.param == "many businesses" else 1)]
        for business_id in ids:
            record(here.store, *FACTS, business_id=business_id)
        return ids

    return recorded


def test_what_this_code_cannot_read_is_left_to_others_and_stops_nothing(
    open_installation: Open, crowd: Callable[[Installation], list[str]]
) -> None:
    old, new = open_installation(), open_installation()
    crowd(old)
    record(old.store, *FACTS, Strange(), Counted(item="d", change=1))

    runner = run_all(old)

    assert stops(old) == []
    assert runner.unreadable[BUSINESS].position >= 7
    assert "unknown fact 'test.strange'" in runner.unreadable[BUSINESS].reason
    with reads(old).snapshot(BUSINESS, ["balances"]) as snapshot:
        assert snapshot.is_stale
    with pytest.raises(UnreadableFact), reads(old, runner).snapshot(BUSINESS, ["balances"]):
        pass
    able = Runner(new.store, new.views, decode=decode_mended)
    while able.step():
        pass
    with reads(old).snapshot(BUSINESS, ["balances"]) as snapshot:
        assert not snapshot.is_stale
    record(old.store, Counted(item="d", change=1))
    run_all(old)
    assert table_rows(old.views, old.balances) == folded(old.store, old.balances)


def test_of_a_fact_that_this_code_cannot_read_only_its_own_family_waits(open_installation: Open) -> None:
    here = open_installation()
    record(here.store, Counted(item="a", change=1))
    unknown = NewFact("elsewhere", "els_1", 1, "elsewhere.happened", 1, b"{}", b"{}")
    here.store.ledger(BUSINESS).append([Append((unknown,), {})])
    counted = Counted(item="b", change=1)
    known = NewFact("test", "tst_1", 2, counted.stored_name, 1, counted.to_bytes(), b"{}")
    here.store.ledger(BUSINESS).append([Append((known,), {})])

    runner = run_all(here)

    assert not runner.unreadable
    assert set(table_rows(here.views, here.balances)) == {("a",), ("b",)}
    odd = NewFact("test", "tst_2", 1, "odd.name", 1, b"{}", b"{}")
    here.store.ledger(BUSINESS).append([Append((odd,), {})])
    assert run_all(here).unreadable[BUSINESS].name == "odd.name", "nor is one of its streams"


def test_the_name_of_every_fact_tells_the_kind_of_its_stream() -> None:
    assert [fact.stored_name for fact in FACTS_OF_CARNET if not _kinds(fact.stored_name)] == []
    assert {kind for fact in FACTS_OF_CARNET for kind in _kinds(fact.stored_name)} == set(EVOLVE)


def _kinds(name: str) -> list[str]:
    return [kind for kind in EVOLVE if tells_kind(name, kind)]


# A stop


def test_a_stop_is_void_for_code_with_other_facts_or_another_version(open_installation: Open) -> None:
    class Recounted(Counted):
        stored_name: ClassVar[str] = "test.recounted"

    sick = open_installation(balances(poisoned=True), entries())
    record(sick.store, Counted(item="a", change=1), Counted(item="a", change=POISON))
    run_all(sick)
    assert stops(sick) == [(BUSINESS, "balances")]

    other = replace(balances(), handles=balances().handles | {Recounted})
    mended = open_installation(other, entries())
    assert stops(mended) == []
    run_all(mended)

    assert table_rows(mended.views, mended.balances) == folded(mended.store, mended.balances)
    assert stops(sick) == []


# Dropping


def test_what_newer_code_replaced_goes_when_it_is_told_to_go(open_installation: Open) -> None:
    old = open_installation()
    record(old.store, *FACTS)
    run_all(old)
    new = newer(open_installation)
    run_all(new)
    assert tables(new.views) == {"balances_v1", "balances_v2", "entries_v1"}

    assert drop_old(new.views, new.balances) == ["balances_v1"]

    assert tables(new.views) == {"balances_v2", "entries_v1"}


def test_nothing_is_dropped_before_the_new_version_is_complete(open_installation: Open) -> None:
    old = open_installation()
    record(old.store, *FACTS)
    run_all(old)
    new = newer(open_installation)

    assert drop_old(new.views, new.balances) == []

    assert table_rows(old.views, old.balances) == folded(old.store, old.balances)


def test_after_going_back_newer_tables_go_when_they_are_named_and_no_sooner(open_installation: Open) -> None:
    old = open_installation()
    record(old.store, *FACTS)
    run_all(old)
    run_all(newer(open_installation))

    assert old_tables(old.views, [old.balances]) == []
    assert drop_old(old.views, old.balances) == []
    (told,) = old_tables(old.views, [old.balances], newer=True)
    assert (told.physical, told.projection, told.version) == ("balances_v2", "balances", 2)
    assert tables(old.views) == {"balances_v1", "balances_v2", "entries_v1"}, "looking drops nothing"

    assert drop_old(old.views, old.balances, newer=True) == ["balances_v2"]

    assert tables(old.views) == {"balances_v1", "entries_v1"}
    assert table_rows(old.views, old.balances) == folded(old.store, old.balances)


def test_a_newer_table_stays_while_that_of_this_version_is_not_complete(open_installation: Open) -> None:
    old = open_installation()
    record(old.store, *FACTS)
    run_all(old)
    new = newer(open_installation)
    run_all(new)
    assert drop_old(new.views, new.balances) == ["balances_v1"]
    back = open_installation()

    assert drop_old(back.views, back.balances, newer=True) == []
    run_all(back)
    assert drop_old(back.views, back.balances, newer=True) == ["balances_v2"]

    assert table_rows(back.views, back.balances) == folded(back.store, back.balances)
