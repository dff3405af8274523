"""Auditors have the whole ledger proved over HTTP."""

import sqlite3
from pathlib import Path

from domain.actor import Role
from domain.ledger.embedded import sqlite
from projections.engine.tables import ReadTables
from projections.models.registry import READ_MODELS
from tests.api.desk import Desk, house_at

pytest_plugins = ["tests.api.houses"]
NOTHING = {"findings": [], "findings_in_all": 0}


def test_the_chain_is_recomputed_for_an_auditor(either_desk: Desk) -> None:
    desk = either_desk
    desk.sell(desk.customer("Anna"), desk.offer(desk.service()))
    head = desk.get("/v1/ledger/head")
    told = desk.as_role(Role.AUDITOR).get("/v1/ledger/verification")
    assert (
        told == {"intact": True, "position": head["position"], "hash": head["hash"], "reason": None} | NOTHING
    )
    assert desk.as_role(Role.STAFF).ask("/v1/ledger/verification").json()["code"] == "forbidden"


def test_a_changed_byte_is_named_by_its_position(tmp_path: Path) -> None:
    file = tmp_path / "carnet.db"
    sqlite.migrate(file)
    with house_at(f"sqlite:///{file}", ReadTables(f"{file}-views", READ_MODELS)) as house:
        desk = house.desk()
        desk.service()
        desk.service("Talk")
        connection = sqlite3.connect(file)
        connection.execute("DROP TRIGGER facts_update")
        changed = "CAST(replace(CAST(data AS TEXT), 'Massage 60', 'Massage 90') AS BLOB)"
        connection.execute(f"UPDATE facts SET data = {changed} WHERE position = 2")
        connection.commit()
        connection.close()
        told = desk.get("/v1/ledger/verification")
    assert (told["intact"], told["position"], told["hash"]) == (False, 2, None)
    assert "hash" in told["reason"]
