"""`carnet demo`: the first thing a newcomer runs."""

import os
from pathlib import Path

import click
from rich.console import Console

from api.server.installation import open_on_its_own
from api.server.settings import data_folder


@click.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the books of the demo are made; by default your data folder.",
)
def demo(folder: Path | None) -> None:
    """See Carnet at work: a day at a salon and a kennel, through the real HTTP API, on a fresh database.

    Every run makes new books and leaves them there, with a key, to go on with. Your own books are not
    touched, whatever CARNET_DATABASE says.

    \b
    Example:
      carnet demo --folder /tmp/carnet-demo

    Exit status: 0 all went as it should; 1 something did not.
    """
    # Imported here: the HTTP client and rich load slowly, and no other command needs them.
    from api.cli.demo_day import play

    console = Console(width=None if os.isatty(1) else 80)
    books = folder or data_folder(os.environ) / "demo"
    play(books, console, lambda name: open_on_its_own(name, "Rosa & Friends", "EUR", "Europe/Budapest"))
