"""The facts of one package are recomputed from their stored bytes, however large the ledger is."""

import sqlite3
from pathlib import Path

import pytest

from domain.actor import Role
from domain.ledger.embedded import sqlite
from projections.engine.tables import ReadTables
from projections.models.registry import READ_MODELS
from tests.api.desk import Desk, house_at
from tests.api.pages.browser import Browser

pytest_plugins = ["tests.api.houses"]


def test_each_fact_of_a_package_is_recomputed(either_desk: Desk) -> None:
    desk = either_desk
    service = desk.service()
    package = desk.sell(
        desk.customer("Anna"), desk.offer(service), payment={"amount": 50_000, "method": "card"}
    )["id"]
    desk.customer("Bela")  # between its facts
    desk.redeem(package, service)
    address = f"/v1/packages/{package}/verification"
    proved = {"package_id": package, "intact": True, "facts": 3, "position": None, "reason": None}
    assert desk.as_role(Role.AUDITOR).get(address) == proved
    assert desk.as_role(Role.STAFF).ask(address).json()["code"] == "forbidden"
    assert desk.ask("/v1/packages/pkg_unknown/verification").status_code == 404


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE facts SET recorded_at = recorded_at + 1 WHERE position = {used}", "hash"),
        ("UPDATE facts SET hash = zeroblob(32) WHERE position = {used} - 1", "hash"),
        ("DELETE FROM facts WHERE position = {used} - 1", "missing"),
    ],
)
def test_a_change_of_a_fact_or_of_the_one_before_it_is_told(tmp_path: Path, change: str, told: str) -> None:
    file = tmp_path / "carnet.db"
    sqlite.migrate(file)
    with house_at(f"sqlite:///{file}", ReadTables(f"{file}-views", READ_MODELS)) as house:
        desk = house.desk()
        service = desk.service()
        package = desk.sell(desk.customer("Anna"), desk.offer(service))["id"]
        desk.customer("Bela")
        desk.redeem(package, service)
        used = desk.head
        connection = sqlite3.connect(file)
        for trigger in ("facts_update", "facts_delete"):
            connection.execute(f"DROP TRIGGER {trigger}")
        connection.execute(change.format(used=used))
        connection.commit()
        connection.close()
        found = desk.get(f"/v1/packages/{package}/verification")
        browser = Browser.signed_in(desk)
        browser.go(f"/audit/packages/{package}")
    assert (found["intact"], found["position"]) == (False, used)
    assert told in found["reason"]
    assert "This package is not as it was recorded." in browser.text
