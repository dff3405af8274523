"""Read models held against the ledger: what differs is found, and nothing else."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from projections.engine.definition import physical_name
from projections.models.packages import CARDS
from projections.models.registry import READ_MODELS
from replay.reconcile import Difference, comparable, reconcile
from tests.replay.conftest import BUSINESS, Lived

JUDGED = comparable(READ_MODELS)
TABLES = {each.name: physical_name(each) for each in JUDGED}


def differences(lived: Lived) -> list[Difference]:
    world = lived.world
    with world.reads.snapshot(BUSINESS, [each.name for each in JUDGED]) as snapshot:
        return list(reconcile(world.ledger.recorder, snapshot, JUDGED))


def edit(folder: Path, *statements: str) -> None:
    """Run statements on the read tables, which they name as the read models are called: {cards}."""
    connection = sqlite3.connect(folder / "views.db")
    for statement in statements:
        connection.execute(statement.format(**TABLES))
    connection.commit()
    connection.close()


def test_all_read_models_are_judged_whose_rows_name_the_stream_that_made_them() -> None:
    others = {each.name for each in READ_MODELS} - {each.name for each in JUDGED}
    assert others == {"customers", "points", "points_entries"}


def test_a_fact_that_cannot_be_folded_is_told(lived: Lived) -> None:
    def fails(before: object, recorded: object, key: object) -> None:
        raise ValueError("no such fact")

    assert differences(lived) == []
    world = lived.world
    failing = [replace(CARDS, step=fails)]
    with (
        world.reads.snapshot(BUSINESS, ["cards"]) as snapshot,
        pytest.raises(ValueError, match="no such fact"),
    ):
        list(reconcile(world.ledger.recorder, snapshot, failing))


def test_what_the_runner_made_is_what_the_ledger_says(lived: Lived) -> None:
    assert differences(lived) == []


def test_what_was_changed_lost_or_put_in_is_found(lived: Lived, tmp_path: Path) -> None:
    assert differences(lived) == []
    edit(
        tmp_path,
        "UPDATE {cards} SET remaining = remaining + 1 WHERE package_id = 'pkg_used'",
        "DELETE FROM {units} WHERE package_id = 'pkg_used'",
        "INSERT INTO {package_services} (business_id, service_id, package_id, customer_id, purchased_at)"
        " VALUES ('biz_1', 'svc_1', 'pkg_stranger', 'cus_1', 0)",
        "INSERT INTO {package_services} (business_id, service_id, package_id, customer_id, purchased_at)"
        " VALUES ('biz_1', 'svc_2', 'pkg_used', 'cus_1', 0)",
    )

    found = {(each.read_model, each.key): each for each in differences(lived)}

    assert set(found) == {
        ("cards", ("pkg_used",)),
        ("units", ("pkg_used", "red_kept")),
        ("package_services", ("svc_1", "pkg_stranger")),
        ("package_services", ("svc_2", "pkg_used")),
    }
    card = found["cards", ("pkg_used",)]
    assert card.table is not None
    assert card.ledger is not None
    assert card.table["remaining"] == card.ledger["remaining"] + 1
    assert found["units", ("pkg_used", "red_kept")].table is None
    assert found["package_services", ("svc_1", "pkg_stranger")].ledger is None


def test_a_table_that_is_behind_is_judged_at_its_own_position(lived: Lived) -> None:
    assert differences(lived) == []
    world = lived.world
    names = [each.name for each in JUDGED]

    with world.views.snapshot(BUSINESS, names) as snapshot:
        world.on(50).use("used", "much_later")
        assert list(reconcile(world.ledger.recorder, snapshot, JUDGED)) == []
