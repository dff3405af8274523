"""`carnet restore`: a backup back in the place of the books."""

from pathlib import Path

import click

from api.cli import output
from api.cli.options import on_sqlite, settings

ON_POSTGRES = (
    "PostgreSQL does it itself: pg_restore --exit-on-error --dbname=DATABASE FILE into an empty database,"
    " then carnet migrate (docs/how-to/back-up.md)"
)


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Also where books are: they are kept beside.")
def restore_(file: Path, force: bool) -> None:
    """Put the backup FILE in the place that CARNET_DATABASE names.

    Keys that were revoked since, and links that signed somebody in, work again: see docs/how-to/back-up.md.

    Its hash chains are recomputed first. Customers who were erased since are erased in it again, by the journal of
    erasures (CARNET_ERASURES). Read models are thrown away and made anew from the books. Stop the server
    before, and give it the pepper of that time after. FILE stays as it is.

    For an embedded database; PostgreSQL has pg_restore.

    \b
    Example:
      carnet restore books-2026-06-30.db

    Exit status: 0 restored; 1 nothing was changed; 2 wrong usage or setting.
    """
    from api.server.backup import restore

    read = on_sqlite(settings(), ON_POSTGRES)
    with output.progress("Verifying", "facts") as advance:
        done = restore(read, file, force=force, progress=lambda done, of: advance(done, of, done))
    output.heads(done.proved)
    if done.erased:
        click.echo(f"erased {done.erased} again, by the journal of erasures {read.erasures}")
    if done.kept is not None:
        click.echo(f"kept what was there as {done.kept}")
    click.echo("keys that were revoked since the backup open again: revoke them anew (carnet keys list)")
    click.echo(f"restored {file} to {read.ledger_file}; the read models will be made anew")
