"""`carnet report`: liability, and what a customer has left."""

from datetime import date

import click

from api.cli import output
from api.cli.options import DAY, SOURCE, here, in_json, of_business
from api.http.ledger_types import Recorder
from api.imports.known_ids import registered
from domain.moments import local_day
from replay.reports import liability


@click.group()
def report() -> None:
    """What the books amount to at the end of a day.

    \b
    Examples:
      carnet report liability --effective-as-of 1998-06-30
      carnet report customer 00004 --json
    """


end_of_day = click.option(
    "--effective-as-of",
    "on",
    type=DAY,
    help="The books at the end of this day, in the business's time zone; today without it.",
)


@report.command("liability")
@end_of_day
@of_business
@in_json
def report_liability(on: date | None, business_id: str | None, json_: bool) -> None:
    """What was sold, used and is still owed to customers, over all packages.

    Counts what had happened by the end of the day, whenever it was entered. Amounts are minor units.
    `liability` is the value of the unused units of packages that are neither expired nor cancelled; a sale
    that was voided is in none of the figures. docs/reference/day-book.md explains each figure.

    \b
    Example:
      carnet report liability --effective-as-of 1998-06-30 --json

    Exit status: 0 reported; 1 it failed.
    """
    with here() as installed:
        ledger = installed.ledger(business_id)
        business = installed.business(ledger.business_id)
        on = on or local_day(installed.carnet.clock(), business.time_zone)
        reads = installed.reads(liability.READ_MODELS)
        with reads.snapshot(ledger.business_id, liability.READ_MODELS) as snapshot:
            found = liability.liability(
                snapshot, ledger.business_id, business.currency, on, business.time_zone
            )
    if json_:
        output.as_json(vars(found))
    else:
        output.liability(found)


@report.command("customer")
@click.argument("ref")
@click.option("--source", default="daybook", show_default=True, type=SOURCE, help="Whose reference it is.")
@end_of_day
@of_business
@in_json
def report_customer(ref: str, source: str, on: date | None, business_id: str | None, json_: bool) -> None:
    """The packages of one customer, in order of purchase.

    REF is the customer's reference in the source it was loaded from, or the customer's id (cus_…).

    \b
    Example:
      carnet report customer 00004 --effective-as-of 1998-06-30

    Exit status: 0 reported; 1 there is no such customer, or it failed.
    """
    with here() as installed:
        ledger = installed.ledger(business_id)
        business = installed.business(ledger.business_id)
        customer_id = _customer(ledger.recorder, source, ref)
        on = on or local_day(installed.carnet.clock(), business.time_zone)
        reads = installed.reads(liability.READ_MODELS)
        with reads.snapshot(ledger.business_id, liability.READ_MODELS) as snapshot:
            found = liability.customer(snapshot, ledger.business_id, customer_id, on, business.time_zone)
    if json_:
        output.as_json(found)
    else:
        output.packages(found, business.currency)


def _customer(recorder: Recorder, source: str, ref: str) -> str:
    known = registered(recorder, source, [ref]).get(ref)
    if known is None and ref.startswith("cus_") and recorder.stream(ref, upto_version=1):
        known = ref
    if known is None:
        raise click.ClickException(f"there is no customer {ref} of the source {source}")
    return known
