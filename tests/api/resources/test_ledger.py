"""Auditors have the whole ledger proved over HTTP."""

import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path

from domain.actor import Role
from domain.ledger.embedded import sqlite
from domain.ledger.evidence import rows
from domain.ledger.tables import OF_BUSINESSES
from projections.engine.tables import ReadTables
from projections.models.registry import READ_MODELS
from replay.proof.mend import mend
from replay.proof.prove import Proof
from tests.api.desk import Desk, house_at
from tests.api.pages.browser import Browser
from tests.replay.proof.attacks import by_hand

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


def test_verification_shows_the_first_findings_and_counts_all(either_desk: Desk) -> None:
    desk = either_desk
    ids = [desk.customer(f"Customer {n}") for n in range(105)]
    by_hand(desk.carnet, "DELETE FROM people_search WHERE business_id = ?", desk.business_id)
    told = desk.as_role(Role.AUDITOR).get("/v1/ledger/verification")
    assert (told["intact"], told["findings_in_all"], len(told["findings"])) == (False, len(ids), 100)
    assert {each["key"] for each in told["findings"]} < set(ids)
    with desk.carnet.store.mending(desk.business_id) as mending:
        assert len(list(mend(mending, Proof(mending, None)))) == len(ids)
    assert desk.get("/v1/ledger/verification")["intact"]


def test_verifications_are_remembered_with_who_asked_and_prove_nothing(either_desk: Desk) -> None:
    desk = either_desk
    desk.customer("Anna")
    assert desk.get("/v1/ledger/verifications")["data"] == []
    auditor = desk.as_role(Role.AUDITOR)
    proof = auditor.do("/v1/ledger/verifications")
    desk.clock.forward(minutes=1)
    by_hand(desk.carnet, "DELETE FROM people_search WHERE business_id = ?", desk.business_id)
    desk.do("/v1/ledger/verifications")
    latest, first = desk.get("/v1/ledger/verifications")["data"]
    assert (first["intact"], first["position"], first["hash"], first["place"]) == (
        True,
        proof["position"],
        proof["hash"],
        "api",
    )
    assert (latest["intact"], latest["findings_in_all"], latest["reason"]) == (False, 1, None)
    assert (first["verified_by"]["role"], first["verified_by"]["name"]) == ("auditor", "auditor")
    (one,) = auditor.get("/v1/ledger/verifications", limit=1)["data"]
    assert (one["verified_at"], one["verified_by"]["name"]) == (latest["verified_at"], None), "no names"
    assert [each["verified_at"] for each in desk.all_of("/v1/ledger/verifications", limit=1)] == [
        latest["verified_at"],
        first["verified_at"],
    ]
    assert desk.as_role(Role.STAFF).ask("/v1/ledger/verifications").status_code == 403
    with desk.carnet.store.mending(desk.business_id) as mending:
        assert list(mend(mending, Proof(mending, None)))


def test_a_verification_that_came_farther_than_the_facts_is_found(either_desk: Desk) -> None:
    desk = either_desk
    desk.do("/v1/ledger/verifications")
    for position, wrong in ((2, ["verifications"]), (1, [])):
        changed = "UPDATE verifications SET position = ? WHERE business_id = ?"
        by_hand(desk.carnet, changed, position, desk.business_id)
        told = desk.get("/v1/ledger/verification")
        assert [each["table"] for each in told["findings"]] == wrong


def rows_of(desk: Desk) -> Mapping[str, Sequence[object]]:
    """All rows of the business in each table of the ledger."""
    with desk.carnet.store.evidence(desk.business_id) as evidence:
        return {table: [*rows(evidence, table)] for table in OF_BUSINESSES if table != "facts"}


def test_no_question_changes_what_others_can_read(either_desk: Desk) -> None:
    """A verification that was only asked for, also by a page, by HEAD, or by a browser that fetches ahead."""
    desk = either_desk
    desk.customer("Anna")
    key = {"Authorization": f"Bearer {desk.as_role(Role.AUDITOR).key}"}
    cookie = {"cookie": Browser.signed_in(desk).cookie}
    before, head = rows_of(desk), desk.head
    for address, headers in (
        ("/v1/ledger/verification", key),
        ("/audit", cookie),
        ("/audit/facts/1", cookie),
    ):
        for method in ("HEAD", "GET"):
            assert desk.client.request(method, address, headers=headers).status_code == 200
    assert desk.try_out("/v1/ledger/verifications", {})["intact"]
    assert (rows_of(desk), desk.head) == (before, head)
    assert desk.get("/v1/ledger/verifications")["data"] == []


def test_a_verification_that_is_asked_for_again_is_remembered_once_and_records_no_fact(
    either_desk: Desk,
) -> None:
    desk = either_desk
    auditor, head = desk.as_role(Role.AUDITOR), desk.head
    first, again = (auditor.post("/v1/ledger/verifications", {}, key="k-1") for _ in range(2))
    assert (first.status_code, first.content) == (201, again.content)
    assert first.json()["intact"]
    assert (len(desk.get("/v1/ledger/verifications")["data"]), desk.head) == (1, head)
    for role in (Role.STAFF, Role.INTEGRATION):
        desk.as_role(role).refused("/v1/ledger/verifications", {}, "forbidden")


def test_books_that_are_only_read_are_verified_and_nothing_is_remembered(desk: Desk) -> None:
    browser = Browser.signed_in(desk)
    browser.go("/audit")
    vars(desk.carnet.store)["_file"].read_only = True
    try:
        assert desk.get("/v1/ledger/verification")["intact"]
        problem = desk.refused("/v1/ledger/verifications", {}, "storage-unavailable")
        browser.send("/verification")
    finally:
        vars(desk.carnet.store)["_file"].read_only = False
    assert problem["read_only"]
    assert "The chain holds." in browser.text
    assert desk.get("/v1/ledger/verifications")["data"] == []
