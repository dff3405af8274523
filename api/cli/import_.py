"""`carnet import`: bring in customers and balances of another system, and take an import of balances back."""

import sys
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from api.cli import import_output, output
from api.cli.arguments import NAME, SOURCE
from api.cli.given_file import FILE, given_file
from api.cli.options import here, in_json, of_business
from api.http.ids import new_id
from api.imports import mapping as mappings
from api.imports.batches import recorded
from api.imports.customers import Customers
from api.imports.file_form import HEAD_BYTES, Format, encoding_of, format_of, opened
from api.imports.importing import IMPORTER, ImportReport, run
from api.imports.load import RefusedRow
from api.imports.mapping import Mapping, UnknownMapping, What
from api.imports.packages import Packages
from api.imports.reversal import KeptPackage, Reversal, reverse
from api.imports.sheet import Content, Form, Sheet

REFUSED_ROWS = 3
"""The exit status when rows were refused and the rest went in."""
TOLD_IN_JSON_MAX = 1_000


@click.group("import")
def import_() -> None:
    """Bring in the customers and the balances that another system kept.

    \b
      carnet import mappings                            the exports that are known
      carnet import customers clients.csv --mapping square-customers --dry-run
      carnet import packages balances.csv --source old-till
      carnet import reverse imp_… --reason "wrong file"
    """


@import_.command("mappings")
def mappings_() -> None:
    """List the mappings that come with Carnet.

    Exit status: 0 listed.
    """
    found = mappings.shipped()
    output.table(
        ("mapping", "imports", "export"), [(name, each.imports, each.title) for name, each in found.items()]
    )


FILE_ARGUMENT = click.argument("file", type=FILE)
SOURCE_OPTION = click.option("--source", required=True, type=SOURCE, help="A name for the other system.")
MAPPING = click.option("--mapping", "mapping_", help="The name of a mapping, or the path of a TOML file.")
LAYOUT = click.option("--format", "layout", type=click.Choice(["csv", "jsonl"]), help="What the file is.")
DRY_RUN = click.option(
    "--dry-run", is_flag=True, help="Decide every row, tell what would happen, write nothing."
)


@import_.command("customers")
@FILE_ARGUMENT
@SOURCE_OPTION
@MAPPING
@LAYOUT
@DRY_RUN
@of_business
@in_json
def customers(**given: Any) -> None:
    """Register the customers of a file, each once for its reference.

    Possible duplicates are told; nobody is merged.

    Exit status: 0 every row is in; 1 it failed; 2 wrong usage; 3 some rows were refused, the rest is in; 130 it was
    interrupted. After 1 and 130 import again to go on.
    """
    _import("customers", **given)


@import_.command("packages")
@FILE_ARGUMENT
@SOURCE_OPTION
@MAPPING
@LAYOUT
@DRY_RUN
@of_business
@in_json
def packages(**given: Any) -> None:
    """Import the balances of a file, each once for its reference; their customers come first.

    They are opening liability and no sales. The import has an id, by which it is reversed.

    Exit status: 0 every row is in; 1 it failed; 2 wrong usage; 3 some rows were refused, the rest is in; 130 it was
    interrupted. After 1 and 130 import again to go on.
    """
    _import("packages", **given)


def _import(
    what: What,
    file: Path,
    source: str,
    mapping_: str | None,
    layout: Format | None,
    dry_run: bool,
    business_id: str | None,
    json_: bool,
) -> None:
    mapping = _mapping(mapping_, what)
    import_id = new_id("imp")
    kind: Any = Customers(import_id) if what == "customers" else Packages(import_id, mapping.money)
    refusals: list[RefusedRow] = []

    def refused(row: RefusedRow) -> None:
        if len(refusals) < TOLD_IN_JSON_MAX:
            refusals.append(row)
        click.echo(f"{file}:{row.line}: {row.column or 'row'}: {row.reason} [{row.code}]", err=True)

    with here() as installed, ExitStack() as stack:
        ledger = installed.ledger(business_id)
        content, layout = _content(stack.enter_context(given_file(file)), layout)
        currency = installed.business(ledger.business_id).currency
        sheet = Sheet(content, layout, mapping, kind.columns, currency)
        _show_form(sheet.form)
        advance = stack.enter_context(output.progress("Importing", "rows"))
        report = run(
            installed.carnet,
            ledger.business_id,
            sheet,
            kind,
            source,
            currency=currency,
            refused=refused,
            progress=lambda report: advance(sheet.bytes_read, content.size, report.rows),
            import_id=import_id,
            dry_run=dry_run,
        )
    if json_:
        told = {"file": str(file), "source": source, "dry_run": dry_run, **_members(report)}
        output.as_json({**told, "refusals": [asdict(row) for row in refusals]})
    else:
        import_output.imported(report, dry_run=dry_run)
    if report.refused:
        sys.exit(REFUSED_ROWS)


