"""The place of the read tables: made by whoever comes first, as often as wanted."""

from contextlib import closing
from threading import Barrier, Thread

import pytest
from sqlalchemy import inspect

from projections.engine.definition import physical_name
from projections.engine.sqlite_engine import HeldElsewhere
from projections.engine.tables import ReadTables
from projections.models.packages import CARDS
from projections.models.registry import READ_MODELS
from tests.projections.conftest import Open
from tests.projections.examples import Installation, balances, entries


def test_several_processes_may_make_the_tables_at_once(here: Installation, open_installation: Open) -> None:
    with here.views.writing() as connection:
        for table in ("read_tables", "checkpoints", "cohorts", "balances_v1", "entries_v1"):
            connection.exec_driver_sql(f"DROP TABLE {table}")
    others = [ReadTables(here.views.where, [balances(), entries()]) for _ in range(4)]
    together = Barrier(len(others))
    failed: list[Exception] = []

    def create(views: ReadTables) -> None:
        together.wait()
        try:
            views.create()
        except Exception as error:  # shown by the assertion below
            failed.append(error)

    threads = [Thread(target=create, args=(views,)) for views in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for views in others:
        views.close()

    assert failed == []
    with here.views.reading() as connection:
        assert set(inspect(connection).get_table_names()) == {
            "balances_v1",
            "checkpoints",
            "cohorts",
            "entries_v1",
            "read_tables",
            "rebuild_plans",
            "rebuild_shares",
        }
        assert len(inspect(connection).get_indexes("balances_v1")) == 1


def test_pages_leave_room_for_rows_that_change(postgres_url: str) -> None:
    with closing(ReadTables(postgres_url, READ_MODELS)) as views:
        views.create()
        with views.reading() as connection:
            filled = connection.exec_driver_sql(
                "SELECT relname, reloptions[1] FROM pg_class WHERE reloptions IS NOT NULL"
                " AND relnamespace = 'carnet_views'::regnamespace"
            ).all()
    assert {tuple(row) for row in filled} == {
        ("checkpoints", "fillfactor=50"),
        (physical_name(CARDS), "fillfactor=70"),
    }


def test_two_read_models_of_one_name_are_refused(here: Installation) -> None:
    with pytest.raises(TypeError, match="same name"):
        ReadTables(here.views.where, [balances(), balances(version=2)])


def test_a_schema_name_is_not_taken_on_trust() -> None:
    with pytest.raises(ValueError, match="schema name"):
        ReadTables("postgresql:///carnet", [], schema="views; DROP TABLE facts")


def test_who_will_not_wait_is_told_that_another_writes(open_installation: Open) -> None:
    here, other = open_installation(), open_installation()
    if here.views.on_postgres:
        with here.views.writing(), other.views.writing(wait=False):
            return
    with here.views.writing(), pytest.raises(HeldElsewhere), other.views.writing(wait=False):
        pass
