"""Copies of a ledger file, and the write-ahead log that would be missing in one."""

import os
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from domain.ledger.embedded.sqlite.backup import as_one_file, copy, draft_beside, put_in_place, set_aside
from domain.ledger.embedded.sqlite.store import SqliteStore
from domain.ledger.errors import LedgerUnavailable
from tests.domain.ledger.examples import BUSINESS, PACKAGE, assert_chained, next_fact, opening, stored
from tests.ready import WAIT_S_MAX


def facts_in(file: Path) -> int:
    with closing(sqlite3.connect(file)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM facts").fetchone()
    return int(count)


def a_used_store(file: Path, idle_s: float = 3_600) -> SqliteStore:
    store = SqliteStore(file, idle_s=idle_s)
    store.open_ledger(BUSINESS)
    stored(store.ledger(BUSINESS), opening(PACKAGE))
    for version in range(2, 50):
        stored(store.ledger(BUSINESS), next_fact(PACKAGE, version))
    return store


def test_the_file_alone_holds_every_fact_once_nothing_was_written_for_a_while(
    ledger_file: Path, tmp_path: Path
) -> None:
    log = ledger_file.with_name("ledger.db-wal")
    store = a_used_store(ledger_file, idle_s=0.05)
    try:
        deadline = time.monotonic() + WAIT_S_MAX
        while log.stat().st_size and time.monotonic() < deadline:
            time.sleep(0.01)

        shutil.copyfile(ledger_file, tmp_path / "alone.db")
        assert facts_in(tmp_path / "alone.db") == 49

        stored(store.ledger(BUSINESS), next_fact(PACKAGE, 50))  # and it goes on
        assert assert_chained(store.ledger(BUSINESS)) == 50
    finally:
        store.close()


def test_a_reader_only_puts_the_emptying_of_the_log_off(ledger_file: Path) -> None:
    log = ledger_file.with_name("ledger.db-wal")
    with closing(sqlite3.connect(ledger_file, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM facts").fetchone() == (0,)
        store = a_used_store(ledger_file, idle_s=0.02)
        try:
            time.sleep(0.3)
            assert log.stat().st_size > 0
            reader.execute("ROLLBACK")
            deadline = time.monotonic() + WAIT_S_MAX
            while log.stat().st_size and time.monotonic() < deadline:
                time.sleep(0.01)
            assert log.stat().st_size == 0
        finally:
            store.close()


def test_a_closed_store_leaves_nothing_in_the_log_though_another_process_has_the_file_open(
    ledger_file: Path, tmp_path: Path
) -> None:
    with closing(SqliteStore(ledger_file)) as other:
        a_used_store(ledger_file).close()
        shutil.copyfile(ledger_file, tmp_path / "alone.db")
        assert facts_in(tmp_path / "alone.db") == 49
        assert other.ledger(BUSINESS).head().position == 49


def test_a_copy_of_a_file_in_use_is_one_file_with_every_fact_for_its_owner_alone(
    ledger_file: Path, tmp_path: Path
) -> None:
    target = tmp_path / "kept" / "books.db"
    target.parent.mkdir()
    with closing(a_used_store(ledger_file)) as store, store.reading(BUSINESS):
        shutil.copyfile(ledger_file, tmp_path / "alone.db")
        with draft_beside(target) as draft:
            copy(ledger_file, draft)
            as_one_file(draft)
            put_in_place(draft, target)

    assert facts_in(tmp_path / "alone.db") == 0, "the facts were in the file already: this proves nothing"
    assert facts_in(target) == 49
    assert target.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in target.parent.iterdir()] == ["books.db"]


def test_what_is_put_in_place_is_not_mixed_with_the_log_of_what_was_there(
    ledger_file: Path, tmp_path: Path
) -> None:
    backup = tmp_path / "books.db"
    with draft_beside(backup) as draft:
        copy(ledger_file, draft)  # before anything was recorded
        as_one_file(draft)
        put_in_place(draft, backup)
    killed = a_used_store(ledger_file)
    log = ledger_file.with_name("ledger.db-wal")
    shutil.copyfile(log, tmp_path / "log")
    killed.close()
    shutil.copyfile(tmp_path / "log", log)  # as a server that was killed leaves it

    with draft_beside(ledger_file) as draft:
        copy(backup, draft)
        as_one_file(draft)
        put_in_place(draft, ledger_file)

    assert facts_in(ledger_file) == 0


def test_what_was_there_is_kept_with_what_lay_in_its_log(ledger_file: Path, tmp_path: Path) -> None:
    store = a_used_store(ledger_file)
    with store.reading(BUSINESS):
        set_aside(ledger_file, tmp_path / "kept.db")
    store.close()

    assert facts_in(tmp_path / "kept.db") == 49


def test_a_draft_leaves_nothing_behind_when_something_fails(ledger_file: Path, tmp_path: Path) -> None:
    target = tmp_path / "kept" / "books.db"
    target.parent.mkdir()

    def fail_half_way() -> None:
        with draft_beside(target) as draft:
            copy(ledger_file, draft)
            draft.with_name(f"{draft.name}-wal").touch()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()

    assert list(target.parent.iterdir()) == []


def test_a_damaged_file_makes_no_copy(ledger_file: Path, tmp_path: Path) -> None:
    a_used_store(ledger_file).close()
    damaged = bytearray(ledger_file.read_bytes())
    damaged[4096 * 6 :] = os.urandom(len(damaged) - 4096 * 6)
    ledger_file.write_bytes(damaged)

    def back_up() -> None:
        with draft_beside(tmp_path / "books.db") as draft:
            copy(ledger_file, draft)
            as_one_file(draft)

    with pytest.raises(LedgerUnavailable):
        back_up()
