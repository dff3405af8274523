"""Books hold names and numbers of people: what Carnet writes can be read by its owner alone."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.server.rights import warn_of_readers
from domain.ledger.erasure_journal import ErasureJournal, JournalEntry
from tests.api.cli.conftest import Terminal


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """That of most machines: new files may be read by everybody."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_every_file_is_its_owners_alone(embedded: Terminal, tmp_path: Path) -> None:
    embedded.open_business("Salon Rosa")
    embedded.run("report", "liability")
    embedded.run("rebuild", "cards")
    embedded.run("backup", str(tmp_path / "backup.db"))
    embedded.run("export", "customers", "--format", "csv", "--output", str(tmp_path / "customers.csv"))

    files = [file for file in tmp_path.rglob("*") if file.is_file()]

    assert len(files) > 4
    assert {file.name: stat.S_IMODE(file.stat().st_mode) for file in files} == {
        file.name: 0o600 for file in files
    }


def test_a_folder_that_is_made_is_its_owners_alone(tmp_path: Path) -> None:
    data = tmp_path / "data" / "carnet"
    terminal = Terminal(
        {"CARNET_DATABASE": f"sqlite:///{data}/books/carnet.db", "CARNET_ERASURES": f"{data}/erased/journal"}
    )
    terminal.open_business("Salon Rosa")
    ErasureJournal(data / "erased" / "journal").write(JournalEntry("biz_1", "cus_1", "begun", 0))

    assert {each: stat.S_IMODE((data / each).stat().st_mode) for each in ("books", "erased")} == {
        "books": 0o700,
        "erased": 0o700,
    }


@pytest.mark.parametrize(
    ("folder", "file", "warned"),
    [(0o755, 0o644, True), (0o750, 0o640, True), (0o700, 0o644, False), (0o755, 0o600, False)],
)
def test_books_that_others_can_read_are_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, folder: int, file: int, warned: bool
) -> None:
    books = tmp_path / "books" / "carnet.db"
    books.parent.mkdir()
    books.touch()
    books.chmod(file)
    books.parent.chmod(folder)
    warn_of_readers(books)
    assert (f"chmod 600 {books}" in caplog.text) is warned


def test_rights_that_were_given_stay(embedded: Terminal, tmp_path: Path) -> None:
    embedded.open_business("Salon Rosa")
    (books,) = tmp_path.rglob("*.db")
    books.chmod(0o640)

    embedded.run("report", "liability")
    embedded.open_business("Pier")

    assert stat.S_IMODE(books.stat().st_mode) == 0o640
