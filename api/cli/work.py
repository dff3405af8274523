"""`carnet work`: keep the read models fresh, let the clock tick, send e-mails and webhooks."""

from threading import Event

import click

from api.cli.options import settings
from api.server.ending import ENDING, end_on


@click.command()
def work() -> None:
    """Keep the read models of all businesses fresh, let the clock tick, and send e-mails and webhooks, until told to
    stop.

    Any number of these processes, on any number of machines with the same PostgreSQL database, share the
    work; one that dies is made up for by the others. Ends on SIGTERM, Ctrl-C, or when its terminal closes.

    \b
    Example:
      CARNET_DATABASE=postgresql://localhost/salon carnet work

    Exit status: 0 stopped as told; 1 the database cannot be used.
    """
    from api.server.runner_process import work as keep_fresh

    stopping = Event()
    end_on(ENDING, stopping.set)
    click.echo("keeping the read models fresh", err=True)
    keep_fresh(settings(), stopping)
