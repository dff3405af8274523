"""A read table is made anew beside the live one, which serves until the switch."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from threading import Event, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, inspect, update

from domain.events import Fact
from domain.ledger.memory import MemoryStore
from projections import rebuild as rebuilding
from projections.definition import Projection, physical_table
from projections.rebuild import Limits, Rebuild, RebuildStopped, drop_old, rebuild
from projections.runner import Runner
from projections.views import Views
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
    installation,
    record,
    table_rows,
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


def run_all(here: Installation) -> Runner:
    runner = Runner(here.store, here.views, decode=decode)
    while runner.step():
        pass
    return runner


def tables(views: Views) -> set[str]:
    with views.reading() as connection:
        return set(inspect(connection).get_table_names()) - {"checkpoints", "read_tables"}


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
    for projection in (balances(), entries()):
        with installation(MemoryStore(), _views_in_memory(projection)) as here:
            here.store.open_ledger(BUSINESS)
            if facts:
                record(here.store, *facts)
            making = Rebuild(
                here.store, here.views, projection, decode=decode, limits=Limits(page, held, write)
            )
            making.fill()
            making.switch()
            assert table_rows(here.views, projection) == folded(here.store, projection)


_numbers = count()


@pytest.fixture(autouse=True, scope="module")
def _views_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    global _folder
    _folder = tmp_path_factory.mktemp("views")
    yield
