"""`carnet status`: how far each read model is behind its ledger."""

import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from api.cli import output, standing_output
from api.cli.options import here, in_json, ledgers_here, of_one_business
from api.server.clock.overdue import overdue
from api.server.registration import servers
from domain.ledger.space import bytes_of_a_fact
from projections.engine.pages import Unreadable
from projections.engine.status import Standing, standings, unreadable
from projections.engine.tables import ProjectionMissing
from projections.engine.views_file import were_set_aside


@click.command()
@of_one_business
@click.option("--space", is_flag=True, help="Show instead the room that each table of the ledger takes.")
@in_json
def status(business_id: str | None, space: bool, json_: bool) -> None:
    """Show how far each read model is behind its ledger, and which have stopped.

    A read model stops at a fact that it cannot take; nothing is ever skipped. Once the cause is mended,
    `carnet resume` lets it try again. A new version of a read model is building until it has all facts; its lists are
    refused until then, and `carnet rebuild` is the fastest way there. Facts that newer code wrote and this version
    cannot read are left to newer code, with the read models they concern.

    After a restore a read model may have no table, or be ahead of its ledger:
    `carnet migrate` begins it anew. A read model runs where a server is known, which may be another machine's; else it
    waits, or is up to date. It also tells of expiries that the clock should have recorded an hour ago; packages expire
    all the same. A damaged file of read models is set aside and built anew; it tells where it is.

    With --space it counts the rows of every table of the ledger, over all businesses, and tells the bytes of each with
    its indexes, in all and for each fact. The tables of the read models are not among them: they can be built anew.

    \b
    Examples:
      carnet status
      carnet status --space

    Exit status: 0 all go on; 1 at least one has stopped, has no table, is ahead of its ledger or is left to newer
    code, or a ledger has lost its head.
    """
    if space:
        _show_space(json_=json_)
        return
    with here() as installed:
        id = None if business_id is None else installed.ledger(business_id).business_id
        if missing := installed.views.missing():
            raise ProjectionMissing(", ".join(missing))
        found = [s for s in standings(installed.carnet.store, installed.views, id) if s.head or s.is_ahead]
        unread = unreadable(installed.carnet.store, installed.views, found)
        late = list(overdue(installed, dict.fromkeys(standing.business_id for standing in found)))
        headless = installed.without_head()
        disabled = [each for each in installed.carnet.store.webhooks.all() if each.state == "disabled"]
        aside = were_set_aside(Path(installed.views.where)) if not installed.views.on_postgres else []
        serving = servers(installed.settings, installed.carnet.store)
        given_up = [total for total in installed.carnet.store.outbox.totals() if total.state == "given_up"]
    if json_:
        output.as_json([_standing_shown(standing, unread, is_served=bool(serving)) for standing in found])
    else:
        standing_output.standings(found, unread, is_served=bool(serving))
        click.echo(
            "\n".join(f"served at {each.address}" for each in serving)
            or "no server is known: `carnet serve` or `carnet work` keeps the read models fresh"
        )
    for lost in headless:
        click.echo(f"{lost}: its head is gone, and its facts are there: `carnet verify` names it", err=True)
    for business, expiries in late:
        told = f"{expiries} expiries of {business} are not recorded for an hour: `carnet tick` records them"
        click.echo(told, err=True)
    for total in given_up:
        if id in (None, total.business_id):
            told = (
                f"{total.business_id}: {total.messages} messages were given up: `carnet messages` lists them"
            )
            click.echo(told, err=True)
    for webhook in disabled:
        if id in (None, webhook.business_id):
            why = f"{webhook.business_id}: webhook {webhook.id} is disabled ({webhook.reason})"
            click.echo(f"{why}: an owner resumes or removes it", err=True)
    for kept in aside:
        why = f"the file of the read models was damaged and is kept as {kept}; they were begun anew"
        click.echo(f"{why}: delete it when nobody needs it", err=True)
    if headless or unread or any(standing.checkpoint.stop or standing.is_ahead for standing in found):
        sys.exit(1)


def _show_space(*, json_: bool) -> None:
    if click.get_current_context().get_parameter_source("business_id") is ParameterSource.COMMANDLINE:
        raise click.UsageError("--space is told of all businesses together: leave --business out")
    with ledgers_here() as ledgers:
        found = ledgers.carnet.store.space()
    if json_:
        tables = [asdict(each) for each in found]
        output.as_json({"bytes_of_a_fact": round(bytes_of_a_fact(found), 1), "tables": tables})
    else:
        standing_output.spaces(found)


def _standing_shown(
    standing: Standing, unread: Mapping[Standing, Unreadable], *, is_served: bool
) -> dict[str, Any]:
    stop = standing.checkpoint.stop
    return {
        "business_id": standing.business_id,
        "projection": standing.checkpoint.projection,
        "table": standing.checkpoint.physical,
        "head": standing.head,
        "checkpoint": standing.checkpoint.position,
        "lag": standing.lag,
        "state": standing_output.state(standing, unread, is_served=is_served).lower(),
        "stopped": stop and {"position": stop.position, "error": stop.error},
    }
