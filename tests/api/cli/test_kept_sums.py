"""Kept sums of reports are proved: damage by every proof, a wrong number by a fold. `carnet repair` deletes both."""

import re
from pathlib import Path

import pytest

from domain.ledger.carnet import Carnet
from domain.ledger.report_sums import StoredSums
from replay.all_packages import packages_then
from replay.as_of import PRESENT
from replay.reports.kept_sums import DAYS, KeptSums
from tests.api.cli.conftest import SAMPLE, Terminal
from tests.api.cli.test_repair import by_hand, rows
from tests.kept_rows import lay

ZONE = "Europe/Budapest"


@pytest.fixture
def books(terminal: Terminal) -> Terminal:
    """A business with a history, and the sums of its reports beside it."""
    terminal.load(SAMPLE, "--business", terminal.open_business(zone=ZONE))
    with_sums(terminal, wrong=0)
    return terminal


def with_sums(terminal: Terminal, wrong: int) -> None:
    """Keep the sums with so many days that are not what the ledger makes them."""
    carnet = Carnet(terminal.environment["CARNET_DATABASE"])
    try:
        (id,) = carnet.store.business_ids()
        recorder, sums = carnet.ledger(id).recorder, KeptSums(ZONE)
        sums.liability(packages_then(recorder, PRESENT, carnet.clock()), "EUR")
        right = sums.stored(recorder)
        kept = DAYS.believed(recorder, ZONE, right)
        assert kept is not None
        days = kept.sums.clocks["effective"].days
        for day in sorted(days)[:wrong]:
            days[day][0] += 1
        row: StoredSums | None = DAYS.stored(recorder, ZONE, sums.position, kept)
        assert row is not None
        assert (row == right) == (not wrong)
        lay(carnet.store, row)
    finally:
        carnet.close()


def test_sums_that_are_right_raise_no_alarm_and_stay(books: Terminal) -> None:
    (told,) = books.told("verify", "--read-models")["businesses"]
    assert told["wrong_sums"] == 0
    (plain,) = books.told("verify")["businesses"]
    assert plain["wrong_sums"] is None, "nobody looked"
    before = rows(books, "SELECT * FROM report_sums")
    books.run("repair", "--apply")
    assert rows(books, "SELECT * FROM report_sums") == before != []


def test_a_wrong_number_is_named_by_clock_and_day_and_deleted_by_a_repair(books: Terminal) -> None:
    with_sums(books, wrong=2)
    books.run("verify")
    told = books.run("verify", "--read-models", status=1).stdout
    assert len(re.findall(r"report_sums days: effective \d{4}-\d\d-\d\d: is not what the ledger", told)) == 2
    (told,) = books.told("verify", "--read-models", status=1)["businesses"]
    assert (told["wrong_sums"], told["intact"]) == (2, False)

    assert books.run("repair", status=1).stdout.count("differs from the facts") == 2
    assert rows(books, "SELECT * FROM report_sums")
    books.run("repair", "--apply")

    assert not rows(books, "SELECT * FROM report_sums")
    books.run("verify", "--read-models")


def test_a_row_that_was_changed_is_named_and_deleted_by_a_repair(books: Terminal) -> None:
    by_hand(books, "UPDATE report_sums SET position = position - 1")
    told = books.run("verify", status=1).stdout
    assert "report_sums days: is not as it was made" in told
    assert "made anew" in books.run("repair", "--apply").stdout
    assert not rows(books, "SELECT * FROM report_sums")
    books.run("verify", "--read-models")


def test_sums_of_facts_that_are_not_there_are_named(books: Terminal) -> None:
    carnet = Carnet(books.environment["CARNET_DATABASE"])
    try:
        (id,) = carnet.store.business_ids()
        head = carnet.ledger(id).recorder.head()
        for position, hash, told in (
            (head.position + 1, head.hash, f"the last fact has position {head.position}"),
            (head.position - 1, head.hash, "it is of other facts"),
            (0, head.hash, "it is of other facts"),
        ):
            row = StoredSums.made(id, "days", DAYS.version, ZONE, position, hash, b"")
            lay(carnet.store, row)
            assert told in books.run("verify", status=1).stdout
    finally:
        carnet.close()


def test_a_backup_has_the_sums_of_its_moment(embedded: Terminal, tmp_path: Path) -> None:
    embedded.load(SAMPLE, "--business", embedded.open_business(zone=ZONE))
    with_sums(embedded, wrong=0)
    before = rows(embedded, "SELECT * FROM report_sums")
    copy = tmp_path / "copy.db"
    embedded.run("backup", copy)
    by_hand(embedded, "DELETE FROM report_sums")
    embedded.run("restore", copy, "--force")
    assert rows(embedded, "SELECT * FROM report_sums") == before != []
    embedded.run("verify", "--read-models")
