"""A command imports what it uses: the manual, the version and a wrong call need next to nothing."""

import subprocess
import sys

import click
import pytest

from api.cli.main import COMMANDS, main
from api.server.installation import migrate, opened
from api.server.settings import Settings
from projections.models.registry import READ_MODELS
from projections.models.versions import CARDS, VERSIONS
from tests.api.server.served import settings_in, without_settings

HEAVY = ("sqlalchemy", "litestar", "pydantic", "psycopg", "granian", "eventsourcing", "domain", "projections")
CALL = """
import sys
from api.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    print("ended", end.code, file=sys.stderr)
print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(["--help"], 0), (["--version"], 0), (["nonsense"], 2), (["--nonsense"], 2), ([], 2)],
)
def test_what_runs_no_command_imports_none(arguments: list[str], status: int) -> None:
    told = subprocess.run(
        [sys.executable, "-c", CALL, *arguments], capture_output=True, text=True, check=True
    )
    *_, ended, modules = told.stderr.splitlines()
    assert ended == f"ended {status}"
    assert [name for name in HEAVY if name in modules.split()] == []


SMALL = ("sqlalchemy", "litestar", "pydantic", "granian", "domain.fact", "domain.values")


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The settings of a book whose read models are up to date."""
    folder = tmp_path_factory.mktemp("books")
    environment = settings_in(folder, 1)
    settings = Settings.read(environment)
    migrate(settings)
    with opened(settings) as here:
        here.open_business("Szalon", "EUR", "Europe/Budapest")
        while here.runner().step():
            pass
    return {**without_settings(), **environment, "XDG_DATA_HOME": str(folder)}


def imported(books: dict[str, str], *arguments: str) -> set[str]:
    """The modules that a command imports where it ends well."""
    told = subprocess.run(
        [sys.executable, "-c", CALL.replace('.partition(".")[0]', ""), *arguments],
        env=books,
        capture_output=True,
        text=True,
        check=True,
    )
    *_, ended, modules = told.stderr.splitlines()
    assert ended == "ended 0", told.stderr
    return set(modules.split())


@pytest.mark.parametrize("arguments", [["status"], ["status", "--space"], ["messages"], ["resume"]])
def test_how_things_stand_is_told_without_the_facts_and_the_tables(
    books: dict[str, str], arguments: list[str]
) -> None:
    assert imported(books, *arguments) & set(SMALL) == set()


def test_the_names_and_versions_of_all_read_models_are_known_without_them() -> None:
    assert list(VERSIONS.items()) == [(each.name, each.version) for each in READ_MODELS]
    assert CARDS in VERSIONS


@pytest.mark.parametrize("name", COMMANDS)
def test_the_manual_of_all_commands_says_what_each_says_of_itself(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert command.get_short_help_str(500) == COMMANDS[name][1]
