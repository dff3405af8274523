"""Lists wait a moment for the tables they are made from, and say what they are true for."""

from threading import Thread

import pytest

from domain.ledger.errors import UnknownBusiness
from projections.engine.checkpoint import ProjectionMissing
from projections.engine.freshness import FreshReads, ProjectionLagging, ProjectionStopped
from projections.engine.runner import Runner
from projections.engine.tables import ReadTables
from tests.projections.conftest import Open
from tests.projections.examples import (
    BUSINESS,
    OTHER,
    POISON,
    Counted,
    Installation,
    balances,
    decode,
    entries,
    record,
)

NAMES = ("balances", "entries")


def reads(here: Installation, *, caught_up: bool = True, patience_s: float | None = 0.0) -> FreshReads:
    runner = Runner(here.store, here.views, decode=decode, facts_per_page=2) if caught_up else None
    return FreshReads(here.store, here.views, runner, patience_s=patience_s)


def test_a_read_catches_up_itself_what_nobody_holds(here: Installation) -> None:
    record(here.store, *[Counted(item="a", change=1)] * 5)

    with reads(here, patience_s=None).snapshot(BUSINESS, NAMES) as snapshot:
        assert snapshot.position == 5
        table = snapshot.tables["balances"]
        assert snapshot.connection.scalar(table.select().with_only_columns(table.c.balance)) == 5


def test_a_read_that_may_not_write_waits_for_the_runner(here: Installation) -> None:
    record(here.store, Counted(item="a", change=1))
    worker = Thread(target=Runner(here.store, here.views, decode=decode).step)
    worker.start()

    assert reads(here, caught_up=False, patience_s=None).fresh(BUSINESS, NAMES) == 1
    worker.join()


def test_a_read_that_waited_in_vain_says_what_it_is_true_for(here: Installation) -> None:
    record(here.store, Counted(item="a", change=1))
    Runner(here.store, here.views, decode=decode).step()
    record(here.store, Counted(item="a", change=1))
    lagging = reads(here, caught_up=False)

    assert lagging.fresh(BUSINESS, NAMES) == 1
    with lagging.snapshot(BUSINESS, NAMES, at_least=1) as snapshot:
        assert snapshot.position == 1


def test_a_strict_read_is_refused_when_it_is_not_reached(here: Installation) -> None:
    record(here.store, Counted(item="a", change=1))
    lagging = reads(here, caught_up=False)

    with pytest.raises(ProjectionLagging) as refused:
        lagging.fresh(BUSINESS, NAMES, at_least=1)
    assert (refused.value.position, refused.value.wanted) == (0, 1)
    with pytest.raises(ProjectionLagging), lagging.snapshot(BUSINESS, NAMES, at_least=1):
        pass


def test_a_stopped_read_model_refuses_at_once_and_only_where_it_is_read(open_installation: Open) -> None:
    here = open_installation(balances(poisoned=True), entries())
    record(here.store, Counted(item="a", change=1), Counted(item="a", change=POISON))
    record(here.store, Counted(item="a", change=1), business_id=OTHER)
    patient = reads(here, patience_s=None)

    with pytest.raises(ProjectionStopped) as refused:
        patient.fresh(BUSINESS, NAMES)
    assert (refused.value.name, refused.value.position) == ("balances", 2)
    with pytest.raises(ProjectionStopped), patient.snapshot(BUSINESS, NAMES):
        pass
    assert patient.fresh(BUSINESS, ["entries"]) == 2
    assert patient.fresh(OTHER, NAMES) == 1


def test_an_empty_ledger_is_read_at_position_nought(here: Installation) -> None:
    here.store.open_ledger(BUSINESS)

    with reads(here).snapshot(BUSINESS, NAMES) as snapshot:
        assert snapshot.position == 0


def test_an_unknown_business_is_refused(here: Installation) -> None:
    with pytest.raises(UnknownBusiness):
        reads(here).fresh("biz_unknown", NAMES)


def test_a_version_that_has_no_table_is_refused(here: Installation) -> None:
    here.store.open_ledger(BUSINESS)
    newer = ReadTables(here.views.where, [balances(version=2)])

    with pytest.raises(ProjectionMissing, match="balances"):
        FreshReads(here.store, newer).fresh(BUSINESS, ["balances"])
    newer.close()
