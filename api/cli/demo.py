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
@click.option(
    "--serve/--no-serve",
    "stay",
    default=None,
    help="Whether to serve the books at the end, until Ctrl-C; by default in a terminal.",
)
def demo(folder: Path | None, stay: bool | None) -> None:
    """See Carnet at work: a day at a salon and a kennel, through the real HTTP API, on a fresh database.

    It ends with three links to pages that are signed in: for the desk, for a customer's phone and for an auditor.
    Every run makes new books and leaves them there, with a key, to go on with. Your own books are not
    touched, whatever CARNET_DATABASE says.

    \b
    Example:
      carnet demo --folder /tmp/carnet-demo

    Exit status: 0 all went as it should; 1 something did not.
    """
    # Imported here: the HTTP client and rich load slowly, and no other command needs them.
    from api.cli.demo_books import play

    console = Console(width=None if os.isatty(1) else 80)
    books = folder or data_folder(os.environ) / "demo"
    in_terminal = os.isatty(0) and os.isatty(1)
    play(
        books,
        console,
        lambda name: open_on_its_own(name, "Rosa & Friends", "EUR", "Europe/Budapest"),
        stay=in_terminal if stay is None else stay,
    )
