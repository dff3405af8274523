"""What `carnet load` and `carnet import` print: counts, and what may be the same person."""

from typing import Any

import click

from api.imports.importing import ImportReport, PossibleDuplicate
from api.imports.load import Report


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
    if report.import_id is not None and report.recorded and not dry_run:
        click.echo(f"this is import {report.import_id}")
    click.echo(f"the ledger {'would be' if dry_run else 'is'} at position {report.position:,}")


def duplicate(found: PossibleDuplicate) -> dict[str, Any]:
    return {"line": found.line, "customer_id": found.customer_id, "others": list(found.others)}