def _content(file: Path, layout: Format | None) -> tuple[Content, Format]:
    """The content of a file, and its format, recognised where it is not told. Raises UnknownLayout."""
    with opened(file.open("rb")) as begun:
        head = begun.read(HEAD_BYTES)
    found = format_of(file, head.decode(encoding_of(head), "replace"))
    return Content(lambda: file.open("rb"), file.stat().st_size), layout or found


def _mapping(named: str | None, what: What) -> Mapping:
    try:
        if named is None:
            return mappings.own(what)
        path = Path(named)
        mapping = mappings.read(path.read_text("utf-8")) if path.suffix == ".toml" else mappings.named(named)
    except OSError as error:
        raise click.UsageError(f"{named}: {error.strerror}") from error
    except (UnknownMapping, UnicodeDecodeError) as error:
        raise click.UsageError(str(error)) from error
    if mapping.imports != what:
        raise click.UsageError(f"this mapping is for an import of {mapping.imports}")
    return mapping


def _show_form(form: Form) -> None:
    """What was recognised, before anything is written."""
    separator = "JSON Lines" if form.separator is None else f"separator {form.separator!r}"
    click.echo(f"{form.encoding}, {separator}, dates {form.dates}, decimal mark {form.decimal!r}", err=True)
    for column, names in form.columns.items():
        click.echo(f"  {column} ← {' + '.join(names)}", err=True)
    if form.ignored:
        click.echo(f"  not read: {', '.join(form.ignored)}", err=True)


def _members(report: ImportReport) -> dict[str, Any]:
    return {
        **vars(report),
        "possible_duplicates": [import_output.duplicate(each) for each in report.possible_duplicates],
    }


@import_.command("reverse")
@click.argument("import_id", metavar="IMPORT")
@click.option("--reason", required=True, type=NAME, help="Why, for the history of each package.")
@click.option("--reason-code", help="The reason by a code of the business, for voiding.")
@of_business
@in_json
def reverse_(
    import_id: str, reason: str, reason_code: str | None, business_id: str | None, json_: bool
) -> None:
    """Void every package of an import that stands as it came; its reference may then be imported again.

    Packages for which something was recorded since stay, and are named. An import of customers is not reversed:
    who came by mistake is deactivated, merged or erased.

    Exit status: 0 all are voided; 1 there is no such import, or customers came by it; 2 wrong usage; 3 some stay.
    """
    kept: list[KeptPackage] = []

    def stays(package: KeptPackage) -> None:
        if len(kept) < TOLD_IN_JSON_MAX:
            kept.append(package)
        click.echo(f"{package.package_id}: {package.reason} [{package.code}]", err=True)

    with here() as installed:
        ledger = installed.ledger(business_id)
        told: Reversal = reverse(
            recorded(installed.carnet, ledger.business_id),
            import_id,
            reason,
            IMPORTER,
            reason_code=reason_code,
            kept=stays,
        )
    if json_:
        output.as_json({**vars(told), "kept": [vars_of(each) for each in kept]})
    else:
        click.echo(
            f"{told.packages:,} packages: {told.reversed:,} voided, {told.cancelled:,} were cancelled before,"
            f" {told.refused:,} stay; the ledger is at position {told.position:,}"
        )
    if told.refused:
        sys.exit(REFUSED_ROWS)


def vars_of(package: KeptPackage) -> dict[str, Any]:
    return asdict(package)
