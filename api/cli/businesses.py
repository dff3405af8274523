"""`carnet businesses`: the businesses whose books are here."""

import click

from api.cli import output
from api.cli.options import in_json, ledgers_here


@click.command()
@in_json
def businesses(json_: bool) -> None:
    """List the businesses whose books are here, with the currency, the time zone and the head of each.

    Other commands take the id of one with --business or from CARNET_BUSINESS; neither is needed where there is one.

    \b
    Example:
      carnet businesses

    Exit status: 0 listed, also where there is none; 1 the database cannot be used.
    """
    with ledgers_here() as installed:
        heads = [head for head in installed.carnet.store.heads() if head[1]]
        found = [(installed.business(id), id, position) for id, position in heads]
    rows = [
        {
            "business_id": id,
            "name": business.name,
            "currency": business.currency,
            "time_zone": business.time_zone,
            "position": position,
        }
        for business, id, position in found
    ]
    if json_:
        output.as_json(rows)
    else:
        columns = ("business", "name", "currency", "time zone", "position")
        output.table(columns, [tuple(row.values()) for row in rows])
