"""Books hold names and numbers of people: what Carnet writes can be read by its owner alone."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

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


def test_rights_that_were_given_stay(embedded: Terminal, tmp_path: Path) -> None:
    embedded.open_business("Salon Rosa")
    (books,) = tmp_path.rglob("*.db")
    books.chmod(0o640)

    embedded.run("report", "liability")
    embedded.open_business("Pier")

    assert stat.S_IMODE(books.stat().st_mode) == 0o640
