"""Facts chosen by kind, name and stream, on every store."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.ledger.contract import LedgerRecorder, Store
from domain.ledger.embedded import sqlite
from domain.ledger.embedded.sqlite.choosing import chosen
from domain.ledger.numbers import number_of
from domain.ledger.records import Append, FactFilter
from tests.domain.ledger.examples import BUSINESS, OTHER, fact, stored

KINDS, NAMES, STREAMS = ("package", "booking"), ("a.b", "package.happened"), ("pkg_1", "pkg_2", "bkg_1")

some = st.builds(
    FactFilter,
    st.sets(st.sampled_from((*KINDS, "points"))).map(tuple),
    st.sets(st.sampled_from((*NAMES, "none.such"))).map(tuple),
    st.sets(st.sampled_from((*STREAMS, "pkg_none"))).map(tuple),
    st.sets(st.integers(1, 12)).map(tuple),
)
position = st.integers(0, 10)


def written(store: Store) -> LedgerRecorder:
    """Nine facts of three streams, two kinds and three names, beside those of another business."""
    for business in (BUSINESS, OTHER):
        store.open_ledger(business)
        ledger = store.ledger(business)
        if ledger.head().position:
            continue
        for version in (1, 2, 3):
            for id in STREAMS:
                kind = "booking" if id.startswith("bkg") else "package"
                name = "a.b" if version == 2 else None
                one = fact(id, version, kind=kind, name=name)
                stored(ledger, Append((one,), {id: version - 1}))
    return store.ledger(BUSINESS)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=some, after=position, upto=position, limit=st.integers(1, 10), newest_first=st.booleans())
def test_chosen_facts_are_those_of_all_that_the_filter_holds(
    store: Store, wanted: FactFilter, after: int, upto: int, limit: int, newest_first: bool
) -> None:
    ledger = written(store)
    held = [each for each in ledger.facts(after, upto=upto) if wanted.holds(each)]
    if newest_first:
        held.reverse()
    found = ledger.chosen_facts(wanted, after, upto, limit, newest_first=newest_first)
    assert list(found) == held[:limit]


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (FactFilter(streams=("pkg_1",)), "(ledger=? AND stream=? AND version>?)"),
        (FactFilter(names=("a.b",), positions=(3, 4)), "(ledger=? AND position=?)"),
    ],
)
def test_sqlite_finds_a_stream_and_a_position_by_their_index(
    tmp_path: Path, wanted: FactFilter, index: str
) -> None:
    file = tmp_path / "carnet.db"
    sqlite.migrate(file)
    asked, values = chosen(wanted, 0, 10, newest_first=True)
    with closing(sqlite3.connect(file)) as connection:
        plan = connection.execute(
            f"EXPLAIN QUERY PLAN SELECT data {asked}", [number_of(BUSINESS), *values]
        ).fetchall()
    (step,) = [detail for *_, detail in plan if "SEARCH facts" in detail]
    assert index in step
