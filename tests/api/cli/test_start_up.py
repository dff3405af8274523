"""A command imports what it uses: the manual, the version and a wrong call need next to nothing."""

import subprocess
import sys

import click
import pytest

from api.cli.main import COMMANDS, main

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


@pytest.mark.parametrize("name", COMMANDS)
def test_the_manual_of_all_commands_says_what_each_says_of_itself(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert command.get_short_help_str(500) == COMMANDS[name][1]
