"""A terminal in which `carnet` is run, on a fresh database of each kind."""

import json
import logging
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from litestar.concurrency import get_asyncio_executor, set_asyncio_executor

from api.cli.main import main
from api.http import streamed
from api.server import app
from tests.logs import warnings_alone

SAMPLE = Path(__file__).parent / "daybook_sample.csv"
"""171 real visits of 68 customers (the first sixty and all who bought for nothing), as sales and uses."""
EXPECTED: dict[str, Any] = json.loads((Path(__file__).parent / "daybook_sample.json").read_text())
"""What `daybook_reference.py` says of them: without any code of ours."""


@dataclass(frozen=True)
class Terminal:
    """Runs the command, in this process unless said otherwise."""

    environment: Mapping[str, str]

    def run(self, *arguments: object, status: int = 0) -> Result:
        """Run `carnet` and hold it to an exit status; -1: any."""
        result = CliRunner().invoke(main, [str(argument) for argument in arguments], env=self.environment)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert status in (result.exit_code, -1), f"exit status {result.exit_code}\n{result.output}"
        return result

    def told(self, *arguments: object, status: int = 0) -> Any:
        """What it prints as JSON on standard output."""
        return json.loads(self.run(*arguments, "--json", status=status).stdout)

    def process(self, *arguments: object) -> subprocess.Popen[str]:
        """The same as a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "api.cli.main", *map(str, arguments)],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def open_business(self, name: str = "Discs", zone: str = "Europe/Budapest") -> str:
        opened: dict[str, str] = self.told("open", name, "--currency", "USD", "--time-zone", zone)
        return opened["business_id"]

    def load(self, file: Path = SAMPLE, *options: str, status: int = 0) -> Any:
        return self.told("load", file, *options, status=status)

    def liability(self, on: str = "1998-06-30") -> dict[str, Any]:
        """The report without the position, which tells how often something was tried."""
        report: dict[str, Any] = self.told("report", "liability", "--effective-as-of", on)
        return {name: value for name, value in report.items() if name != "position"}


def sqlite_terminal(folder: Path) -> Terminal:
    return Terminal({"CARNET_DATABASE": f"sqlite:///{folder / 'ledger.db'}", "PYTHONPATH": str(Path.cwd())})


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a migrated installation on SQLite, which is copied."""
    folder = tmp_path_factory.mktemp("migrated")
    sqlite_terminal(folder).run("migrate")
    return folder


@pytest.fixture(scope="session")
def filled(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an installation on SQLite with the sample in it, which is copied."""
    folder = tmp_path_factory.mktemp("filled")
    shutil.copytree(migrated, folder, dirs_exist_ok=True)
    terminal = sqlite_terminal(folder)
    terminal.open_business()
    terminal.load()
    return folder


@pytest.fixture
def loaded(filled: Path, tmp_path: Path) -> Terminal:
    """An installation on SQLite, whose one business has the sample in its books."""
    shutil.copytree(filled, tmp_path, dirs_exist_ok=True)
    return sqlite_terminal(tmp_path)


@pytest.fixture(params=["sqlite", "postgres"])
def terminal(request: pytest.FixtureRequest, tmp_path: Path) -> Terminal:
    """A migrated installation without a business."""
    if request.param == "sqlite":
        found: Terminal = request.getfixturevalue("embedded")
        return found
    url = request.getfixturevalue("postgres_url")
    named = {"CARNET_PEPPER": "0123456789abcdef" * 4, "CARNET_ERASURES": str(tmp_path / "erasures")}
    made = Terminal({**sqlite_terminal(tmp_path).environment, "CARNET_DATABASE": url, **named})
    made.run("migrate")
    return made


@pytest.fixture
def embedded(migrated: Path, tmp_path: Path) -> Terminal:
    """The same on SQLite alone, for what does not depend on the database."""
    shutil.copytree(migrated, tmp_path, dirs_exist_ok=True)
    return sqlite_terminal(tmp_path)


@pytest.fixture(autouse=True)
def threads_as_before() -> Iterator[None]:
    """The threads of an application that is served here end with it, and other tests have some of their own."""
    before = get_asyncio_executor()
    yield
    set_asyncio_executor(before)


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, raises = list(root.handlers), root.level, logging.raiseExceptions
    yield
    root.handlers[:], logging.raiseExceptions = handlers, raises
    root.setLevel(level)
    warnings_alone()
    for log in (app.log, streamed.log):
        vars(log).pop("bind", None)  # what it kept of the settings before
