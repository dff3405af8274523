"""`carnet serve`: answer the HTTP API."""

import os

import click

from api.server.settings import Settings


@click.command()
@click.option("--host", help="The address to listen on; CARNET_HOST otherwise.")
@click.option("--port", type=click.IntRange(1, 65_535), help="The port; CARNET_PORT otherwise.")
@click.option("--copy", is_flag=True, help="For a trial: also books copied from books that are being served.")
@click.option("--parent", type=int, hidden=True, help="End when this process, which started it, is gone.")
def serve(host: str | None, port: int | None, copy: bool, parent: int | None) -> None:
    """Answer the HTTP API until told to stop.

    Keeps the read models fresh and lets the clock tick as well, on PostgreSQL in a process of its own, unless
    CARNET_RUNNER=off leaves that to `carnet work`. The pages of the API are at /schema. SIGTERM lets the
    requests under way finish.

    Refuses a port that is in use, a pepper that the keys in the database were not made under, and books copied
    from books that are being served: both would answer the same keys.

    \b
    Example:
      CARNET_PORT=8080 carnet serve

    Exit status: 0 stopped as told; 1 the address, the database or the pepper cannot be used; 2 a setting is wrong.
    """
    # Imported here: the server and its framework load slowly, and no other command needs them.
    from api.server.parent import end_with
    from api.server.serve import END_S_MAX
    from api.server.serve import serve as serve_until_stopped

    if parent is not None:
        end_with(parent, END_S_MAX)
    given = {"CARNET_HOST": host, "CARNET_PORT": port and str(port)}
    environment = dict(os.environ) | {name: value for name, value in given.items() if value}
    serve_until_stopped(Settings.read(environment), copy=copy)
