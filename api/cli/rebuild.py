"""`carnet rebuild`: make a read model anew beside the live one."""

import sys

import click

from api.cli import output, standing_output
from api.cli.options import here
from projections.engine.patience import Waiting
from projections.engine.rebuild import rebuild


@click.command("rebuild")
@click.argument("name")
@click.option("--verify", "compared", is_flag=True, help="Compare with the live table; print what differs.")
@click.option("--restart", is_flag=True, help="Throw away what an interrupted rebuild left.")
def rebuild_(name: str, compared: bool, restart: bool) -> None:
    """Make a read model anew from the ledgers, beside the live table, and switch.

    The live table answers until the switch. Tables of other versions stay for the code that reads them, until
    `carnet drop-old`. An interrupted rebuild goes on where it ended; several at once
    share the work. A table that goes is waited for while somebody reads it, by short attempts that keep nobody else
    waiting; where that takes too long it goes with the next rebuild.

    \b
    Examples:
      carnet rebuild cards
      carnet rebuild history --verify

    Exit status: 0 made anew; 1 it failed, or rows differed (the new table is the live one then); 2 there is
    no such read model.
    """
    with here() as installed:
        projection = installed.views.projections.get(name)
        if projection is None:
            raise click.UsageError(
                f"there is no read model {name!r}, only {', '.join(installed.views.projections)}"
            )
        with output.progress(f"Rebuilding {name}", "facts") as advance:
            made = rebuild(
                installed.carnet.store,
                installed.views,
                projection,
                progress=lambda done, of: advance(done, of, done),
                differing=standing_output.difference if compared else None,
                restart=restart,
                waiting=_told_once(),
            )
    click.echo(f"{made.physical} is live, made from {made.facts:,} facts")
    if compared:
        click.echo(f"{made.differences:,} rows differed")
    if made.differences:
        sys.exit(1)


def _told_once() -> Waiting:
    """Says what is waited for, once each."""
    told: set[str] = set()

    def waiting(what: str) -> None:
        if what not in told:
            told.add(what)
            click.echo(f"{what} is still being read: waiting, and trying again", err=True)

    return waiting
