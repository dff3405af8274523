"""`carnet migrate`: make the database, or bring it up to date."""

import click

from api.cli.options import settings


@click.command()
def migrate() -> None:
    """Make the database, or bring it up to this version of Carnet.

    Ledgers and tables of the read models both. Needed once on a new PostgreSQL database and after an
    upgrade; any number of processes may do it at once, and doing it again changes nothing. After a restore it
    makes read tables anew that are missing or have come further than the ledger. A read model whose version was
    raised gets a table of its own, which is building until it has all facts; the table of the version before stays
    for the code that reads it, until `carnet drop-old`.

    \b
    Example:
      CARNET_DATABASE=postgresql://localhost/salon carnet migrate

    Exit status: 0 up to date; 1 the database is not ours, newer than this program, or cannot be reached.
    """
    from api.server.installation import migrate as bring_up_to_date

    done = bring_up_to_date(settings())
    for name in done.applied:
        click.echo(f"applied {name}")
    if done.anew:
        click.echo(f"begun anew, to be filled from the ledger: {', '.join(done.anew)}")
        click.echo(
            "their lists are refused until they are complete; `carnet rebuild` is the fastest way there"
        )
    click.echo("up to date")
