"""What is printed of read models: how far each is, and what a rebuild made differently."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from api.cli.output import plain, table
from domain.ledger.space import TableSpace, bytes_of_a_fact
from projections.engine.checkpoint import Standing

if TYPE_CHECKING:
    from projections.engine.comparison import Difference
    from projections.engine.pages import Unreadable


def standings(
    found: Sequence[Standing], unreadable: "Mapping[Standing, Unreadable]", *, is_served: bool
) -> None:
    """Print how far every read model is, which have stopped, and which newer code must keep fresh."""
    columns = ("business", "read model", "table", "head", "checkpoint", "lag", "state")
    table(
        columns,
        [
            (
                standing.business_id,
                standing.checkpoint.projection,
                standing.checkpoint.physical,
                standing.head,
                standing.checkpoint.position,
                standing.lag,
                state(standing, unreadable, is_served=is_served),
            )
            for standing in found
        ],
    )
    for standing in found:
        if standing.is_ahead:
            place = f"{standing.checkpoint.projection} of {standing.business_id}"
            click.echo(f"{place} is ahead of its ledger: `carnet migrate` begins it anew", err=True)
        if stop := standing.checkpoint.stop:
            place = f"{standing.checkpoint.projection} of {standing.business_id}"
            click.echo(f"{place} stopped at position {stop.position}: {stop.error}", err=True)
        if by := unreadable.get(standing):
            place = f"{standing.checkpoint.projection} of {standing.business_id}"
            told = (
                f"{place} is left to newer code: this version cannot read the fact at position {by.position}"
            )
            click.echo(f"{told}: {by.reason}", err=True)


def spaces(found: Sequence[TableSpace]) -> None:
    """Print the room of each table: rows, bytes, and bytes for each fact of the database."""
    whole = sum(each.bytes for each in found)
    of_a_fact = bytes_of_a_fact(found)
    rows = [
        (
            each.table,
            f"{each.rows:,}",
            f"{each.bytes:,}",
            f"{each.bytes * of_a_fact / whole:,.1f}" if whole else "",
        )
        for each in sorted(found, key=lambda each: -each.bytes)
    ]
    table(("table", "rows", "bytes", "bytes a fact"), [*rows, ("all", "", f"{whole:,}", f"{of_a_fact:,.1f}")])


def state(standing: Standing, unreadable: "Mapping[Standing, Unreadable]", *, is_served: bool) -> str:
    """How a read model stands; it runs only where a server is known to."""
    if standing.checkpoint.stop:
        return "STOPPED"
    if standing.is_ahead:
        return "ahead"
    if standing in unreadable:
        return "UNREADABLE"
    if standing.checkpoint.building:
        return "building"
    if is_served:
        return "runs"
    return "waits" if standing.lag else "up to date"


def difference(found: "Difference") -> None:
    """Print a row that a rebuild made differently."""
    key = "/".join(map(str, found.key))
    click.echo(f"{found.business_id} {key}:")
    for name, row in (("live", found.live), ("rebuilt", found.rebuilt)):
        shown = "no row" if row is None else json.dumps(plain(row), ensure_ascii=False, default=str)
        click.echo(f"  {name:8} {shown}")
