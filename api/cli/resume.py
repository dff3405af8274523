"""`carnet resume`: let read models that stopped try again."""

import sys

import click

from api.cli.options import here, of_one_business
from projections.engine.checkpoints import Stop
from projections.engine.status import stopped
from projections.engine.tables import ReadTables


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


def _stops(views: ReadTables, business_id: str | None) -> dict[tuple[str, str], Stop]:
    """(business, read model) → why it stopped; of one business, or of all."""
    return {
        (id, each.projection): each.stop
        for id, each in stopped(views)
        if each.stop is not None and business_id in (None, id)
    }
