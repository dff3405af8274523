"""Whoever changes a row beside the facts by hand is found, with the table and the row."""

from collections.abc import Sequence
from typing import Any

import pytest

from domain.actor import Role
from domain.ledger.envelope import StoredFact
from domain.ledger.tables import OF_POSTGRESQL, OF_SQLITE, TABLES
from replay.proof.prove import Proof
from tests.api.desk import Desk, money
from tests.api.images import PNG
from tests.api.resources.test_checklist_bookings import book
from tests.api.resources.test_photos import send
from tests.replay.proof import attacks
from tests.replay.proof.attacks import Attack, Books, attacked_tables, found_after, open_books, random_attack

pytest_plugins = ["tests.api.houses"]

SEEDS = {"sqlite": 200, "postgresql": 30}
"""Random attacks on each store."""


def everything(desk: Desk) -> None:
    """A business with rows in every table that is proved: also of somebody who was erased."""
    massage = desk.service()
    offer = desk.offer(massage)
    face = send(desk, PNG).json()["id"]
    anna = desk.customer(
        "Anna", mobile="+36301234567", photo=face, external_ref={"source": "till", "ref": "A-1"}
    )
    bea, cleo, dora = (desk.customer(name, mobile="+3630111222" + name[0]) for name in ("2", "3", "4"))
    paid = {"amount": money(25_000), "method": "cash", "external_ref": {"source": "bank", "ref": "7"}}
    package = desk.sell(anna, offer, payment=paid, note="Allergic to nuts")["id"]
    desk.sell(cleo, offer, purchased_by=anna)
    used = desk.redeem(package, massage, booking_id="bkg_elsewhere")["redemption_id"]
    desk.do(f"/v1/redemptions/{used}/restorations", {"reason": "She did not come"})
    book(desk, anna, massage)
    desk.do(f"/v1/packages/{package}/transfers", {"to_customer_id": bea, "line": 1, "quantity": 3})
    desk.do(f"/v1/customers/{anna}/points", {"action": "add", "points": 5, "reason": "Birthday"})
    double = desk.customer("Anna")
    desk.do(f"/v1/customers/{anna}/merge", {"absorbed_customer_id": double})
    gone = desk.sell(dora, offer, note="Moved to Vienna")["id"]
    desk.do(f"/v1/packages/{gone}/cancellation", {"reason": "Moved away"})
    key = desk.do("/v1/keys", {"name": "Dora", "role": "customer", "customer_id": dora})["id"]
    desk.do(f"/v1/customers/{dora}/erasure")
    assert key
    second = desk.do("/v1/keys", {"name": "front desk", "role": "staff"})["id"]
    desk.do("/v1/keys", {"name": "year end", "role": "auditor"})
    desk.do(f"/v1/keys/{second}/revocation")
    desk.as_role(Role.MANAGER)


@pytest.fixture
def told(either_desk: Desk) -> Desk:
    everything(either_desk)
    return either_desk


def assert_found(books: Books, attack: Attack) -> None:
    found = found_after(books)
    assert any(attack.is_told_by(finding) for finding in found), (attack, [each.line for each in found][:5])
    lines = " ".join(each.line for each in found)
    for personal in ("Anna", "301234567", "nuts", "Moved"):
        assert personal not in lines, "a finding tells no personal data"


def test_every_table_of_the_schema_has_a_standing(told: Desk) -> None:
    with open_books(told.carnet, told.business_id) as books:
        here = OF_SQLITE if "people_grams" in books.tables() else OF_POSTGRESQL
        assert set(books.tables()) == set(TABLES) | set(here)


def test_books_that_nobody_changed_raise_no_alarm(told: Desk) -> None:
    with open_books(told.carnet, told.business_id) as books:
        assert found_after(books) == []


def test_facts_of_right_books_are_read_once(told: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_books(told.carnet, told.business_id) as books:
        evidence = books.evidence()
        read: list[int] = []

        def facts(after: int, limit: int, of: Any = evidence.facts) -> Sequence[StoredFact]:
            page: Sequence[StoredFact] = of(after, limit)
            read.extend(fact.position for fact in page if limit > 1)
            return page

        monkeypatch.setattr(evidence, "facts", facts)
        assert list(Proof(evidence, None).findings()) == []
        head = evidence.head()
        assert head is not None
        assert read == list(range(1, head.head.position + 1)), (
            "sums tell that all claims, streams and requests are right"
        )


def test_every_deleted_row_is_missed(told: Desk) -> None:
    with open_books(told.carnet, told.business_id) as books:
        for table in attacked_tables(books):
            assert_found(books, attacks.delete(books, table, books.rows(table)[0]))


def test_every_forged_row_is_found(told: Desk) -> None:
    with open_books(told.carnet, told.business_id) as books:
        for table in set(attacked_tables(books)) - {"ledgers", "key_rosters"}:
            assert_found(books, attacks.insert(books, table, books.rows(table)[-1]))


def test_every_altered_column_is_found(told: Desk) -> None:
    with open_books(told.carnet, told.business_id) as books:
        for table in attacked_tables(books):
            row = next(row for row in books.rows(table) if not is_erased_key(row))
            for column in row:
                assert_found(books, attacks.alter(books, table, row, column))


def test_a_fault_where_sums_are_compared_raises_no_alarm_elsewhere(told: Desk) -> None:
    with open_books(told.carnet, told.business_id) as books:
        for table, column in (
            ("streams", "customer"),
            ("streams", "spent"),
            ("claims", "stream"),
            ("requests", "facts"),
        ):
            row = next(row for row in books.rows(table) if row[column] and "/" not in str(row.get("claim")))
            attacks.alter(books, table, row, column)
            (found,) = found_after(books)
            assert found.table == table


def test_rows_that_were_swapped_are_found(told: Desk) -> None:
    with open_books(told.carnet, told.business_id) as books:
        for table in set(attacked_tables(books)) - {"ledgers", "key_rosters"}:
            rows = [row for row in books.rows(table) if not is_erased_key(row)]
            for column in set(rows[0]) - {*attacks.KEYS[table], attacks.owner_in(table), "number"}:
                pair = next(((a, b) for a in rows for b in rows if a[column] != b[column]), None)
                if pair is not None:
                    assert_found(books, attacks.swap(books, table, *pair, column))


def test_random_attacks_are_found(told: Desk) -> None:
    with open_books(told.carnet, told.business_id) as books:
        store = "sqlite" if "people_grams" in books.tables() else "postgresql"
        done: set[str] = set()
        for seed in range(SEEDS[store]):
            attack = random_attack(books, seed)
            done.add(attack.table)
            if attack.is_harmless:
                books.undo()
            else:
                assert_found(books, attack)
        if store == "sqlite":
            assert done == set(attacked_tables(books)), "every table was attacked"


def is_erased_key(row: attacks.Stored) -> bool:
    """A key of somebody who was erased: it opens nothing, and its guard went with the name."""
    return row.get("name") == "(erased)"
