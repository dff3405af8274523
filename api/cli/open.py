"""`carnet open`: open the books of a business."""

import click

from api.cli import output
from api.cli.arguments import NAME
from api.cli.arguments import currency as currency_code
from api.cli.arguments import time_zone as zone_name
from api.cli.options import WAIT_S, in_json, settings


@click.command("open")
@click.argument("name", type=NAME)
@click.option("--currency", required=True, callback=currency_code, help="ISO 4217, such as EUR.")
@click.option("--time-zone", required=True, callback=zone_name, help="IANA, such as Europe/Budapest.")
@click.option("--again", is_flag=True, help="Also where there is a business of this name already.")
@in_json
def open_(name: str, currency: str, time_zone: str, again: bool, json_: bool) -> None:
    """Open the books of a business, and print its id and the first key of its owner.

    The key is shown once and never again; `carnet keys` issues others. Currency and time zone stay for ever.
    A second business of the same name is refused, as it mostly is the same one.

    An embedded database is made if it is new; PostgreSQL needs `carnet migrate` first.

    \b
    Example:
      carnet open "Harbour Spa" --currency EUR --time-zone Europe/Budapest

    Exit status: 0 opened; 1 it failed, or there is a business of that name; 2 no such currency or time zone.
    """
    from api.server.installation import migrate as bring_up_to_date
    from api.server.installation import opened

    read = settings()
    if read.ledger_file is not None:
        bring_up_to_date(read)
    with opened(read, wait_s=WAIT_S) as installed:
        if not again and (there := installed.called(name)) is not None:
            raise click.ClickException(
                f"there is a business {name} already, {there}: `carnet keys issue` makes keys to it, and --again opens"
                " another of that name"
            )
        business_id, key = installed.open_business(name, currency, time_zone)
    if json_:
        output.as_json({"business_id": business_id, "key": key})
    else:
        click.echo(f"business  {business_id}\nkey       {key}")
