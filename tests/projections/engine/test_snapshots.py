"""Snapshots that are opened together, in one round trip."""

from collections.abc import Mapping

from sqlalchemy import Dialect, Table, Text, select

from projections.engine.questions import Asked, composed, given
from projections.engine.rebuild import rebuild
from projections.engine.snapshot import Wanted
from tests.projections.conftest import Open
from tests.projections.examples import (
    BUSINESS,
    Counted,
    Installation,
    decode,
    record,
    run_all,
    tables,
)

OTHER = "biz_other"


def balances_of(dialect: Dialect, business_id: str, read: Mapping[str, Table]) -> list[Asked]:
    table = read["balances"]
    mine = select(table.c.item, table.c.balance).where(table.c.business_id == given("business_id", Text()))
    return [composed(mine.order_by(table.c.item), dialect).with_(business_id=business_id)]


def nothing(*_: object) -> list[Asked]:
    return []


WANTED = [
    Wanted(BUSINESS, ("balances",), balances_of),
    Wanted(BUSINESS, ("balances", "entries"), balances_of),
    Wanted(BUSINESS, ("balances",), nothing),
    Wanted(OTHER, ("balances",), balances_of),
]


def seen(here: Installation) -> list[tuple[int, list[tuple[str, int]]] | None]:
    """What each of them tells: its position, and the balances."""
    with here.views.snapshots(WANTED) as snapshots:
        return [
            None
            if snapshot is None
            else (snapshot.position, [(row["item"], row["balance"]) for row in snapshot.first[0]])
            for snapshot in snapshots
        ]


def know_the_tables(here: Installation) -> None:
    with here.views.snapshot(BUSINESS, ["balances", "entries"]):
        pass


def test_each_tells_of_its_own_business_at_its_own_position(here: Installation) -> None:
    record(here.store, Counted(item="a", change=2), Counted(item="b", change=1))
    record(here.store, Counted(item="a", change=7), business_id=OTHER)
    run_all(here)

    assert seen(here) == [None] * 4, "whose tables are not known yet"
    know_the_tables(here)

    ours = 2, [("a", 2), ("b", 1)]
    assert seen(here) == [ours, ours, None, (1, [("a", 7)])]


def test_one_that_lacks_facts_is_not_whole(here: Installation) -> None:
    record(here.store, Counted(item="a", change=2))
    run_all(here)
    know_the_tables(here)
    record(here.store, Counted(item="a", change=1))

    with here.views.snapshots(WANTED[:2]) as snapshots:
        assert [each is not None and (each.is_whole_at(1), each.is_whole_at(2)) for each in snapshots] == [
            (True, False)
        ] * 2


def test_none_tells_of_a_table_that_no_longer_answers(open_installation: Open) -> None:
    here, elsewhere = open_installation(), open_installation()
    record(here.store, Counted(item="a", change=2))
    run_all(here)
    know_the_tables(here)
    names = tables(here.views)

    rebuild(elsewhere.store, elsewhere.views, elsewhere.balances, decode=decode)

    assert tables(here.views) != names
    assert seen(here)[:2] == [None, None]
    know_the_tables(here)
    assert seen(here)[0] == (1, [("a", 2)])
