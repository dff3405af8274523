"""`carnet status`: how far each read model is behind its ledger."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from api.cli import output, standing_output
from api.cli.options import in_json, of_one_business, settings, store_here
from api.server.clock.overdue import overdue
from api.server.roster import require, without_head
from api.server.running import servers
from api.server.settings import Settings
from api.server.views import asked_of_views, fingerprint_of, schema_of_views
from domain.ledger.contract import Store
from domain.ledger.space import bytes_of_a_fact
from projections.engine.asking import Ask, all_readable, standings
from projections.engine.checkpoint import Standing
from projections.engine.views_file import were_set_aside
from projections.models.versions import VERSIONS

if TYPE_CHECKING:
    from projections.engine.pages import Unreadable


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
    ours = settings()
    with store_here() as store:
        require(store, business_id)
        found, late = asked_of_views(ours, lambda ask: _asked(ours, store, ask, business_id))
        unread = _unreadable(store, found)
        headless = without_head(store)
        disabled = [each for each in store.webhooks.all() if each.state == "disabled"]
        aside = were_set_aside(Path(ours.views)) if schema_of_views(ours) is None else []
        serving = servers(ours, store)
        given_up = [total for total in store.outbox.totals() if total.state == "given_up"]
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
        if business_id in (None, total.business_id):
            told = (
                f"{total.business_id}: {total.messages} messages were given up: `carnet messages` lists them"
            )
            click.echo(told, err=True)
    for webhook in disabled:
        if business_id in (None, webhook.business_id):
            why = f"{webhook.business_id}: webhook {webhook.id} is disabled ({webhook.reason})"
            click.echo(f"{why}: an owner resumes or removes it", err=True)
    for kept in aside:
        why = f"the file of the read models was damaged and is kept as {kept}; they were begun anew"
        click.echo(f"{why}: delete it when nobody needs it", err=True)
    if headless or unread or any(standing.checkpoint.stop or standing.is_ahead for standing in found):
        sys.exit(1)


def _asked(
    ours: Settings, store: Store, ask: Ask, business_id: str | None
) -> tuple[list[Standing], list[tuple[str, int]]]:
    """How far the read models are, and what the clock should have recorded."""
    every = standings(store, ask, VERSIONS.items(), fingerprint_of, business_id)
    found = [standing for standing in every if standing.head or standing.is_ahead]
    return found, list(overdue(ask, schema_of_views(ours), found, datetime.now(UTC)))


def _unreadable(store: Store, found: Sequence[Standing]) -> "Mapping[Standing, Unreadable]":
    """What keeps read models behind that this code cannot read. Facts are only looked at where one is behind."""
    behind = [standing for standing in found if standing.lag and standing.checkpoint.stop is None]
    if not behind or all_readable(store, behind):
        return {}
    from projections.engine.status import unreadable
    from projections.models.registry import READ_MODELS

    return unreadable(store, {each.name: each for each in READ_MODELS}, behind)


def _show_space(*, json_: bool) -> None:
    if click.get_current_context().get_parameter_source("business_id") is ParameterSource.COMMANDLINE:
        raise click.UsageError("--space is told of all businesses together: leave --business out")
    with store_here() as store:
        found = store.space()
    if json_:
        tables = [asdict(each) for each in found]
        output.as_json({"bytes_of_a_fact": round(bytes_of_a_fact(found), 1), "tables": tables})
    else:
        standing_output.spaces(found)


def _standing_shown(
    standing: Standing, unread: "Mapping[Standing, Unreadable]", *, is_served: bool
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
