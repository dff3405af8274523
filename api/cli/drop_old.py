"""`carnet drop-old`: drop the tables that older versions of the read models left."""

import sys

import click

from api.cli import output
from api.cli.options import here
from projections.engine.checkpoints import live_tables
from projections.engine.definition import Projection
from projections.engine.drop_old import OldTable, drop_old, old_tables
from projections.engine.outage import told_as_unavailable
from projections.engine.tables import ReadTables


@click.command("drop-old")
@click.argument("names", nargs=-1)
@click.option("--newer", is_flag=True, help="Also those of newer versions, which going back has left.")
@click.option("--dry-run", is_flag=True, help="Show what would go, and drop nothing.")
def drop_old_(names: tuple[str, ...], newer: bool, dry_run: bool) -> None:
    """Drop the tables of read models that older versions of Carnet left.

    Of the read models NAMES, or of all. Until then older code can be deployed again at any time, and goes on where it
    ended. Afterwards it fills its tables from the ledger first. A read model whose own table is not complete keeps
    its old ones. Nothing is lost but time: all of it can be made anew from the ledger.

    \b
    Examples:
      carnet drop-old --dry-run
      carnet drop-old cards

    Exit status: 0 nothing of the kind is left; 1 something was kept; 2 there is no such read model.
    """
    with here() as installed, told_as_unavailable():
        views = installed.views
        chosen = _chosen(views, names)
        left = old_tables(views, chosen, newer=newer)
        if dry_run:
            _show(left)
            return
        complete = _complete(views, chosen)
        dropped: list[str] = []
        for projection in complete:
            dropped += drop_old(views, projection, newer=newer)
    for physical in dropped:
        click.echo(f"{physical} is dropped")
    kept = [each for each in left if each.physical not in dropped]
    for each in kept:
        building = each.projection not in [projection.name for projection in complete]
        why = "the table of this version is not complete yet" if building else "it is still being read"
        click.echo(f"{each.physical} stays: {why}", err=True)
    if not left:
        click.echo("there are no old tables")
    if kept:
        sys.exit(1)


def _chosen(views: ReadTables, names: tuple[str, ...]) -> list[Projection]:
    for name in names:
        if name not in views.projections:
            raise click.UsageError(f"there is no read model {name!r}, only {', '.join(views.projections)}")
    return [projection for name, projection in views.projections.items() if not names or name in names]


def _complete(views: ReadTables, chosen: list[Projection]) -> list[Projection]:
    with views.reading() as connection:
        live = live_tables(connection, chosen)
    return [projection for projection in chosen if projection.name in live]


def _show(left: list[OldTable]) -> None:
    columns = ("read model", "version", "table")
    output.table(columns, [(each.projection, each.version, each.physical) for each in left])
