"""Several businesses in one database are never made or mistaken without a word."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.cli.conftest import SAMPLE, Terminal


def test_a_second_business_of_the_same_name_is_refused_unless_it_is_asked_for(embedded: Terminal) -> None:
    first = embedded.open_business("Harbour Spa")
    given = ("--currency", "EUR", "--time-zone", "Europe/Budapest")

    told = embedded.run("open", "harbour spa", *given, status=1).stderr

    assert first in told
    assert "--again" in told
    assert [each["business_id"] for each in embedded.told("businesses")] == [first]
    embedded.run("open", "Harbour Spa", *given, "--again")
    assert len(embedded.told("businesses")) == 2


def test_the_businesses_are_listed(terminal: Terminal) -> None:
    assert terminal.told("businesses") == []
    id = terminal.open_business("Discs")
    assert terminal.told("businesses") == [
        {"business_id": id, "name": "Discs", "currency": "USD", "time_zone": "Europe/Budapest", "position": 1}
    ]
    assert id in terminal.run("businesses").stdout


def test_a_setting_names_the_business_where_no_option_does(embedded: Terminal) -> None:
    first, second = embedded.open_business("First"), embedded.open_business("Second")
    of_second = Terminal({**embedded.environment, "CARNET_BUSINESS": second})

    assert [key["name"] for key in of_second.told("keys", "list")] == ["first key of the owner"]
    of_second.run("keys", "issue", "--role", "staff", "--name", "till")
    assert len(of_second.told("keys", "list")) == 2
    assert len(of_second.told("keys", "list", "--business", first)) == 1
    wrong = Terminal({**embedded.environment, "CARNET_BUSINESS": "biz_nope"})
    assert "`carnet businesses` lists" in wrong.run("report", "liability", status=1).stderr


def test_several_are_listed_in_one_line_where_none_is_named(embedded: Terminal) -> None:
    ids = [embedded.open_business(name) for name in ("First", "Second")]
    told = embedded.run("report", "liability", status=1).stderr
    assert told.count("\n") == 1
    assert all(id in told for id in ids)
    assert "CARNET_BUSINESS" in told


def test_files_come_from_standard_input(embedded: Terminal, tmp_path: Path) -> None:
    embedded.open_business()
    ended = given(embedded, SAMPLE, "load", "-", "--dry-run", "--json")
    assert ended.returncode == 0, ended.stderr
    assert embedded.load()["recorded"] == 270
    people = tmp_path / "people.csv"
    people.write_text("reference;name\nC-1;Anna\n")
    ended = given(embedded, people, "import", "customers", "-", "--source", "till")
    assert (ended.returncode, "1 recorded" in ended.stdout) == (0, True), ended.stderr


def given(terminal: Terminal, content: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    with content.open() as stdin:
        return subprocess.run(
            [sys.executable, "-m", "api.cli.main", *arguments],
            env=terminal.environment,
            stdin=stdin,
            capture_output=True,
            text=True,
        )


@pytest.mark.parametrize("state", ["up to date", "waits"])
def test_nothing_is_said_to_run_where_no_server_is_known(embedded: Terminal, state: str) -> None:
    embedded.open_business()
    if state == "up to date":
        embedded.run("tick")
    told = embedded.run("status")
    assert "runs" not in told.stdout
    assert state in told.stdout
    assert "no server is known" in told.stdout
