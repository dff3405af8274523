"""What the books amount to, and how a package was at any moment."""

from datetime import date, datetime

import click

from api.cli import output
from api.cli.options import DAY, DAY_OR_MOMENT, SOURCE, here, in_json, of_business
from api.imports import load
from domain.ledger.carnet import Ledger
from domain.refusals import NotFound
from domain.values import local_day
from replay.as_of import PRESENT, Past
from replay.reports import liability
from replay.timeline import as_of as known_at
from replay.timeline import package_at


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
        customer_id = _customer(ledger, source, ref)
        on = on or local_day(installed.carnet.clock(), business.time_zone)
        reads = installed.reads(liability.READ_MODELS)
        with reads.snapshot(ledger.business_id, liability.READ_MODELS) as snapshot:
            found = liability.customer(snapshot, ledger.business_id, customer_id, on, business.time_zone)
    if json_:
        output.as_json(found)
    else:
        output.packages(found, business.currency)


def _customer(ledger: Ledger, source: str, ref: str) -> str:
    known = load.registered(ledger.recorder, source, [ref]).get(ref)
    if known is None and ref.startswith("cus_") and ledger.recorder.stream(ref, upto_version=1):
        known = ref
    if known is None:
        raise click.ClickException(f"there is no customer {ref} of the source {source}")
    return known


@click.command()
@click.argument("package_id", metavar="PACKAGE")
@click.option("--at-version", type=click.IntRange(1), help="As it was after so many of its facts.")
@click.option("--as-of", type=DAY_OR_MOMENT, help="As the books knew it at a moment, or by the end of a day.")
@of_business
@in_json
def history(
    package_id: str,
    at_version: int | None,
    as_of: date | datetime | None,
    business_id: str | None,
    json_: bool,
) -> None:
    """Show a package and everything that ever happened to it, as it is or as it was.

    \b
    Examples:
      carnet history pkg_…
      carnet history pkg_… --at-version 3
      carnet history pkg_… --as-of 2026-10-03

    Exit status: 0 shown; 1 there is no such package, or was none then; 2 wrong usage.
    """
    if at_version is not None and as_of is not None:
        raise click.UsageError("ask for a version or for a moment, not for both")
    with here() as installed:
        ledger = installed.ledger(business_id)
        now = installed.carnet.clock()
        past = PRESENT if at_version is None else Past(at_version=at_version)
        if as_of is not None:
            past = known_at(as_of, installed.business(ledger.business_id).time_zone)
            if past.recorded_before is not None and past.recorded_before >= now:
                raise click.UsageError("--as-of must lie in the past; a day must be over")
        try:
            then = package_at(ledger.recorder, package_id, now, past)
        except NotFound as error:
            raise click.ClickException(f"there is no package {package_id}, or was none then") from error
    if json_:
        output.package_as_json(then)
    else:
        output.package(then)
