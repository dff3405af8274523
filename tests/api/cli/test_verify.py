"""`carnet verify` for programs, and the proof after everything that an operator does to books."""

from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from api.server.installation import opened
from api.server.settings import Settings
from domain.ledger.numbers import number_of
from domain.ledger.orders import Done, Order
from domain.people.commands import RegisterCustomer
from domain.use_cases.register_customer import REGISTER_CUSTOMER
from tests.api.cli.conftest import SAMPLE, Terminal
from tests.api.cli.test_repair import by_hand, rows
from tests.api.cli.world import AT_THE_DESK
from tests.ready import WAIT_S_MAX

OLD, NEW = ("0123456789abcdef" + letter * 16 for letter in "xy")


@pytest.fixture
def books(terminal: Terminal) -> Terminal:
    """A business with a history."""
    terminal.load(SAMPLE, "--business", terminal.open_business())
    return terminal


def verified(terminal: Terminal, status: int = 0) -> Any:
    """What it tells of the only business."""
    told = terminal.told("verify", status=status)
    (only,) = told["businesses"]
    assert told["intact"] is only["intact"] is (status == 0)
    return only


def test_a_program_reads_that_all_is_as_it_was_recorded(books: Terminal) -> None:
    told = verified(books)
    assert (told["findings"], told["findings_in_all"], told["reason"]) == ([], 0, None)
    head = f"{told['position']}:{told['hash']}"
    assert books.told("verify", "--expect", head)["intact"]
    other = f"{told['position']}:{'0' * 64}"
    (only,) = books.told("verify", "--expect", other, status=1)["businesses"]
    assert not only["has_expected"]
    (only,) = books.told("verify", "--read-models")["businesses"]
    assert only["differing_rows"] == 0


def test_a_program_reads_every_row_that_differs_and_whether_it_can_be_repaired(books: Terminal) -> None:
    claim = rows(books, "SELECT claim FROM claims ORDER BY claim")[0][0]
    by_hand(books, f"DELETE FROM claims WHERE claim = '{claim}'")
    told = verified(books, status=1)
    (found,) = told["findings"]
    assert (found["table"], found["key"], found["can_be_repaired"]) == ("claims", claim, True)
    assert told["findings_in_all"] == 1


def test_a_program_reads_where_the_chain_breaks(books: Terminal) -> None:
    by_hand(books, "UPDATE facts SET recorded_at = recorded_at + 1 WHERE position = 5")
    told = verified(books, status=1)
    assert (told["position"], told["hash"]) == (5, None)
    assert told["reason"]


def test_books_that_were_restored_are_proved(embedded: Terminal, tmp_path: Path) -> None:
    embedded.load(SAMPLE, "--business", embedded.open_business())
    before = verified(embedded)
    embedded.run("backup", tmp_path / "backup.db")
    embedded.run("restore", tmp_path / "backup.db", "--force")
    after = verified(embedded)
    assert (after["position"], after["hash"]) == (before["position"], before["hash"])


def test_keys_of_before_and_after_a_change_of_the_pepper_are_proved(terminal: Terminal) -> None:
    first = Terminal({**terminal.environment, "CARNET_PEPPER": OLD})
    first.open_business()
    assert verified(first)["findings"] == []
    changed = {**terminal.environment, "CARNET_PEPPER": NEW, "CARNET_PEPPER_PREVIOUS": OLD}
    both = Terminal(changed)
    both.run("keys", "issue", "--role", "manager", "--name", "till")
    assert both.told("verify")["keys_proved"]
    assert verified(both)["findings"] == []
    by_hand(both, "UPDATE api_keys SET role = 'owner' WHERE role = 'manager'")
    assert [each["table"] for each in verified(both, status=1)["findings"]] == ["api_keys"]


