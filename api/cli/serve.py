"""Serving the API, and keeping the read models fresh and in order."""

import os
import signal
import sys
from threading import Event
from typing import Any

import click

from api.cli import output
from api.cli.options import here, in_json, of_one_business, settings
from api.server.runner_process import work as keep_fresh
from api.server.settings import Settings
from projections.engine.checkpoints import Stop
from projections.engine.rebuild import rebuild
from projections.engine.status import Standing, standings, stopped
from projections.engine.tables import Views


@click.command()
@click.option("--host", help="The address to listen on; CARNET_HOST otherwise.")
@click.option("--port", type=click.IntRange(1, 65_535), help="The port; CARNET_PORT otherwise.")
def serve(host: str | None, port: int | None) -> None:
    """Answer the HTTP API until told to stop.

    Keeps the read models fresh as well, on PostgreSQL in a process of its own, unless CARNET_RUNNER=off
    leaves that to `carnet work`. The pages of the API are at /schema. SIGTERM lets the requests under way
    finish.

    \b
    Example:
      CARNET_PORT=8080 carnet serve

    Exit status: 0 stopped as told; 1 the database cannot be used; 2 a setting is wrong.
    """
    # The server and its framework take their time to load; no other command needs them.
    from api.server.serve import serve as serve_until_stopped

    given = {"CARNET_HOST": host, "CARNET_PORT": port and str(port)}
    environment = dict(os.environ) | {name: value for name, value in given.items() if value}
    serve_until_stopped(Settings.read(environment))


@click.command()
def work() -> None:
    """Keep the read models of all businesses fresh until told to stop.

    Any number of these processes, on any number of machines with the same PostgreSQL database, share the
    work; one that dies is made up for by the others. Ends on SIGTERM or Ctrl-C.

    \b
    Example:
      CARNET_DATABASE=postgresql://localhost/salon carnet work

    Exit status: 0 stopped as told; 1 the database cannot be used.
    """
    stopping = Event()
    for told in (signal.SIGTERM, signal.SIGINT):
        signal.signal(told, lambda *_: stopping.set())
    click.echo("keeping the read models fresh", err=True)
    keep_fresh(settings(), stopping)


@click.command()
@of_one_business
@in_json
def status(business_id: str | None, json_: bool) -> None:
    """Show how far each read model is behind its ledger, and which have stopped.

    A read model stops at a fact that it cannot take; nothing is ever skipped. Once the cause is mended,
    `carnet resume` lets it try again.

    \b
    Example:
      carnet status

    Exit status: 0 all go on; 1 at least one has stopped.
    """
    with here() as installed:
        id = None if business_id is None else installed.ledger(business_id).business_id
        found = [s for s in standings(installed.carnet.store, installed.views, id) if s.head]
    if json_:
        output.as_json([_standing_shown(standing) for standing in found])
    else:
        output.standings(found)
    if any(standing.checkpoint.stop for standing in found):
        sys.exit(1)


def _standing_shown(standing: Standing) -> dict[str, Any]:
    stop = standing.checkpoint.stop
    return {
        "business_id": standing.business_id,
        "projection": standing.checkpoint.projection,
        "table": standing.checkpoint.physical,
        "head": standing.head,
        "checkpoint": standing.checkpoint.position,
        "lag": standing.lag,
        "stopped": stop and {"position": stop.position, "error": stop.error},
    }


@click.command()
@of_one_business
def resume(business_id: str | None) -> None:
    """Let the read models that have stopped try again, once the cause is mended.

    Each tries the fact at which it stopped: it goes on from there, or stops again. Rows that it wrote before
    stay; where those may be wrong, `carnet rebuild` makes it anew.

    \b
    Example:
      carnet resume

    Exit status: 0 none is stopped any more; 1 at least one has stopped again.
    """
    with here() as installed:
        chosen = None if business_id is None else installed.ledger(business_id).business_id
        before = _stops(installed.views, chosen)
        runner = installed.runner()
        for (id, name), stop in before.items():
            runner.resume(installed.views.projections[name], id)
            runner.catch_up(id, stop.position)
        after = _stops(installed.views, chosen)
    for (id, name), stop in before.items():
        if (id, name) not in after:
            click.echo(f"{name} of {id} goes on from position {stop.position}")
    for (id, name), stop in after.items():
        click.echo(f"{name} of {id} stopped again at position {stop.position}: {stop.error}", err=True)
    if not before:
        click.echo("no read model has stopped")
    if after:
        sys.exit(1)


def _stops(views: Views, business_id: str | None) -> dict[tuple[str, str], Stop]:
    """(business, read model) → why it stopped; of one business, or of all."""
    return {
        (id, each.projection): each.stop
        for id, each in stopped(views)
        if each.stop is not None and business_id in (None, id)
    }


@click.command("rebuild")
@click.argument("name")
@click.option("--verify", "compared", is_flag=True, help="Compare with the live table; print what differs.")
@click.option("--restart", is_flag=True, help="Throw away what an interrupted rebuild left.")
def rebuild_(name: str, compared: bool, restart: bool) -> None:
    """Make a read model anew from the ledgers, beside the live table, and switch.

    The live table answers until the switch. An interrupted rebuild goes on where it ended; several at once
    share the work.

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
                differing=output.difference if compared else None,
                restart=restart,
            )
    click.echo(f"{made.physical} is live, made from {made.facts:,} facts")
    if compared:
        click.echo(f"{made.differences:,} rows differed")
    if made.differences:
        sys.exit(1)
