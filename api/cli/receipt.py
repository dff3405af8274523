"""`carnet receipt`: the receipt of a package, for a program, as a page or as a PDF."""

from pathlib import Path

import click

from api.cli.options import ledgers_here, of_business
from api.resources.parts import known
from api.resources.receipts import page, pdf
from api.resources.receipts.answer import Receipt, receipt_of
from api.resources.receipts.form import form_of
from replay.package import PackageThen
from replay.timeline import package_as_it_was


@click.command()
@click.argument("package_id", metavar="PACKAGE")
@click.option(
    "--format",
    "as_",
    type=click.Choice(["json", "html", "pdf"]),
    default="json",
    show_default=True,
    help="JSON for a program; a page or a PDF for people, in the locale of the business.",
)
@click.option(
    "--output",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write; without it, to standard output.",
)
@of_business
def receipt(package_id: str, as_: str, file: Path | None, business_id: str | None) -> None:
    """Write the receipt of a package: lines, the tax in them, payments, refunds, and what is owing.

    A file of that name is replaced. A PDF needs the extra `pdf`: pip install 'carnet[pdf]'.

    \b
    Examples:
      carnet receipt pkg_…
      carnet receipt pkg_… --format pdf --output receipt.pdf

    Exit status: 0 written; 1 there is no such package, or the extra is missing; 2 wrong usage.
    """
    if as_ == "pdf" and not pdf.is_installed():
        raise click.ClickException("a PDF needs the extra pdf: pip install 'carnet[pdf]'")
    written = _written(_receipt(package_id, business_id), as_)
    if file is None:
        click.echo(written, nl=False)
    else:
        try:
            file.write_bytes(written)
        except OSError as error:
            raise click.ClickException(f"{file} cannot be written: {error.strerror}") from error


def _written(told: Receipt, as_: str) -> bytes:
    if as_ == "json":
        return told.model_dump_json(indent=2).encode() + b"\n"
    return page.page_of(form_of(told)) if as_ == "html" else pdf.pdf_of(form_of(told))


def _receipt(package_id: str, business_id: str | None) -> Receipt:
    """Raises ClickException."""
    with ledgers_here() as installed:
        ledger = installed.ledger(business_id)
        then = package_as_it_was(ledger.recorder, package_id, installed.carnet.clock())
        if then is None:
            raise click.ClickException(f"there is no package {package_id}")
        business = installed.business(ledger.business_id)
        people = known(ledger.recorder.people(_customers(then)))
        names = {id: person["name"] for id, person in people.items() if "name" in person}
        return receipt_of(then, business, business.policies.locale, names)


def _customers(then: PackageThen) -> list[str]:
    return sorted({then.card["customer_id"], then.card["purchased_by"]} - {None})
