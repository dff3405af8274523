"""A command imports what it uses, and nothing of the server, of other databases or of messages."""

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from api.cli.main import COMMANDS
from api.server.installation import open_on_its_own

RUN = """
import sys
from api.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    print("ended", end.code, file=sys.stderr)
print(*sys.modules, file=sys.stderr)
"""
OF_THE_SERVER = ("litestar", "granian", "httpx", "api.outbound", "api.server.app")
OF_POSTGRESQL = ("psycopg", "psycopg_pool", "sqlalchemy.dialects.postgresql")
OF_READ_MODELS = ("sqlalchemy", "projections.models.registry")
OF_OTHER_SYSTEMS = ("api.imports.importing", "api.imports.load")
USES_THE_SERVER = {"serve", "work", "tick", "demo", "export", "receipt"}
"""Commands that serve, let the clock send messages, or show what routes of the API answer."""


@cache
def modules_of(arguments: tuple[str, ...], database: Path) -> set[str]:
    """What is imported after a command has run, on books in SQLite."""
    told = subprocess.run(
        [sys.executable, "-c", RUN, *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "CARNET_DATABASE": f"sqlite:///{database}"},
    )
    *_, ended, modules = told.stderr.splitlines()
    assert ended == "ended 0", told.stderr
    return set(modules.split())


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("books") / "carnet.db"
    open_on_its_own(f"sqlite:///{file}", "My salon", "EUR", "Europe/Budapest")
    return file


@pytest.mark.parametrize(
    "arguments",
    [
        ("businesses",),
        ("keys", "list"),
        ("messages",),
        ("report", "liability"),
        ("erasures",),
        ("status",),
        ("verify",),
        ("migrate",),
        ("resume",),
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_command_that_serves_nothing_imports_no_server(arguments: tuple[str, ...], books: Path) -> None:
    unused = {*OF_THE_SERVER, *OF_POSTGRESQL, *OF_OTHER_SYSTEMS, "phonenumbers"}
    assert modules_of(arguments, books) & unused == set()


@pytest.mark.parametrize(
    "arguments", [("businesses",), ("keys", "list"), ("messages",)], ids=lambda given: given[0]
)
def test_a_command_that_reads_no_read_model_imports_none(arguments: tuple[str, ...], books: Path) -> None:
    assert modules_of(arguments, books) & {*OF_READ_MODELS, *OF_THE_SERVER} == set()


def test_opening_a_business_imports_no_server(tmp_path: Path) -> None:
    opening = ("open", "My salon", "--currency", "EUR", "--time-zone", "Europe/Budapest")
    imported = modules_of(opening, tmp_path / "carnet.db")
    assert imported & {*OF_THE_SERVER, *OF_POSTGRESQL, *OF_OTHER_SYSTEMS, "phonenumbers"} == set()


def test_the_manual_and_a_wrong_call_of_a_plain_command_need_no_ledger() -> None:
    plain = ("backup", "businesses", "messages", "migrate", "open", "restore", "resume", "serve", "soak")
    modules = defined(*plain, "status", "tick", "work")
    assert modules & {*OF_READ_MODELS, *OF_THE_SERVER, *OF_POSTGRESQL, "domain.fact_registry"} == set()


def test_every_other_command_is_defined_without_the_server() -> None:
    names = [
        where.partition(":")[0] for command, (where, _) in COMMANDS.items() if command not in USES_THE_SERVER
    ]
    assert defined(*names) & {*OF_THE_SERVER, *OF_POSTGRESQL, "phonenumbers"} == set()


def defined(*names: str) -> set[str]:
    """What is imported where these commands are defined, and none is run."""
    code = """
import sys
from importlib import import_module
for name in sys.argv[1:]:
    import_module(f"api.cli.{name}")
print(*sys.modules)
"""
    told = subprocess.run([sys.executable, "-c", code, *names], capture_output=True, text=True, check=True)
    return set(told.stdout.split())