def test_books_are_repaired_beside_a_server_that_writes(books: Terminal) -> None:
    business_id = str(rows(books, "SELECT business_id FROM ledgers")[0][0])
    claim = rows(books, "SELECT claim FROM claims ORDER BY claim")[0][0]
    by_hand(books, f"DELETE FROM claims WHERE claim = '{claim}'")
    repaired, begun, written = Event(), Event(), list[str]()

    def serve() -> None:
        with opened(Settings.read(books.environment)) as here:
            while not repaired.is_set():
                id = f"cus_{len(written)}"
                asked = RegisterCustomer(customer_id=id, profile={"name": "Anna"})
                (done,) = here.carnet.ledger(business_id).execute(
                    [Order(REGISTER_CUSTOMER, asked, AT_THE_DESK)]
                )
                assert isinstance(done, Done)
                written.append(id)
                begun.set()

    server = Thread(target=serve)
    server.start()
    try:
        assert begun.wait(WAIT_S_MAX)
        assert "made anew" in books.run("repair", "--apply").stdout
    finally:
        repaired.set()
        server.join()
    assert verified(books)["findings"] == []
    there = {stream for (stream,) in rows(books, "SELECT stream FROM streams WHERE kind = 'customer'")}
    assert there >= set(map(number_of, written)), "nothing that was acknowledged is lost"


def test_the_command_line_remembers_what_it_found_and_asks_for_nobody(books: Terminal) -> None:
    verified(books)
    by_hand(books, "UPDATE facts SET recorded_at = recorded_at + 1 WHERE position = 5")
    verified(books, status=1)
    found = rows(
        books, "SELECT position, intact, place, actor_id, hash FROM verifications ORDER BY verified_at"
    )
    (_, intact, place, actor, hash), (broken_at, is_broken, _, _, no_hash) = found
    assert (bool(intact), place, actor, len(hash)) == (True, "command_line", None, 32)
    assert (broken_at, bool(is_broken), no_hash) == (5, False, None)


ISSUE = ("keys", "issue", "--role", "owner", "--name", "phone")
FORGED = {
    "ids": "UPDATE key_rosters SET ids = '3' WHERE page = ''",
    "mac": "UPDATE key_rosters SET mac = substr(mac, 1, 0)",
}


def told_by(log: pytest.LogCaptureFixture) -> str:
    told = log.text
    log.clear()
    return told


def under(terminal: Terminal, pepper: str, *before: str) -> Terminal:
    named = {"CARNET_PEPPER": pepper, **dict(zip(["CARNET_PEPPER_PREVIOUS"], before, strict=False))}
    return replace(terminal, environment={**terminal.environment, **named})


@pytest.mark.parametrize("change", FORGED.values(), ids=FORGED)
def test_no_key_that_is_issued_hides_that_the_list_of_keys_was_changed(
    terminal: Terminal, change: str, caplog: pytest.LogCaptureFixture
) -> None:
    """given a list that was changed by hand, then it is named until somebody has it written anew; also under a new
    pepper."""
    under(terminal, OLD).open_business()
    by_hand(terminal, change)
    later = under(terminal, NEW, OLD)
    for issuing in (under(terminal, OLD), later):
        issuing.run(*ISSUE)
        assert "is not as it was written, and stays so" in told_by(caplog)
        assert {each["table"] for each in verified(issuing, status=1)["findings"]} == {"key_rosters"}
    later.run(*ISSUE, "--list-anew")
    assert verified(later)["findings"] == []
    assert told_by(caplog) == ""


def test_the_list_of_keys_is_proved_under_the_old_pepper_before_it_is_written_anew(
    terminal: Terminal, caplog: pytest.LogCaptureFixture
) -> None:
    under(terminal, OLD).open_business()
    both = under(terminal, NEW, OLD)
    both.run(*ISSUE)
    assert told_by(caplog) == ""
    assert verified(both)["findings"] == []


def test_a_list_of_keys_of_a_pepper_that_is_not_at_hand_is_written_anew_and_that_is_told(
    terminal: Terminal, caplog: pytest.LogCaptureFixture
) -> None:
    under(terminal, OLD).open_business()
    under(terminal, NEW, OLD).run("keys", "list")
    new = under(terminal, NEW)
    new.run(*ISSUE)
    assert "written anew under this pepper, unproved" in told_by(caplog)
    new.run(*ISSUE)
    assert told_by(caplog) == ""
    assert verified(new)["findings"] == []
