"""Copying the books while they are served, getting them back, and holding them to what was kept elsewhere."""

import re
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.http.api_keys import Keys
from api.outbound.deliverer import Deliverer
from api.outbound.mail_server import mail_server
from api.server.settings import Settings
from domain.ledger.carnet import Carnet
from domain.ledger.embedded.sqlite.store import SqliteStore
from domain.ledger.records import StoredMessage
from tests.api.cli.conftest import Terminal, sqlite_terminal
from tests.api.cli.world import ledger_of
from tests.api.peppers import pepper_of
from tests.bench.server import free_port
from tests.command_process import CommandProcess, start
from tests.ready import wait_until_ready


@contextmanager
def served(terminal: Terminal, *options: object) -> Iterator[tuple[CommandProcess, str]]:
    """`carnet serve` on these books, and its address."""
    port = free_port()
    process = start("serve", "--port", port, *options, environment=terminal.environment)
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until_ready(process, port)
        yield process, address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def define_services(address: str, key: str, count: int) -> None:
    with httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
        for n in range(count):
            body = {"name": f"Service {n}", "service_type": "Massage"}
            client.post(
                f"{address}/v1/services", json=body, headers={"Idempotency-Key": f"k-{n}"}
            ).raise_for_status()


def books(terminal: Terminal) -> Path:
    return Path(terminal.environment["CARNET_DATABASE"].removeprefix("sqlite:///"))


def opened_business(terminal: Terminal) -> tuple[str, str]:
    told: dict[str, str] = terminal.told("open", "Szalon", "--currency", "EUR", "--time-zone", "UTC")
    return told["business_id"], told["key"]


def head_of(printed: str) -> tuple[int, str]:
    found = re.search(r"position (\d+), head ([0-9a-f]{64})", printed)
    assert found, printed
    return int(found[1]), found[2]


def test_a_backup_of_served_books_has_every_acknowledged_fact_and_can_be_restored_elsewhere(
    embedded: Terminal, tmp_path: Path
) -> None:
    business_id, key = opened_business(embedded)
    file = tmp_path / "backup.db"
    with served(embedded) as (_, address):
        define_services(address, key, 55)
        told = embedded.run("backup", file)
        define_services(address, key, 57)  # it goes on: 55 retries, two new

    position, hash = head_of(told.stdout)
    assert position == 56
    assert file.stat().st_mode & 0o777 == 0o600
    assert "pepper is not in it" in told.stderr

    elsewhere = sqlite_terminal(tmp_path / "elsewhere")
    restored = elsewhere.run("restore", file).stdout
    assert head_of(restored) == (56, hash)
    shutil.copyfile(f"{books(embedded)}-pepper", f"{books(elsewhere)}-pepper")
    Path(f"{books(elsewhere)}-pepper").chmod(0o600)
    assert f"intact, 56 facts, head {hash}" in elsewhere.run("verify", "--read-models").stdout
    with ledger_of(elsewhere, business_id) as (_, store):
        assert Keys(store, pepper_of(Settings.read(elsewhere.environment))).caller(key)
    elsewhere.run("verify", "--expect", f"56:{hash}")
    embedded.run("verify", "--expect", f"56:{hash}")


