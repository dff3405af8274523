"""The command `carnet`: one file per command, each with its manual as `--help`.

Exit statuses are the same everywhere: 0 done, 1 it failed or found something wrong, 2 it was called wrongly
or a setting is wrong, 3 done but for the rows that were refused (`load`, `import`), 130 it was interrupted, 141 the
reader of its output went away.
"""

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from api.cli.streams import standard_streams

COMMANDS: Mapping[str, tuple[str, str]] = {
    "demo": (
        "demo:demo",
        "See Carnet at work: a day at a salon and a kennel, through the real HTTP API, on a fresh database.",
    ),
    "migrate": ("migrate:migrate", "Make the database, or bring it up to this version of Carnet."),
    "open": ("open:open_", "Open the books of a business, and print its id and the first key of its owner."),
    "businesses": (
        "businesses:businesses",
        "List the businesses whose books are here, with the currency, the time zone and the head of each.",
    ),
    "keys": ("keys:keys", "Issue, list and revoke the keys to the API."),
    "serve": ("serve:serve", "Answer the HTTP API until told to stop."),
    "work": (
        "work:work",
        "Keep the read models of all businesses fresh, let the clock tick, and send e-mails and webhooks, until"
        " told to stop.",
    ),
    "tick": (
        "tick:tick_",
        "Record what is due by the clock: expiries that have passed, and reminders of those that come.",
    ),
    "status": ("status:status", "Show how far each read model is behind its ledger, and which have stopped."),
    "messages": (
        "messages:messages",
        "Count the messages to customers by state, and list those that wait and those that were given up.",
    ),
    "resume": ("resume:resume", "Let the read models that have stopped try again, once the cause is mended."),
    "rebuild": (
        "rebuild:rebuild_",
        "Make read models anew from the ledgers, beside the live tables, and switch.",
    ),
    "drop-old": (
        "drop_old:drop_old_",
        "Drop the tables of read models that older versions of Carnet left.",
    ),
    "load": (
        "load:load",
        "Bring the history of another system in: its sales and uses, one row each, in order of time.",
    ),
    "import": ("import_:import_", "Bring in the customers and the balances that another system kept."),
    "report": ("report:report", "What the books amount to, now or at any moment."),
    "history": (
        "history:history",
        "Show a package and everything that ever happened to it, as it is or as it was.",
    ),
    "receipt": (
        "receipt:receipt",
        "Write the receipt of a package: lines, the tax in them, payments, refunds, and what is owing.",
    ),
    "export": ("export:export", "Write customers, packages, their history, bookings or points to a file."),
    "verify": (
        "verify:verify_",
        "Recompute the hash chain of every ledger, and prove every table beside the facts.",
    ),
    "repair": (
        "repair:repair",
        "Show what differs in tables that follow from the facts, and make them anew with --apply.",
    ),
    "erasures": (
        "erasures:erasures",
        "Search every place for what is left of the erased customers; nothing may be.",
    ),
    "backup": ("backup:backup_", "Copy the books to FILE while they are served, and prove the copy."),
    "soak": (
        "soak:soak",
        "Work at a server that is killed, cut off and kept waiting, and prove that nothing is lost.",
    ),
    "restore": ("restore:restore_", "Put the backup FILE in the place that CARNET_DATABASE names."),
}
"""Command → where it is defined, in this folder, and what it does. A command is imported when it is run: the manual of
all of them needs none."""


class Interrupted(click.ClickException):
    """The command was ended from its terminal. What it has recorded stays."""

    exit_code = 130

    def __init__(self) -> None:
        super().__init__("interrupted")


class Commands(click.Group):
    """Imports a command when it is asked for, and tells errors in one line, unless they are faults of the program."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        found: click.Command = getattr(import_module(f"api.cli.{module}"), name)
        if sys.flags.optimize >= 2:
            _put_back_help(found)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])

    def main(self, *given: Any, **options: Any) -> Any:
        with standard_streams():
            return super().main(*given, **options)

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt as error:
            raise Interrupted from error
        except Exception as error:
            from api.cli.told import in_one_line

            told = in_one_line(error)
            if told is None:
                raise
            raise told from error


def _put_back_help(command: click.Command) -> None:
    """Give a command the manual that Python was told to drop (-OO)."""
    from inspect import cleandoc

    from api.http.docstring import docstring_of

    if command.help is None and command.callback is not None:
        command.help = cleandoc(docstring_of(command.callback)) or None
    if isinstance(command, click.Group):
        for each in command.commands.values():
            _put_back_help(each)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="carnet")
def main() -> None:
    """Carnet keeps the books of prepaid packages: it sells, redeems and restores their units, and can replay
    any balance at any moment.

    \b
      carnet demo                       see it at work
      carnet open "My salon" --currency EUR --time-zone Europe/Budapest
      carnet serve                      answer the HTTP API

    Where the books lie is said by CARNET_DATABASE (sqlite:///file.db or postgresql://…; by default a file in
    your data folder); the other settings stand in docs/reference/settings.md.

    Exit status: 0 done; 1 it failed, or found something wrong; 2 wrong usage or setting.
    """


if sys.flags.optimize >= 2:
    _put_back_help(main)

if __name__ == "__main__":
    main()
