"""Trouble around a command is told in one line that names the place and the remedy, never in a trace."""

import errno
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner

from api.cli.main import main
from api.server.port import told_of_address
from tests.api.cli.calls import ON_ITS_OWN_BOOKS, UNTIL_STOPPED, all_calls
from tests.api.cli.conftest import Terminal, sqlite_terminal

CALLS = [call for call in all_calls() if call[0] not in (*UNTIL_STOPPED, *ON_ITS_OWN_BOOKS)]
NEEDS_NO_BOOKS = (["import", "mappings"],)
MAKES_BOOKS = ("open", "migrate", "restore")
NOWHERE = "/dev/null/nowhere"

Environment = dict[str, str]


def missing(folder: Path) -> Environment:
    return {"CARNET_DATABASE": f"sqlite:///{folder}/not-there.db"}


def a_folder(folder: Path) -> Environment:
    return {"CARNET_DATABASE": f"sqlite:///{folder}"}


def in_no_folder(folder: Path) -> Environment:
    return {"CARNET_DATABASE": f"sqlite:///{NOWHERE}/carnet.db"}


def of_text(folder: Path) -> Environment:
    (folder / "text.db").write_text("no database, " * 1_000)
    return {"CARNET_DATABASE": f"sqlite:///{folder}/text.db"}


def of_another_program(folder: Path) -> Environment:
    connection = sqlite3.connect(folder / "other.db")
    connection.execute("CREATE TABLE notes (text)")
    connection.close()
    return {"CARNET_DATABASE": f"sqlite:///{folder}/other.db"}