def test_a_backup_overwrites_nothing_unless_it_is_told_to(loaded: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "backup.db"
    file.write_text("something of mine")

    assert "--force" in loaded.run("backup", file, status=1).stderr
    assert file.read_text() == "something of mine"
    heads = loaded.run("backup", file, "--force").stdout

    assert head_of(heads)[0] > 171
    assert "a folder" in loaded.run("backup", tmp_path, "--force", status=1).stderr
    assert "itself" in loaded.run("backup", books(loaded), "--force", status=1).stderr
    missing = loaded.run("backup", tmp_path / "no" / "b.db", status=1).stderr
    assert "cannot be written" in missing
    assert len(missing.splitlines()) == 1


def test_a_backup_tells_a_program_where_each_business_ends(loaded: Terminal, tmp_path: Path) -> None:
    second = loaded.open_business("Second")

    told = loaded.told("backup", tmp_path / "backup.db")

    assert [head["position"] > 1 for head in told["heads"] if head["business_id"] != second] == [True]
    (one,) = [head for head in told["heads"] if head["business_id"] == second]
    loaded.run("verify", "--business", second, "--expect", f"{one['position']}:{one['hash']}")


def test_a_broken_chain_makes_no_backup(loaded: Terminal, tmp_path: Path) -> None:
    with closing(sqlite3.connect(books(loaded))) as connection:
        connection.execute("DROP TRIGGER facts_update")
        connection.execute("UPDATE facts SET meta = X'7B7D' WHERE position = 100")
        connection.commit()

    told = loaded.run("backup", tmp_path / "backup.db", status=1).stderr

    assert "BROKEN at position 100" in told
    assert [path for path in tmp_path.iterdir() if "backup" in path.name] == []


def test_what_waits_in_a_backup_is_not_sent_after_a_restore(loaded: Terminal, tmp_path: Path) -> None:
    with closing(SqliteStore(books(loaded))) as store:
        ((business_id, head),) = store.heads()
        store.outbox.switch_on(store.place(), 1, anew=True)
        waiting = StoredMessage(business_id, "msg_1", head, 1, "package_purchased", "en", "cus_1", "pkg_1")
        store.outbox.plan(business_id, head, [waiting])
    loaded.run("backup", tmp_path / "backup.db")
    assert loaded.told("messages")["totals"] == [
        {"business_id": business_id, "state": "waiting", "messages": 1}
    ]

    loaded.run("restore", tmp_path / "backup.db", "--force")

    server = mail_server("smtp://localhost:9?tls=off", "a@example.org")
    with closing(Carnet(f"sqlite:///{books(loaded)}")) as carnet:
        Deliverer(carnet, server).begin()
    (given_up,) = loaded.told("messages")["messages"]
    assert (given_up["state"], given_up["reason"]) == ("given_up", "restored")
    assert "1 messages were given up" in loaded.run("status", status=-1).stderr


def test_a_restore_keeps_the_books_that_were_there_and_makes_the_read_models_anew(
    loaded: Terminal, tmp_path: Path
) -> None:
    file = tmp_path / "backup.db"
    loaded.liability()
    before = loaded.run("verify").stdout
    loaded.run("backup", file)
    later = loaded.open_business("Opened later")

    assert "--force" in loaded.run("restore", file, status=1).stderr
    told = loaded.run("restore", file, "--force").stdout

    kept = Path(re.search(r"kept what was there as (.+)", told)[1])  # type: ignore[index]
    with closing(sqlite3.connect(kept)) as connection:
        assert (later,) in connection.execute("SELECT business_id FROM ledgers").fetchall()
    assert not Path(f"{books(loaded)}-views").exists()
    assert loaded.run("verify").stdout == before
    assert loaded.liability()["packages"] == 171
    assert "0 rows differ" in loaded.run("verify", "--read-models").stdout
    assert loaded.run("verify", "--business", later, status=1)


def test_a_new_and_empty_ledger_file_is_no_reason_to_ask(loaded: Terminal, tmp_path: Path) -> None:
    loaded.run("backup", tmp_path / "backup.db")
    fresh = sqlite_terminal(tmp_path / "fresh")
    fresh.run("migrate")

    fresh.run("restore", tmp_path / "backup.db")

    assert fresh.liability()["packages"] == 171


@pytest.mark.parametrize("content", [b"", b"no database", b"x" * 8192], ids=["empty", "short", "long"])
def test_what_is_no_backup_is_not_restored(loaded: Terminal, tmp_path: Path, content: bytes) -> None:
    before = loaded.run("verify").stdout
    (tmp_path / "backup.db").write_bytes(content)

    told = loaded.run("restore", tmp_path / "backup.db", "--force", status=1).stderr

    assert len(told.splitlines()) == 1
    assert loaded.run("verify").stdout == before
    assert "no file" in loaded.run("restore", tmp_path / "missing.db", status=1).stderr
    assert "itself" in loaded.run("restore", books(loaded), "--force", status=1).stderr


def test_a_backup_that_was_changed_is_not_restored(loaded: Terminal, tmp_path: Path) -> None:
    before = loaded.run("verify").stdout
    loaded.run("backup", tmp_path / "backup.db")
    with closing(sqlite3.connect(tmp_path / "backup.db")) as connection:
        connection.execute("DROP TRIGGER facts_update")
        connection.execute("UPDATE facts SET meta = X'7B7D' WHERE position = 100")
        connection.commit()

    assert (
        "BROKEN at position 100" in loaded.run("restore", tmp_path / "backup.db", "--force", status=1).stderr
    )
    assert loaded.run("verify").stdout == before


def test_a_backup_copied_into_its_place_by_hand_works(loaded: Terminal, tmp_path: Path) -> None:
    loaded.run("backup", tmp_path / "backup.db")
    by_hand = sqlite_terminal(tmp_path / "by hand")
    books(by_hand).parent.mkdir()
    shutil.copyfile(tmp_path / "backup.db", books(by_hand))

    assert by_hand.liability()["packages"] == 171
    with closing(sqlite3.connect(books(by_hand))) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_on_postgres_both_name_the_tool_in_one_line(terminal: Terminal, tmp_path: Path) -> None:
    if terminal.environment["CARNET_DATABASE"].startswith("sqlite:"):
        terminal.run("backup", tmp_path / "backup.db")
        return
    told: Any = [
        terminal.run(command, tmp_path / "b.db", status=1).stderr for command in ("backup", "restore")
    ]
    assert [("pg_dump" in told[0]), ("pg_restore" in told[1])] == [True, True]
    assert [len(text.splitlines()) for text in told] == [1, 1]


def test_books_that_lost_their_end_or_were_written_anew_are_not_what_was_expected(terminal: Terminal) -> None:
    business_id = terminal.open_business()
    (_, hash) = re.search(r"intact, (\d+) facts, head ([0-9a-f]{64})", terminal.run("verify").stdout).groups()  # type: ignore[union-attr]

    assert "has the expected hash" in terminal.run("verify", "--expect", f"1:{hash.upper()}").stdout
    other = terminal.run("verify", "--expect", f"1:{'0' * 64}", status=1).stdout
    cut = terminal.run("verify", "--expect", f"2:{hash}", status=1).stdout

    assert "another hash at position 1" in other
    assert "has not come to position 2" in cut
    for wrong in ("1", f"1:{hash[1:]}", f"-1:{hash}", f"1:{hash}0"):
        terminal.run("verify", "--expect", wrong, status=2)
    terminal.open_business("Second")
    assert "--business" in terminal.run("verify", "--expect", f"1:{hash}", status=1).stderr
    terminal.run("verify", "--business", business_id, "--expect", f"1:{hash}")
