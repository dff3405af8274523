"""Erased customers and backups that are older: they are erased again, by the journal outside of the database."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from api.server.erasures import apply_again, complete
from api.server.installation import opened
from api.server.settings import Settings
from domain.ledger.carnet import Carnet
from domain.ledger.erasure_journal import ErasureJournal, JournalEntry
from domain.ledger.errors import LedgerUnavailable
from domain.ledger.orders import Done, Order
from domain.people.commands import EraseCustomer, MergeCustomers, RegisterCustomer
from domain.use_cases.erase_customer import ERASE_CUSTOMER
from domain.use_cases.merge_customers import MERGE_CUSTOMERS
from domain.use_cases.register_customer import REGISTER_CUSTOMER
from domain.values import Wording
from tests.api.cli.conftest import Terminal
from tests.api.cli.world import AT_THE_DESK

NAME = "Zzqxv Anna"
WORDING = Wording(id="txt_1", salt=b"salt", text="Erased.")


@contextmanager
def carnet_of(terminal: Terminal) -> Iterator[Carnet]:
    with opened(Settings.read(terminal.environment)) as here:
        yield here.carnet


def registered(terminal: Terminal, business_id: str, id: str = "cus_1") -> None:
    asked = RegisterCustomer(customer_id=id, profile={"name": NAME})
    with carnet_of(terminal) as carnet:
        (done,) = carnet.ledger(business_id).execute([Order(REGISTER_CUSTOMER, asked, AT_THE_DESK)])
        assert isinstance(done, Done)


def erasing(id: str = "cus_1") -> Order:
    return Order(ERASE_CUSTOMER, EraseCustomer(customer_id=id, reason=WORDING), AT_THE_DESK)


def erase(terminal: Terminal, business_id: str, id: str = "cus_1") -> None:
    with carnet_of(terminal) as carnet:
        (done,) = carnet.ledger(business_id).execute([erasing(id)])
        assert isinstance(done, Done)


def journal_of(terminal: Terminal) -> ErasureJournal:
    return ErasureJournal(Settings.read(terminal.environment).erasures)


def books(terminal: Terminal) -> Path:
    return Path(terminal.environment["CARNET_DATABASE"].removeprefix("sqlite:///"))


def test_the_command_tells_that_nothing_is_left(terminal: Terminal) -> None:
    business_id = terminal.open_business()
    registered(terminal, business_id)
    erase(terminal, business_id)
    told: Any = terminal.told("erasures")
    (only,) = told["erasures"]
    assert (only["customer_id"], set(only["left"].values())) == ("cus_1", {0})
    assert "nothing" in terminal.run("erasures").stdout
    assert "0 erased again" in terminal.run("erasures", "--apply").stdout


def test_the_journal_holds_ids_and_moments_alone(embedded: Terminal) -> None:
    business_id = embedded.open_business()
    registered(embedded, business_id)
    erase(embedded, business_id)
    lines = [json.loads(line) for line in journal_of(embedded).path.read_text().splitlines()]
    assert [line["state"] for line in lines] == ["begun", "erased"]
    assert set(lines[0]) == {"business_id", "customer_id", "state", "at"}
    assert journal_of(embedded).path.stat().st_mode & 0o077 == 0


def test_a_backup_that_is_older_is_restored_without_who_was_erased_since(
    embedded: Terminal, tmp_path: Path
) -> None:
    business_id = embedded.open_business()
    registered(embedded, business_id)
    registered(embedded, business_id, "cus_2")
    embedded.run("backup", tmp_path / "backup.db")
    erase(embedded, business_id)

    told = embedded.run("restore", tmp_path / "backup.db", "--force").stdout

    assert "erased 1 again" in told
    with carnet_of(embedded) as carnet:
        recorder = carnet.ledger(business_id).recorder
        assert [person.id for person in recorder.people(["cus_1", "cus_2"])] == ["cus_2"]
        assert recorder.stream("cus_1")[-1].data.startswith(b'{"why":"restored"')
    assert b"restored" not in embedded.run("verify").stdout.encode()
    assert "erased" not in embedded.run("restore", tmp_path / "backup.db", "--force", status=-1).stderr


def test_a_database_that_was_put_back_by_hand_is_made_right_before_it_is_served(
    embedded: Terminal, tmp_path: Path
) -> None:
    business_id = embedded.open_business()
    registered(embedded, business_id)
    embedded.run("backup", tmp_path / "backup.db")
    erase(embedded, business_id)
    for end in ("-wal", "-shm"):
        Path(f"{books(embedded)}{end}").unlink(missing_ok=True)
    shutil.copyfile(tmp_path / "backup.db", books(embedded))
    assert "1 erased again" in embedded.run("erasures", "--apply").stdout
    assert "0 erased again" in embedded.run("erasures", "--apply").stdout
    with closing(sqlite3.connect(books(embedded))) as connection:
        assert connection.execute("SELECT count(*) FROM people WHERE data LIKE '%Zzqxv%'").fetchone() == (0,)


def test_a_crash_between_the_commit_and_the_journal_loses_nothing(terminal: Terminal) -> None:
    business_id = terminal.open_business()
    registered(terminal, business_id)
    journal = journal_of(terminal)
    erase(terminal, business_id)
    lines = journal.path.read_text().splitlines(keepends=True)
    journal.path.write_text(lines[0])  # the process was stopped after the commit
    key = (business_id, "cus_1")
    assert journal.entries()[key].state == "begun"
    with carnet_of(terminal) as carnet:
        assert apply_again(carnet, journal) == []
        assert complete(carnet, journal, 0) == 1
    assert journal.entries()[key].state == "erased"
    journal.path.unlink()  # it was lost altogether: the books still know
    with carnet_of(terminal) as carnet:
        assert complete(carnet, journal, 0) == 1
        assert complete(carnet, journal, 0) == 0
    assert journal.entries()[key].state == "erased"


def test_what_was_begun_and_never_stored_is_written_off_after_an_hour(embedded: Terminal) -> None:
    business_id = embedded.open_business()
    journal = journal_of(embedded)
    journal.write(JournalEntry(business_id, "cus_never", "begun", 1_000))
    with carnet_of(embedded) as carnet:
        assert complete(carnet, journal, 1_000_000) == 0
        assert complete(carnet, journal, 4_000_000) == 1
    assert journal.entries()[business_id, "cus_never"].state == "withdrawn"


def test_nothing_is_erased_where_the_journal_cannot_be_written(embedded: Terminal, tmp_path: Path) -> None:
    business_id = embedded.open_business()
    registered(embedded, business_id)
    blocked = tmp_path / "a file"
    blocked.write_text("")
    with closing(
        Carnet(embedded.environment["CARNET_DATABASE"], journal=ErasureJournal(blocked / "journal"))
    ) as carnet:
        with pytest.raises(LedgerUnavailable, match="journal of erasures"):
            carnet.ledger(business_id).execute([erasing()])
        assert len(carnet.ledger(business_id).stream("cus_1")) == 1
        assert carnet.ledger(business_id).recorder.people(["cus_1"])


def test_a_line_that_the_machine_stopped_in_is_no_entry_and_spoils_no_other(tmp_path: Path) -> None:
    journal = ErasureJournal(tmp_path / "journal")
    first = JournalEntry("biz_1", "cus_1", "erased", 1)
    journal.write(first)
    with journal.path.open("a") as file:
        file.write('{"business_id": "biz_1", "cust')
    assert list(journal.entries().values()) == [first]
    second = JournalEntry("biz_1", "cus_2", "erased", 2)
    journal.write(second)
    assert list(journal.entries().values()) == [first, second]


def test_a_journal_of_something_else_is_told_in_one_line(embedded: Terminal) -> None:
    embedded.open_business()
    journal_of(embedded).path.write_text('{"no": "entry"}\n')
    assert "line 1 of the journal of erasures" in embedded.run("erasures", "--apply", status=1).stderr


def test_postgresql_is_made_right_after_its_own_restore(postgres_url: str, tmp_path: Path) -> None:
    """The rows of an older dump, with the journal of later."""
    terminal = Terminal(
        {
            "CARNET_DATABASE": postgres_url,
            "CARNET_PEPPER": "0123456789abcdef" * 4,
            "CARNET_ERASURES": str(tmp_path / "journal"),
        }
    )
    terminal.run("migrate")
    business_id = terminal.open_business()
    registered(terminal, business_id)
    journal_of(terminal).write(JournalEntry(business_id, "cus_1", "erased", 1))
    journal_of(terminal).write(JournalEntry(business_id, "cus_later", "erased", 2))
    journal_of(terminal).write(JournalEntry("biz_other", "cus_1", "erased", 3))
    assert "1 erased again" in terminal.run("erasures", "--apply").stdout
    (only,) = terminal.told("erasures")["erasures"]
    assert set(only["left"].values()) == {0}


@pytest.mark.parametrize("merged_before", [False, True], ids=["before the merge", "after the merge"])
def test_a_backup_from_before_or_after_a_merge_is_restored_without_either_name(
    embedded: Terminal, tmp_path: Path, merged_before: bool
) -> None:
    business_id, backup = embedded.open_business(), tmp_path / "backup.db"
    registered(embedded, business_id, "cus_1")
    registered(embedded, business_id, "cus_2")
    merging = MergeCustomers(customer_id="cus_1", absorbed_customer_id="cus_2")

    def merge() -> None:
        with carnet_of(embedded) as carnet:
            (done,) = carnet.ledger(business_id).execute([Order(MERGE_CUSTOMERS, merging, AT_THE_DESK)])
            assert isinstance(done, Done)

    if merged_before:
        merge()
    embedded.run("backup", backup)
    if not merged_before:
        merge()
    erase(embedded, business_id, "cus_2")
    entries = journal_of(embedded).entries().values()
    assert {(each.customer_id, each.state) for each in entries} == {("cus_1", "erased"), ("cus_2", "erased")}
    embedded.run("restore", backup, "--force")
    with carnet_of(embedded) as carnet:
        recorder = carnet.ledger(business_id).recorder
        for id in ("cus_1", "cus_2"):
            assert set(recorder.personal_data(id).values()) == {0}