def changed(folder: Path, *statements: str) -> Environment:
    terminal = sqlite_terminal(folder)
    terminal.open_business()
    connection = sqlite3.connect(folder / "ledger.db", isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()
    return dict(terminal.environment)


def newer(folder: Path) -> Environment:
    return changed(folder, "PRAGMA user_version = 9999")


def older(folder: Path) -> Environment:
    connection = sqlite3.connect(folder / "older.db")
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    return {"CARNET_DATABASE": f"sqlite:///{folder}/older.db"}


def restored_half(folder: Path) -> Environment:
    return changed(folder, "PRAGMA foreign_keys = OFF", "DROP TABLE facts", "DROP TABLE ledgers")


def views_in_no_folder(folder: Path) -> Environment:
    return {**changed(folder), "CARNET_VIEWS": f"{NOWHERE}/views.db"}


def no_home(folder: Path) -> Environment:
    return {"HOME": NOWHERE, "XDG_DATA_HOME": "", "CARNET_DATABASE": ""}


def unreachable(folder: Path) -> Environment:
    return {
        "CARNET_DATABASE": "postgresql://somebody:secret@127.0.0.1:1/books",
        "CARNET_PEPPER": "0123456789abcdef",
    }


TROUBLES: Mapping[str, Callable[[Path], Environment]] = {
    each.__name__: each
    for each in (
        missing,
        a_folder,
        in_no_folder,
        of_text,
        of_another_program,
        newer,
        older,
        restored_half,
        views_in_no_folder,
        no_home,
        unreachable,
    )
}


@pytest.fixture(params=TROUBLES)
def trouble(request: pytest.FixtureRequest, tmp_path: Path) -> Environment:
    return {"PYTHONPATH": str(Path.cwd()), **TROUBLES[request.param](tmp_path)}


def is_one_line(told: str) -> bool:
    """After the lines by which click tells how a command is used, if any."""
    return told.startswith("Error: ") and told.count("\n") == 1


def test_every_command_tells_the_trouble_of_its_database_in_one_line(
    trouble: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for call in sorted(CALLS, key=lambda call: call[0] in MAKES_BOOKS):
        ended = CliRunner().invoke(main, call, env=trouble)
        assert ended.exception is None or isinstance(ended.exception, SystemExit), (call, ended.exception)
        may_go = call in NEEDS_NO_BOOKS or call[0] in MAKES_BOOKS or "CARNET_VIEWS" in trouble
        if may_go and ended.exit_code == 0:
            continue
        assert ended.exit_code in (1, 2), (call, ended.output)
        assert is_one_line(ended.stderr.splitlines(keepends=True)[-1]), (call, ended.stderr)
        assert "secret" not in ended.output


def test_what_goes_on_until_told_to_stop_does_not_begin(
    trouble: Environment, logging_as_before: None
) -> None:
    for command in UNTIL_STOPPED:
        ended = CliRunner().invoke(main, [command], env=trouble)
        assert isinstance(ended.exception, SystemExit), ended.exception
        assert ended.exit_code in (1, 2), ended.output
        assert is_one_line(ended.stderr.splitlines(keepends=True)[-1]), ended.stderr


def run(
    call: list[str], environment: Mapping[str, str], shell: str = '"$@"', encoding: str = "utf-8"
) -> "subprocess.CompletedProcess[str]":
    """A command as a process, in a shell line where it stands for `"$@"`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CARNET_")}
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", shell, "bash", sys.executable, "-m", "api.cli.main", *call],
        env={**inherited, **environment},
        capture_output=True,
        encoding=encoding,
        timeout=120,
        check=False,
    )


@pytest.fixture
def books(tmp_path: Path) -> Terminal:
    terminal = sqlite_terminal(tmp_path)
    terminal.open_business("Ő szalon 🐕")
    terminal.run("keys", "issue", "--role", "staff", "--name", "Ő 🐕")
    return terminal


@pytest.mark.parametrize("call", [["businesses"], ["--help"], ["export", "customers", "--output", "-"]])
def test_an_output_that_cannot_be_written_is_told(books: Terminal, call: list[str]) -> None:
    for target, why in ((">/dev/full", "No space left on device"), (">&-", "Bad file descriptor")):
        ended = run(call, books.environment, f'"$@" {target}')
        assert ended.returncode == 1
        assert ended.stderr == f"Error: standard output cannot be written: {why}\n"


def test_a_reader_that_goes_away_ends_the_command_quietly(books: Terminal) -> None:
    ended = run(["report", "liability"], books.environment, '"$@" | head -c 1')
    assert (ended.returncode, ended.stderr) == (141, "")


def test_closed_errors_end_nothing(books: Terminal) -> None:
    assert run(["businesses"], books.environment, '"$@" 2>&- <&-').returncode == 0


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_a_character_that_the_terminal_lacks_is_replaced(books: Terminal, encoding: str) -> None:
    environment = {**books.environment, "PYTHONIOENCODING": encoding}
    ended = run(["keys", "list"], environment, encoding=encoding)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "?" in ended.stdout


def test_nothing_is_replaced_in_json(books: Terminal) -> None:
    environment = {**books.environment, "PYTHONIOENCODING": "ascii"}
    assert r"\u0150 \ud83d\udc15" in run(["keys", "list", "--json"], environment).stdout


def test_a_file_that_cannot_be_written_is_named(books: Terminal, tmp_path: Path) -> None:
    for call in (
        ["export", "customers", "--output", "/dev/full"],
        ["export", "customers", "--output", f"{NOWHERE}/file"],
        ["backup", "/dev/full", "--force"],
        ["backup", f"{NOWHERE}/file"],
        ["demo", "--folder", NOWHERE],
    ):
        told = books.run(*call, status=1).stderr
        assert call[-2 if call[-1] == "--force" else -1] in told
        assert told.startswith("Error: ")
        assert told.count("\n") == 1
    assert not Path("/dev/full").is_file()


def test_a_port_that_needs_a_right_is_told_with_the_remedy() -> None:
    refused = OSError(errno.EACCES, "Permission denied")
    assert "CARNET_PORT names one from 1024" in told_of_address(refused, "127.0.0.1", 80)
