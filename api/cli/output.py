"""The output of the command `carnet`, for people and (`--json`) for programs.

The JSON goes to standard output alone. Progress and refused rows go to standard error, progress only if that
is a terminal.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import click
from babel.numbers import format_currency
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskProgressColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from api.imports.importing import ImportReport, PossibleDuplicate
from api.imports.load import Report
from api.resources.parts import ERASED, People, beneficiary
from domain.currency import MINOR_DIGITS, major
from domain.moments import rfc3339
from domain.zone_rules import zone as rules_of
from projections.engine.comparison import Difference
from projections.engine.definition import Row
from projections.engine.status import Standing
from projections.models.card_columns import card_status
from replay.package import PackageThen
from replay.reports.liability import Liability
from replay.reports.movements import Movements
from replay.reports.reasons import Reasons
from replay.reports.sales import Sales
from replay.verify import Intact

WIDE = 1_000
"""Columns of output that goes to no terminal."""

Advance = Callable[[int, int, int], None]
"""Called with the amount done, the whole amount, and the things done, in the unit of the bar."""


class _Rate(ProgressColumn):
    """Things a second since the beginning."""

    def render(self, task: Task) -> Text:
        rate = task.fields["things"] / task.elapsed if task.elapsed else 0
        return Text(f"{task.fields['things']:,} {task.fields['unit']}, {rate:,.0f}/s")


@contextmanager
def progress(what: str, unit: str) -> Iterator[Advance]:
    """A bar with the rate in things a second and the time left, if standard error is a terminal."""
    console = Console(stderr=True)
    columns = (BarColumn(), TaskProgressColumn(), _Rate(), TimeRemainingColumn(elapsed_when_finished=True))
    with Progress(what, *columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, unit=unit, things=0)
        yield lambda done, of, things: bar.update(task, completed=done, total=of, things=things)


def as_json(value: Any) -> None:
    """Print it; characters that the terminal may lack are escaped, as nothing of it may be replaced."""
    in_unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    click.echo(json.dumps(value, indent=1, ensure_ascii=not in_unicode))


def money(amount: int, currency: str) -> str:
    """Minor units as people write them, with all digits of ISO 4217: babel alone would leave some out."""
    if currency not in MINOR_DIGITS:  # books that were opened in it before it was refused
        return f"{amount:,} minor units of {currency}"
    places = "0" * MINOR_DIGITS[currency]
    pattern = f"¤#,##0.{places}" if places else "¤#,##0"
    return format_currency(major(amount, currency), currency, pattern, locale="en", currency_digits=False)


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under their headings, numbers to the right. Mark-up in cells is printed as text."""
    made = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for place, column in enumerate(columns):
        numbers = all(isinstance(row[place], int) for row in rows)
        made.add_column(column, justify="right" if numbers and rows else "left", overflow="fold")
    for row in rows:
        made.add_row(*(Text(f"{cell:,}" if isinstance(cell, int) else str(cell)) for cell in row))
    # In a pipe every row is one line.
    Console(highlight=False, width=None if sys.stdout.isatty() else WIDE).print(made)


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


@dataclass(frozen=True, slots=True)
class Names:
    """The names and texts of a history: of people and keys by their ids, and of reasons and notes by theirs."""

    people: People
    texts: Mapping[str, str]

    def of(self, id: str | None) -> str | None:
        name: str | None = self.people.get(id or "", {}).get("name")
        return name

    def participant(self, id: str | None, customer_id: str) -> str | None:
        """The name of a participant; number 0 has the customer's."""
        name: str | None = None if id is None else beneficiary(id, customer_id, self.people)["name"]
        return name

    def text(self, id: str | None) -> str | None:
        return None if id is None or self is UNNAMED else self.texts.get(id, ERASED)


UNNAMED = Names({}, {})
"""For the past, which is told in ids."""


def package(then: PackageThen, names: Names) -> None:
    """Print a package and its history."""
    card, zone = then.card, then.card["time_zone"]
    click.echo(f"{card['name']} #{card['purchase_number']} of {card['customer_id']}")
    last = f"valid until {card['expires_on']}" if card["expires_on"] else "never expires"
    state = card_status(card, then.moment).replace("_", " ")
    used = f"{card['used']}/{card['total']} used, {card['remaining']} left"
    click.echo(f"{state}: {used}; {last}; worth {money(card['unused_value'], card['currency'])}")
    click.echo(
        f"version {then.version}, position {then.position:,}, as at {_local(then.moment, zone)}, {zone} time\n"
    )
    columns = ("version", "effective", "what", "change", "left", "for", "why", "entered by", "recorded")
    table(columns, [_line(row, then, names) for row in then.history])


