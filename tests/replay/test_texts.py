"""Texts and the commitments of their facts: kept, erased with their customer, changed or lost."""

import sqlite3
from contextlib import closing
from pathlib import Path

from domain.ledger.embedded import sqlite
from domain.ledger.embedded.sqlite.store import SqliteStore
from projections.engine.tables import ReadTables
from projections.models.registry import READ_MODELS
from replay.texts import TextsHeld, held_texts
from tests.api.desk import house_at


def held_after(tmp_path: Path, *changes: str) -> TextsHeld:
    """Two customers with a reason and a note each, the first one erased; then changes by hand."""
    file = tmp_path / "carnet.db"
    sqlite.migrate(file)
    with house_at(f"sqlite:///{file}", ReadTables(f"{file}-views", READ_MODELS)) as house:
        desk = house.desk()
        offer = desk.offer(desk.service())
        for name in ("Anna", "Bea"):
            customer = desk.customer(name)
            package = desk.sell(customer, offer, note="Allergic to nuts")["id"]
            desk.do(f"/v1/packages/{package}/cancellation", {"reason": "Moved away"})
            if name == "Anna":
                desk.do(f"/v1/customers/{customer}/erasure")
    with closing(sqlite3.connect(file)) as connection:
        for change in changes:
            connection.execute(change)
        connection.commit()
    with closing(SqliteStore(file)) as store:
        return held_texts(store.ledger(desk.business_id))


def test_texts_are_as_committed_to_or_erased_with_their_customer(tmp_path: Path) -> None:
    held = held_after(tmp_path)
    assert (held.kept, held.erased, held.is_right) == (2, 2, True)


def test_a_text_that_is_merely_gone_is_lost(tmp_path: Path) -> None:
    held = held_after(tmp_path, "DELETE FROM texts WHERE text = 'Moved away'")
    assert (held.kept, held.erased, len(held.lost), held.is_right) == (1, 2, 1, False)


def test_a_forged_text_is_found(tmp_path: Path) -> None:
    held = held_after(
        tmp_path, "DROP TRIGGER texts_update", "UPDATE texts SET text = 'Paid' WHERE text = 'Moved away'"
    )
    assert (held.kept, len(held.changed), held.is_right) == (1, 1, False)
