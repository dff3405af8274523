"""What `carnet report` prints for people."""

from collections.abc import Sequence
from decimal import Decimal

import click

from api.cli.output import money, table
from projections.engine.definition import Row
from replay.reports.liability import Liability
from replay.reports.movements import Movements
from replay.reports.reasons import Reasons
from replay.reports.sales import Sales


def liability(report: Liability) -> None:
    counts = {
        name.replace("_", " "): value
        for name, value in vars(report).items()
        if isinstance(value, int) and name not in ("amount_sold", "liability", "position")
    }
    click.echo(f"On {report.on}, as known at position {report.position:,}")
    table(("figure", "value"), list(counts.items()))
    click.echo(f"amount sold  {money(report.amount_sold, report.currency)}")
    click.echo(f"liability    {money(report.liability, report.currency)}")


def movements(report: Movements, currency: str) -> None:
    rows = [("opening", report.opening), *report.changes.items(), ("closing", report.closing)]
    table(
        ("cause", "units", "value"), [(name, owed.units, money(owed.value, currency)) for name, owed in rows]
    )


def sales(report: Sales, currency: str) -> None:
    def told(amount: int | None) -> str:
        return "" if amount is None else money(amount, currency)

    click.echo(f"{report.packages:,} packages sold, as known at position {report.position:,}")
    rows = [(_percent(each.rate), told(each.gross), told(each.net), told(each.tax)) for each in report.taxes]
    table(("rate", "amount", "net", "tax"), [*rows, ("together", told(report.amount), "", "")])


def reasons(report: Reasons, currency: str) -> None:
    columns = ("group", "code", "text", "facts", "units", "value", "refunded")
    table(
        columns,
        [
            (
                row.group,
                row.code or "without a code",
                row.text or "",
                row.facts,
                row.units,
                money(row.value, currency),
                money(row.refunded, currency),
            )
            for row in report.rows
        ],
    )


def _percent(basis_points: int | None) -> str:
    return "no rate" if basis_points is None else f"{Decimal(basis_points) / 100:f} %"


def packages(rows: Sequence[Row], currency: str) -> None:
    """Print the packages of a customer."""
    columns = ("purchase", "bought", "expires", "granted", "left", "price", "unused value")
    table(
        columns,
        [
            (
                f"#{row['purchase_number']}",
                row["purchased_on"],
                row["expires_on"] or "never",
                row["granted"],
                row["remaining"],
                money(row["price"], currency),
                money(row["unused_value"], currency),
            )
            for row in rows
        ],
    )
