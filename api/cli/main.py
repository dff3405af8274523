"""The command `carnet`: one file per command, each with its manual as `--help`.

Exit statuses are the same everywhere: 0 done, 1 it failed or found something wrong, 2 it was called wrongly
or a setting is wrong, 3 done but for the rows that were refused (`load`).
"""

from typing import Any

import click

from api.cli import demo, load, verify
from api.cli.backup import backup_
from api.cli.erasures import erasures
from api.cli.export import export
from api.cli.history import history
from api.cli.import_ import import_
from api.cli.keys import keys
from api.cli.messages import messages
from api.cli.migrate import migrate
from api.cli.open import open_
from api.cli.rebuild import rebuild_
from api.cli.receipt import receipt
from api.cli.report import report
from api.cli.restore import restore_
from api.cli.resume import resume
from api.cli.serve import serve
from api.cli.status import status
from api.cli.tick import tick_
from api.cli.work import work
from api.imports.day_book import UnknownLayout
from api.server.backup import CopyRefused
from api.server.installation import NoSuchBusiness
from api.server.pepper import WrongPepper
from api.server.port import AddressUnusable
from api.server.registration import CopyServed
from api.server.settings import WrongSetting
from domain.fact import UnreadableFact
from domain.ledger.errors import Contention, LedgerUnavailable, UnknownBusiness, WrongSchema
from domain.refusals import Refused
from projections.engine.freshness import ProjectionStopped
from projections.engine.rebuild import RebuildStopped
from projections.engine.tables import ProjectionMissing

TOLD = (
    AddressUnusable,
    Contention,
    CopyRefused,
    CopyServed,
    LedgerUnavailable,
    NoSuchBusiness,
    ProjectionStopped,
    RebuildStopped,
    Refused,
    UnknownBusiness,
    UnreadableFact,
    WrongSchema,
    UnknownLayout,
    WrongPepper,
)
"""Errors that are told in one line instead of a trace."""


class Commands(click.Group):
    """Tells errors without a trace, unless they are faults of the program."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except WrongSetting as error:
            raise click.UsageError(str(error)) from error
        except ProjectionMissing as error:
            raise click.ClickException(f"no table was made for {error}: `carnet migrate` makes it") from error
        except TOLD as error:
            raise click.ClickException(str(error)) from error


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


for each in (
    demo.demo,
    migrate,
    open_,
    keys,
    serve,
    work,
    tick_,
    status,
    messages,
    resume,
    rebuild_,
    load.load,
    import_,
    report,
    history,
    receipt,
    export,
    verify.verify_,
    erasures,
    backup_,
    restore_,
):
    main.add_command(each)


if __name__ == "__main__":
    main()
