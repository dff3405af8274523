"""A Python that drops docstrings (-OO) shows the same manuals, and the same description of the API."""

import subprocess
import sys

import pytest

PRINTED = """
import hashlib, sys
import click
from api.cli.main import COMMANDS, main
from tests.reference import openapi

def helps(path, command, context):
    yield command.get_help(click.Context(command, info_name=path, parent=context))
    for name, each in getattr(command, "commands", {}).items():
        yield from helps(name, each, context)

context = click.Context(main, info_name="carnet")
for name in COMMANDS:
    print(*helps(name, main.get_command(context, name), context), sep="\\n")
print(main.get_help(context))
print(openapi())
"""


@pytest.mark.extended
def test_help_and_description_are_the_same_without_docstrings() -> None:
    printed = [
        subprocess.run(
            [sys.executable, *options, "-c", PRINTED], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        for options in ([], ["-OO"])
    ]
    differing = [pair for pair in zip(*printed, strict=True) if pair[0] != pair[1]]
    assert differing == []
    assert len(printed[0]) > 1_000
