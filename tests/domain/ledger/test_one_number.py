"""Two ids that have one number (decision 35): the second is refused, and nothing of one is read as the other's."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.persistence import IntegrityError

from domain.decision import NewStream, Reads
from domain.ledger import numbers
from domain.ledger.contract import LedgerRecorder
from domain.ledger.embedded import sqlite
from domain.ledger.embedded.sqlite.store import SqliteStore
from domain.ledger.errors import UnknownBusiness
from domain.ledger.records import Append
from tests.domain.ledger.examples import BUSINESS, CUSTOMER, OTHER, assert_chained, conflict, opening, stored

FIRST, SECOND = "pkg_a", "pkg_b"


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A store to which two packages have one number, and so have two businesses."""

    def same(id: bytes) -> Any:
        return sha256({b"pkg_b": b"pkg_a", OTHER.encode(): BUSINESS.encode()}.get(id, id))

    monkeypatch.setattr(numbers, "sha256", same)
    numbers.number_of.cache_clear()
    file = tmp_path / "carnet.db"
    sqlite.migrate(file)
    store = SqliteStore(file)
    store.open_ledger(BUSINESS)
    yield store
    store.close()
    numbers.number_of.cache_clear()


def test_a_stream_with_the_number_of_another_is_refused_and_reads_nothing_of_it(store: SqliteStore) -> None:
    ledger: LedgerRecorder = store.ledger(BUSINESS)
    stored(ledger, opening(FIRST, customer_id=CUSTOMER))
    assert conflict(ledger, opening(SECOND, customer_id=CUSTOMER)) == SECOND
    assert [each.stream_id for each in ledger.stream(FIRST)] == [FIRST]
    assert not ledger.stream(SECOND)
    assert not ledger.load(Reads({SECOND: 0}), []).facts
    assert ledger.streams_of(CUSTOMER, "package") == [FIRST]
    assert assert_chained(ledger) == 1


def test_two_streams_of_one_command_with_one_number_are_refused(store: SqliteStore) -> None:
    ledger = store.ledger(BUSINESS)
    one, other = opening(FIRST), opening(SECOND)
    both = Append(
        (*one.facts, *other.facts),
        {FIRST: 0, SECOND: 0},
        streams=(NewStream("package", FIRST, None), NewStream("package", SECOND, None)),
    )
    with pytest.raises(IntegrityError, match="position or version"):
        ledger.append([both])
    assert assert_chained(ledger) == 0


def test_a_business_with_the_number_of_another_is_not_opened(store: SqliteStore) -> None:
    stored(store.ledger(BUSINESS), opening(FIRST))
    with pytest.raises(IntegrityError, match="the ledger is open"):
        store.open_ledger(OTHER)
    with pytest.raises(UnknownBusiness):
        store.ledger(OTHER).head()
