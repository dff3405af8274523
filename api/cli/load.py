"""`carnet load`: bring in the history of another system."""

import sys
from dataclasses import asdict
from pathlib import Path

import click

from api.cli import import_output, output
from api.cli.arguments import SOURCE
from api.cli.given_file import FILE, given_file
from api.cli.options import here, in_json, of_business
from api.imports import day_book
from api.imports import load as loading
from api.imports.file_form import Format

REFUSED_ROWS = 3
"""The exit status when rows were refused and the rest went in."""
REFUSALS_IN_JSON_MAX = 1_000


@click.command()
@click.argument("file", metavar="DAYBOOK", type=FILE)
@click.option("--source", default="daybook", show_default=True, type=SOURCE, help="Where it comes from.")
@click.option(
    "--format",
    "layout",
    type=click.Choice(["csv", "jsonl"]),
    help="What the file is, where neither its suffix nor its beginning says it.",
)
@click.option("--dry-run", is_flag=True, help="Decide every row, tell what would happen, write nothing.")
@of_business
@in_json
def load(
    file: Path,
    source: str,
    layout: Format | None,
    dry_run: bool,
    business_id: str | None,
    json_: bool,
) -> None:
    """Bring the history of another system in: its sales and uses, one row each, in order of time.

    The columns stand in docs/reference/day-book.md; - reads standard input. Every row is decided as the API would
    decide it, as of its own date. A row is known by SOURCE/reference: loading a file again, or going on after a
    crash, changes nothing that is in already. A row that cannot go in is named on standard error with its line,
    column and reason, and the rest goes in.

    A dry run decides each row on what the rows before it would have done. It holds the books while it lasts:
    nobody else can record anything in them until it ends.

    \b
    Examples:
      carnet load history.csv --dry-run
      carnet load history.csv --source mindbody
      zcat history.csv.gz | carnet load -

    Exit status: 0 every row is in; 1 it failed; 2 wrong usage; 3 some rows were refused, the rest is in; 130 it was
    interrupted. After 1 and 130 load again to go on.
    """
    refusals: list[loading.RefusedRow] = []

    def refused(row: loading.RefusedRow) -> None:
        if len(refusals) < REFUSALS_IN_JSON_MAX:
            refusals.append(row)
        click.echo(f"{file}:{row.line}: {row.column or 'row'}: {row.reason} [{row.code}]", err=True)

    take = loading.dry_run if dry_run else loading.load
    with here() as installed, given_file(file) as read, output.progress("Loading", "rows") as advance:
        book = day_book.DayBook(read, layout)
        ledger = installed.ledger(business_id)
        report = take(
            installed.carnet,
            ledger.business_id,
            book,
            source,
            refused=refused,
            progress=lambda report: advance(book.bytes_read, book.size, report.rows),
        )
    if json_:
        told = {"file": str(file), "source": source, "dry_run": dry_run, **vars(report)}
        output.as_json({**told, "refusals": [asdict(row) for row in refusals]})
    else:
        import_output.loaded(report, dry_run=dry_run)
    if report.refused:
        sys.exit(REFUSED_ROWS)
