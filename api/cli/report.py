"""`carnet report`: the liability, its movements, the sales, the reasons, and what a customer has left."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime
from typing import get_args

import click

from api.cli import output, report_output
from api.cli.arguments import DAY, DAY_OR_MOMENT, SOURCE
from api.cli.options import in_json, ledgers_here, of_business
from api.http.ledger_types import Recorder
from api.imports.known_ids import registered
from domain.business.reasons import REASON_GROUPS, ReasonGroup
from domain.text import reference
from replay.all_packages import PackagesThen, packages_then
from replay.as_of import Past, asked, is_over
from replay.reports import liability, movements, reasons, sales


@click.group()
def report() -> None:
    """What the books amount to, now or at any moment.

    \b
    Examples:
      carnet report liability --effective-as-of 1998-06-30
      carnet report customer 00004 --json
    """


def of_a_moment(command: Callable[..., None]) -> Callable[..., None]:
    """The options that ask about the past, on both clocks."""
    effective = click.option(
        "--effective-as-of",
        type=DAY_OR_MOMENT,
        help="What had happened by a moment, or by the end of a day; now without it.",
    )
    known = click.option(
        "--as-of",
        type=DAY_OR_MOMENT,
        help="What the books knew at a moment, or by the end of a day; all without it.",
    )
    return effective(known(command))


@report.command("liability")
@of_a_moment
@of_business
@in_json
def report_liability(
    as_of: date | datetime | None,
    effective_as_of: date | datetime | None,
    business_id: str | None,
    json_: bool,
) -> None:
    """What was sold, used and is still owed to customers, over all packages.

    Counts what had happened by then, whenever it was entered, or with --as-of what was known then. Days are those
    of the business's time zone, amounts are minor units. `liability` is the value of the unused units of packages
    that are neither expired nor cancelled; a sale that was voided is in none of the figures.
    docs/reference/day-book.md explains each figure.

    \b
    Examples:
      carnet report liability --effective-as-of 1998-06-30 --json
      carnet report liability --as-of 2026-10-31

    Exit status: 0 reported; 1 it failed.
    """
    with ledgers_here() as installed:
        ledger = installed.ledger(business_id)
        business = installed.business(ledger.business_id)
        past = _past(business.time_zone, installed.carnet.clock(), as_of, effective_as_of)
        books = packages_then(ledger.recorder, past, installed.carnet.clock())
        found = liability.liability(books, business.currency, business.time_zone)
    if json_:
        output.as_json(vars(found))
    else:
        report_output.liability(found)


def of_a_period(command: Callable[..., None]) -> Callable[..., None]:
    """The options that ask about the days of one clock."""
    first = click.option(
        "--from", "first", type=DAY, help="The first day; from the beginning of the books without it."
    )
    last = click.option("--to", "last", type=DAY, help="The last day, which must be over; to now without it.")
    clock = click.option(
        "--clock",
        type=click.Choice(get_args(movements.Clock)),
        default="effective",
        show_default=True,
        help="Whether a movement belongs to the day it happened or to the day it was recorded.",
    )
    return first(last(clock(command)))


@report.command("movements")
@of_a_period
@of_business
@in_json
def report_movements(
    first: date | None, last: date | None, clock: movements.Clock, business_id: str | None, json_: bool
) -> None:
    """What moved the liability in a period, by cause; opening and changes together are closing.

    Days are those of the business's time zone, both included; amounts are minor units.

    \b
    Example:
      carnet report movements --from 1998-06-01 --to 1998-06-30

    Exit status: 0 reported; 1 it failed.
    """
    with _of_period(first, last, clock, business_id) as (books, period, currency):
        found = movements.movements(books, period)
    if json_:
        output.as_json(asdict(found))
    else:
        report_output.movements(found, currency)


@report.command("sales")
@of_a_period
@of_business
@in_json
def report_sales(
    first: date | None, last: date | None, clock: movements.Clock, business_id: str | None, json_: bool
) -> None:
    """What was sold in a period, with the tax by rate.

    An adjusted price and a voided sale count in the period of that change. Days are those of the business's time
    zone, both included; amounts are minor units, rates basis points. `net` and `tax` are null where no rate is known.

    \b
    Example:
      carnet report sales --from 1998-06-01 --to 1998-06-30

    Exit status: 0 reported; 1 it failed.
    """
    with _of_period(first, last, clock, business_id) as (books, period, currency):
        found = sales.sales(books, period)
    if json_:
        output.as_json(asdict(found) | {"taxes": [asdict(each) | {"net": each.net} for each in found.taxes]})
    else:
        report_output.sales(found, currency)


@report.command("reasons")
@of_a_period
@click.option(
    "--group", type=click.Choice(REASON_GROUPS), help="What the reasons were given for; all without it."
)
@of_business
@in_json
def report_reasons(
    first: date | None,
    last: date | None,
    clock: movements.Clock,
    group: ReasonGroup | None,
    business_id: str | None,
    json_: bool,
) -> None:
    """Why things were corrected, cancelled, refunded or given back in a period, by reason code.

    Each fact counts under its code, or without one. Days are those of the business's time zone, both included;
    amounts are minor units.

    \b
    Example:
      carnet report reasons --from 1998-06-01 --to 1998-06-30 --group refund

    Exit status: 0 reported; 1 it failed.
    """
    with _of_period(first, last, clock, business_id) as (books, period, currency):
        found = reasons.reasons(books, period, group)
    if json_:
        output.as_json(asdict(found))
    else:
        report_output.reasons(found, currency)


@contextmanager
def _of_period(
    first: date | None, last: date | None, clock: movements.Clock, business_id: str | None
) -> Iterator[tuple[PackagesThen, movements.Period, str]]:
    """The packages that close the period, the period, and the currency. Raises UsageError."""
    with ledgers_here() as installed:
        ledger = installed.ledger(business_id)
        business, now = installed.business(ledger.business_id), installed.carnet.clock()
        if last is not None and not is_over(last, business.time_zone, now):
            raise click.UsageError("--to must be a day that is over")
        if first is not None and last is not None and last < first:
            raise click.UsageError("--to must not be before --from")
        books = packages_then(ledger.recorder, movements.closing_of(business.time_zone, clock, last), now)
        yield books, movements.period_of(business.time_zone, clock, first), business.currency


@report.command("customer")
@click.argument("ref")
@click.option("--source", default="daybook", show_default=True, type=SOURCE, help="Whose reference it is.")
@of_a_moment
@of_business
@in_json
def report_customer(
    ref: str,
    source: str,
    as_of: date | datetime | None,
    effective_as_of: date | datetime | None,
    business_id: str | None,
    json_: bool,
) -> None:
    """The packages of one customer, in order of purchase.

    REF is the customer's reference in the source it was loaded from, or the customer's id (cus_…).

    \b
    Example:
      carnet report customer 00004 --effective-as-of 1998-06-30

    Exit status: 0 reported; 1 there is no such customer, or it failed.
    """
    with ledgers_here() as installed:
        ledger = installed.ledger(business_id)
        business = installed.business(ledger.business_id)
        customer_id = _customer(ledger.recorder, source, ref)
        past = _past(business.time_zone, installed.carnet.clock(), as_of, effective_as_of)
        books = packages_then(ledger.recorder, past, installed.carnet.clock())
        found = liability.customer(books, customer_id)
    if json_:
        output.as_json(found)
    else:
        report_output.packages(found, business.currency)


def _past(
    zone: str, now: datetime, as_of: date | datetime | None, effective_as_of: date | datetime | None
) -> Past:
    if as_of is not None and not is_over(as_of, zone, now):
        raise click.UsageError("--as-of must lie in the past; a day must be over")
    return asked(zone, as_of=as_of, effective_as_of=effective_as_of)


def _customer(recorder: Recorder, source: str, ref: str) -> str:
    """Raises ClickException."""
    try:
        in_form = reference(ref)
    except ValueError as error:
        in_form, why = ref, f": it {error}"
    else:
        why = ""
    found = registered(
        recorder, source, [ref, in_form]
    )  # as it was loaded before references had one form, too
    known = found.get(ref) or found.get(in_form)
    if known is None and ref.startswith("cus_") and recorder.stream(ref, upto_version=1):
        known = ref
    if known is None:
        raise click.ClickException(f"there is no customer {ref} of the source {source}{why}")
    return known
