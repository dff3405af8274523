"""What an operator sees of the read models."""

from projections.engine import status
from projections.engine.runner import Runner
from tests.projections.conftest import Open
from tests.projections.examples import BUSINESS, OTHER, POISON, Counted, balances, decode, entries, record


def test_status_tells_head_position_and_lag_of_each_read_model(open_installation: Open) -> None:
    here = open_installation(balances(poisoned=True), entries())
    one = Counted(item="a", change=1)
    record(here.store, one, one, Counted(item="a", change=POISON), one)
    record(here.store, one, business_id=OTHER)
    runner = Runner(here.store, here.views, decode=decode)
    while runner.step():
        pass
    record(here.store, one, business_id=OTHER)

    assert [
        (each.business_id, each.checkpoint.projection, each.head, each.checkpoint.position, each.lag)
        for each in status.standings(here.store, here.views)
    ] == [
        (BUSINESS, "balances", 4, 2, 2),
        (BUSINESS, "entries", 4, 4, 0),
        (OTHER, "balances", 2, 1, 1),
        (OTHER, "entries", 2, 1, 1),
    ]
    assert [
        (each.projection, each.facts, each.applied, each.lag, each.stopped)
        for each in status.totals(here.store, here.views)
    ] == [("balances", 6, 3, 3, 1), ("entries", 6, 5, 1, 0)]


def test_before_anything_was_applied_everything_is_behind(open_installation: Open) -> None:
    here = open_installation()
    record(here.store, Counted(item="a", change=1))

    assert [each.lag for each in status.standings(here.store, here.views)] == [1, 1]
    assert [each.lag for each in status.totals(here.store, here.views)] == [1, 1]
