"""`carnet backup`: a proved copy of the books, made while they are served."""

from pathlib import Path

import click

from api.cli import output
from api.cli.options import in_json, on_sqlite, settings

ON_POSTGRES = (
    "PostgreSQL makes its own: pg_dump --role=carnet_backup --format=custom --schema=carnet"
    " --schema=carnet_views --file=FILE (docs/how-to/back-up.md)"
)


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@in_json
def backup_(file: Path, force: bool, json_: bool) -> None:
    """Copy the books to FILE while they are served, and prove the copy.

    The copy holds everything up to one moment. Its hash chains are recomputed before it takes its name; then
    position and hash of each head are printed. Kept elsewhere, `carnet verify --expect POSITION:HASH` holds the
    books to them. The pepper is not in FILE: keep it too, in another place.

    For an embedded database; PostgreSQL has pg_dump.

    \b
    Example:
      carnet backup books-2026-06-30.db

    Exit status: 0 made and proved; 1 nothing was made; 2 wrong usage or setting.
    """
    from api.server.backup import back_up

    read = on_sqlite(settings(), ON_POSTGRES)
    with output.progress("Verifying", "facts") as advance:
        proved = back_up(read, file, force=force, progress=lambda done, of: advance(done, of, done))
    if json_:
        heads = [
            {"business_id": each.business_id, "position": each.position, "hash": each.hash.hex()}
            for each in proved
        ]
        output.as_json({"file": str(file), "heads": heads})
        return
    output.heads(proved)
    click.echo(f"copied to {file}, {file.stat().st_size:,} bytes")
    if read.pepper is None and read.pepper_file.exists():
        click.echo(f"the pepper is not in it: keep {read.pepper_file.name} too, in another place", err=True)
