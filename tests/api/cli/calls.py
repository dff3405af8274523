"""Every command with arguments that it accepts, found from its own declaration."""

from collections.abc import Iterator
from pathlib import Path

import click

from api.cli.main import COMMANDS, main
from tests.api.cli.conftest import SAMPLE

UNTIL_STOPPED = ("serve", "work")
"""Commands that go on until they are told to stop."""
ON_ITS_OWN_BOOKS = ("demo", "soak")


def all_calls() -> Iterator[list[str]]:
    """One call of each command, and of each command of a group."""
    context = click.Context(main)
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None
        yield from _calls([name], command)


def _calls(path: list[str], command: click.Command) -> Iterator[list[str]]:
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            yield from _calls([*path, name], each)
    else:
        yield [*path, *(word for each in command.params if each.required for word in _given(each))]


def _given(parameter: click.Parameter) -> list[str]:
    name = [] if isinstance(parameter, click.Argument) else [parameter.opts[0]]
    return [*name, _value(parameter)]


def _value(parameter: click.Parameter) -> str:
    """A value that the type takes; by the name of the parameter where that says what it must be."""
    match parameter.type, parameter.name:
        case click.Choice() as choice, _:
            return str(choice.choices[0])
        case click.Path(exists=True), _:
            return str(SAMPLE)
        case click.Path(), _:
            return str(Path("never-made"))
        case _, "currency":
            return "EUR"
        case _, "time_zone":
            return "Europe/Budapest"
        case _, "output":
            return "-"
        case _:
            return "something"
