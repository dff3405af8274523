"""Verification finds every change of what was recorded, at its first position."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from domain.ledger.contract import LedgerRecorder
from domain.ledger.embedded.memory import MemoryStore
from domain.ledger.embedded.sqlite.schema import migrate
from domain.ledger.embedded.sqlite.store import SqliteStore
from domain.ledger.envelope import NewFact, StoredFact
from domain.ledger.records import Append, Stored
from replay.verify import Broken, Intact, verify

FACTS = 9


def fact(n: int) -> NewFact:
    return NewFact("package", "pkg_1", n, "package.noted", 1, b'{"n":%d}' % n, b"{}")


def fill(recorder: LedgerRecorder) -> None:
    for n in range(1, FACTS + 1):
        (stored,) = recorder.append([Append((fact(n),), {})])
        assert isinstance(stored, Stored)


def test_an_untouched_ledger_is_intact_to_its_head() -> None:
    store = MemoryStore()
    store.open_ledger("biz_1")
    recorder = store.ledger("biz_1")
    assert verify(recorder) == Intact("biz_1", 0, recorder.head().hash)

    fill(recorder)
    steps: list[tuple[int, int]] = []

    assert verify(recorder, lambda done, of: steps.append((done, of))) == Intact(
        "biz_1", FACTS, recorder.head().hash
    )
    assert steps[-1] == (FACTS, FACTS)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.db"
    migrate(path)
    store = SqliteStore(path)
    store.open_ledger("biz_1")
    fill(store.ledger("biz_1"))
    store.close()
    return path


def tampered(path: Path, *statements: str) -> Intact | Broken:
    """What verification finds after somebody with the file had their way."""
    connection = sqlite3.connect(path)
    names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    for (name,) in names:
        connection.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    store = SqliteStore(path)
    try:
        return verify(store.ledger("biz_1"))
    finally:
        store.close()


SWAP = (
    "UPDATE facts SET position = 100 WHERE position = 4",
    "UPDATE facts SET position = 4 WHERE position = 6",
    "UPDATE facts SET position = 6 WHERE position = 100",
)


@pytest.mark.parametrize(
    ("statements", "position"),
    [
        (("UPDATE facts SET data = X'7B226E223A397D' WHERE position = 5",), 5),
        (("UPDATE facts SET meta = X'5B5D' WHERE position = 1",), 1),
        (("UPDATE facts SET shape = meta_shape WHERE position = 5",), 5),
        (("UPDATE facts SET shape = -1 WHERE position = 5",), 5),
        (("UPDATE facts SET meta_shape = shape WHERE position = 5",), 5),
        (("UPDATE facts SET meta_shape = -1 WHERE position = 5",), 5),
        (
            (
                "UPDATE shapes SET name = 'package.undone' WHERE number = (SELECT shape FROM facts WHERE position = 1)",
            ),
            1,
        ),
        (
            (
                "UPDATE shapes SET name_version = 2 WHERE number = (SELECT shape FROM facts WHERE position = 1)",
            ),
            1,
        ),
        (
            (
                "UPDATE shapes SET kind = 'customer' WHERE number = (SELECT shape FROM facts WHERE position = 1)",
            ),
            1,
        ),
        (
            (
                "UPDATE shapes SET text = text || ' ' WHERE number = (SELECT shape FROM facts WHERE position = 1)",
            ),
            1,
        ),
        (
            (
                "UPDATE shapes SET text = text || '%s' WHERE number = (SELECT shape FROM facts WHERE position = 1)",
            ),
            1,
        ),
        (("DELETE FROM shapes",), 1),
        (("UPDATE facts SET stream_id = 'pkg_2' WHERE position = 5",), 5),
        (("UPDATE facts SET stream_id = 'pkg_2' WHERE position = 1",), 1),
        (("UPDATE facts SET stream_id = '' WHERE position = 1",), 1),
        (("UPDATE facts SET stream = stream + 1 WHERE position = 1",), 1),
        (("UPDATE facts SET stream = stream + 1 WHERE position = 5",), 5),
        (("UPDATE facts SET version = 4000000000000 WHERE position = 5",), 5),
        (("UPDATE facts SET version = -1 WHERE position = 5",), 5),
        (("UPDATE facts SET recorded_at = recorded_at + 1 WHERE position = 9",), 9),
        (("UPDATE facts SET recorded_at = 0 WHERE position = 5",), 5),
        (("UPDATE facts SET hash = zeroblob(32) WHERE position = 5",), 5),
        (("DELETE FROM facts WHERE position = 5",), 5),
        (("DELETE FROM facts WHERE position = 1",), 1),
        (("DELETE FROM facts WHERE position = 9",), 9),
        (("DELETE FROM facts WHERE position > 3",), 4),
        (SWAP, 4),
        (
            (
                "INSERT INTO facts SELECT ledger, 10, stream, stream_id, 10, shape, data, meta_shape,"
                " meta, recorded_at, hash FROM facts WHERE position = 9",
            ),
            10,
        ),
        (("UPDATE ledgers SET hash = zeroblob(32)",), 9),
        (("UPDATE ledgers SET position = 12",), 10),
    ],
)
def test_a_change_is_found_at_its_position(file: Path, statements: tuple[str, ...], position: int) -> None:
    found = tampered(file, *statements)

    assert isinstance(found, Broken)
    assert found.position == position


@given(data=st.data())
def test_any_byte_that_changes_is_found(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    store = MemoryStore()
    store.open_ledger("biz_1")
    recorder = store.ledger("biz_1")
    fill(recorder)
    position = data.draw(st.integers(1, FACTS))
    change = data.draw(st.sampled_from(CHANGES))
    _replace(store, position, change)

    found = verify(recorder)

    assert isinstance(found, Broken)
    assert found.position == position


def _flip(bytes_: bytes) -> bytes:
    return bytes_[:-1] + bytes([bytes_[-1] ^ 1])


CHANGES: list[Callable[[StoredFact], dict[str, Any]]] = [
    lambda fact: {"data": _flip(fact.data)},
    lambda fact: {"data": fact.data + b" "},
    lambda fact: {"meta": _flip(fact.meta)},
    # The same bytes, cut elsewhere.
    lambda fact: {"data": fact.data + fact.meta[:1], "meta": fact.meta[1:]},
    lambda fact: {"stream_id": fact.stream_id[:-1], "version": fact.version * 256},
    lambda fact: {"hash": _flip(fact.hash)},
]


def _replace(store: MemoryStore, position: int, change: Callable[[StoredFact], dict[str, Any]]) -> None:
    with store.writing("biz_1") as transaction:
        log = transaction.books.log
        log[position - 1] = structs.replace(log[position - 1], **change(log[position - 1]))