def _local(moment: datetime, zone: str) -> str:
    return f"{moment.astimezone(rules_of(zone)):%Y-%m-%d %H:%M}"


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


def loaded(report: Report, *, dry_run: bool) -> None:
    """Print the counts of a load, or of a dry run."""
    would = "would be " if dry_run else ""
    click.echo(
        f"{report.rows:,} rows: {report.recorded:,} {would}recorded"
        f" ({report.sales:,} sales, {report.uses:,} uses),"
        f" {report.replayed:,} were in already, {report.refused:,} refused"
    )
    click.echo(
        f"{report.customers:,} customers {would}registered, {report.services:,} services {would}defined;"
        f" the ledger {'would be' if dry_run else 'is'} at position {report.position:,}"
    )


def imported(report: ImportReport, *, dry_run: bool) -> None:
    """Print the counts of an import, or of a dry run."""
    would = "would be " if dry_run else ""
    click.echo(
        f"{report.rows:,} rows: {report.recorded:,} {would}recorded, {report.replayed:,} were in already,"
        f" {report.refused:,} refused"
    )
    if report.services:
        click.echo(f"{report.services:,} services {would}defined")
    for duplicate in report.possible_duplicates:
        click.echo(f"row {duplicate.line}: may be the same person as {', '.join(duplicate.others)}")
    if report.import_id is not None and not dry_run:
        click.echo(f"this is import {report.import_id}")
    click.echo(f"the ledger {'would be' if dry_run else 'is'} at position {report.position:,}")


def duplicate(found: PossibleDuplicate) -> dict[str, Any]:
    return {"line": found.line, "customer_id": found.customer_id, "others": list(found.others)}


def standings(found: Sequence[Standing], *, is_served: bool) -> None:
    """Print how far every read model is, and which have stopped."""
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
                state(standing, is_served=is_served),
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


def state(standing: Standing, *, is_served: bool) -> str:
    """How a read model stands; it runs only where a server is known to."""
    if standing.checkpoint.stop:
        return "STOPPED"
    if standing.is_ahead:
        return "ahead"
    if is_served:
        return "runs"
    return "waits" if standing.lag else "up to date"


def heads(proved: Sequence[Intact]) -> None:
    """Where each business ends in a file that was proved."""
    for each in proved:
        click.echo(f"{each.business_id}: intact, position {each.position}, head {each.hash.hex()}")
    if not proved:
        click.echo("there is no business in it")


def difference(found: Difference) -> None:
    """Print a row that a rebuild made differently."""
    key = "/".join(map(str, found.key))
    click.echo(f"{found.business_id} {key}:")
    for name, row in (("live", found.live), ("rebuilt", found.rebuilt)):
        shown = "no row" if row is None else json.dumps(_plain(row), ensure_ascii=False, default=str)
        click.echo(f"  {name:8} {shown}")


def _line(row: Row, then: PackageThen, names: Names) -> tuple[object, ...]:
    zone, participant_id = then.card["time_zone"], row["participant_id"]
    return (
        f"v{row['version']}",
        _local(row["effective_at"], zone),
        row["label"],
        f"{row['change']:+d}" if row["change"] else "",
        "" if row["remaining"] is None else str(row["remaining"]),
        names.participant(participant_id, then.customer_id) or participant_id or "",
        " · ".join(filter(None, (row["reason_text"], names.text(row["text_id"])))),
        f"{names.of(row['actor_id']) or row['actor_id']} ({row['actor_role']})",
        _local(row["recorded_at"], zone),
    )


def package_as_json(then: PackageThen, names: Names) -> None:
    as_json(
        {
            "package_id": then.card["package_id"],
            "version": then.version,
            "position": then.position,
            "moment": rfc3339(then.moment),
            "status": card_status(then.card, then.moment),
            "card": _plain(then.card),
            "history": [_told(row, then, names) for row in then.history],
        }
    )


def _told(row: Row, then: PackageThen, names: Names) -> Row:
    """A row of the history, with the names in it."""
    participant_id = row["participant_id"]
    participant = {"id": participant_id, "name": names.participant(participant_id, then.customer_id)}
    return {
        **_plain(row),
        "entered_by": {"id": row["actor_id"], "name": names.of(row["actor_id"]), "role": row["actor_role"]},
        "participant": participant if participant_id else None,
        "text": names.text(row["text_id"]),
    }


def _plain(row: Row) -> Row:
    return {
        name: rfc3339(value) if hasattr(value, "tzinfo") else value
        for name, value in row.items()
        if name != "business_id"
    }
