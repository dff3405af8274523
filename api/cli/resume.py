"""`carnet resume`: let read models that stopped try again."""

import sys

import click

from api.cli.options import here, of_one_business, settings, store_here
from api.server.roster import require
from api.server.views import asked_of_views, fingerprint_of
from domain.ledger.contract import Store
from projections.engine.asking import Ask, standings
from projections.engine.checkpoint import Stop
from projections.models.versions import VERSIONS


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
    with store_here() as store:
        require(store, business_id)
        before = asked_of_views(settings(), lambda ask: _stops(store, ask, business_id))
    if not before:
        click.echo("no read model has stopped")
        return
    with here() as installed:
        runner = installed.runner()
        for (id, name), stop in before.items():
            runner.resume(installed.views.projections[name], id)
            runner.catch_up(id, stop.position)
        with installed.views.asking() as ask:
            after = _stops(installed.carnet.store, ask, business_id)
    for (id, name), stop in before.items():
        if (id, name) not in after:
            click.echo(f"{name} of {id} goes on from position {stop.position}")
    for (id, name), stop in after.items():
        click.echo(f"{name} of {id} stopped again at position {stop.position}: {stop.error}", err=True)
    if after:
        sys.exit(1)


def _stops(store: Store, ask: Ask, business_id: str | None) -> dict[tuple[str, str], Stop]:
    """(business, read model) → why it stopped; of one business, or of all."""
    found = standings(store, ask, VERSIONS.items(), fingerprint_of, business_id)
    return {
        (each.business_id, each.checkpoint.projection): stop
        for each in found
        if (stop := each.checkpoint.stop) is not None
    }
