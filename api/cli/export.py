"""`carnet export`: the books as flat tables in files, each from one position of the ledger."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, get_args

import click
from pydantic.fields import FieldInfo

from api.cli.options import BUSINESS, here
from api.http.export_route import Exported, check_one_position
from api.http.parsing import read_parameters
from api.http.problems import Problem
from api.resources.exports import EXPORTS
from replay.export.forms import Media, written
from replay.export.parquet import ParquetMissing, check_there, write_parquet
from replay.export.table import Source

ABOUT = """{about}

    All filters combine with AND; an option that is repeated matches any of its values. The columns stand in
    docs/reference/exports.md.

    \b
    Example:
      carnet export {name} --format {form} --output {name}.{form}

    Exit status: 0 exported; 1 it failed, and the file is as it was; 2 a filter is wrong.
    """


@click.group()
def export() -> None:
    """Write customers, packages, their history, bookings or points to a file.

    The file holds names and contacts; only you can read it. It is there when it is complete, and not before.

    \b
    Examples:
      carnet export customers --format csv --output customers.csv
      carnet export packages --format parquet --output packages.parquet --owing true
    """


def _command(name: str, exported: Exported[Any, Any]) -> click.Command:
    def run(media: Media, output: str, business_id: str | None, **given: Any) -> None:
        _export(exported, media, output, business_id, given)

    form = "parquet" if name == "history" else "csv"
    return click.Command(
        name,
        callback=run,
        help=ABOUT.format(about=exported.table.about, name=name, form=form),
        short_help=exported.table.about,
        params=[
            click.Option(
                ["--format", "media"],
                type=click.Choice(get_args(Media)),
                default="csv",
                show_default=True,
                help="Parquet needs the extra audit.",
            ),
            click.Option(
                ["--output"], required=True, metavar="FILE", help="The file; - for the standard output."
            ),
            click.Option(
                ["--business", "business_id"],
                metavar="ID",
                envvar=BUSINESS,
                help="The business, or CARNET_BUSINESS; needed where there is more than one.",
            ),
            *_filters(exported),
        ],
    )


def _filters(exported: Exported[Any, Any]) -> Iterator[click.Option]:
    for name, field in exported.parameters.model_fields.items():
        if name != "media":
            yield click.Option(
                [_option(name, field), name],
                metavar="VALUE",
                multiple=field.default == (),
                help=(field.description or "").replace("`", "").partition("\n")[0] or None,
            )


def _option(name: str, field: FieldInfo) -> str:
    return f"--{(field.alias or name).replace('_', '-')}"


def _export(
    exported: Exported[Any, Any], media: Media, output: str, business_id: str | None, given: dict[str, Any]
) -> None:
    asked = _asked(exported, given)
    try:
        if media == "parquet":
            check_there()
    except ParquetMissing as error:
        raise click.ClickException(str(error)) from error
    table = exported.table
    with here() as installed:
        ledger = installed.ledger(business_id)
        business = installed.business(ledger.business_id)
        wanted = exported.wanted(asked, business)
        names = table.reads(wanted)
        with (
            installed.reads(names).snapshot(ledger.business_id, names) as snapshot,
            _file(output) as target,
        ):
            check_one_position(snapshot)
            now = installed.carnet.clock()
            source = Source(snapshot, ledger.recorder, business, ledger.business_id, now)
            pages = table.pages(source, wanted)
            if media == "parquet":
                with TemporaryDirectory(prefix="carnet-export-") as folder:
                    _copy(write_parquet(table.columns, pages, Path(folder)), target)
            else:
                for piece in written(table.columns, pages, media):
                    target.write(piece)
            position = snapshot.position
    click.echo(f"{table.name} at position {position}: {output}", err=True)


def _asked(exported: Exported[Any, Any], given: dict[str, Any]) -> Any:
    """The filters. Raises UsageError."""
    fields = exported.parameters.model_fields
    pairs = [
        (fields[name].alias or name, value)
        for name, values in given.items()
        for value in (values if isinstance(values, tuple) else (values,))
        if value is not None
    ]
    try:
        return read_parameters(pairs, exported.parameters)
    except Problem as problem:
        raise click.UsageError(problem.detail.replace("/", "--", 1).replace("_", "-")) from problem


@contextmanager
def _file(output: str) -> Iterator[BinaryIO]:
    """The file to write, which takes the place of another when it is complete. Only its owner may read it."""
    if output == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if Path(output).exists() and not Path(output).is_file():  # a pipe or a device is not replaced
        with _told(output), open(output, "wb") as target:
            yield target
        return
    part = Path(f"{output}.part")
    with _told(output):
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as target:
                yield target
                target.flush()
                os.fsync(target.fileno())
            part.replace(output)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


@contextmanager
def _told(output: str) -> Iterator[None]:
    """Raises ClickException where the file cannot be written."""
    try:
        yield
    except OSError as error:
        raise click.ClickException(f"{output} cannot be written: {error.strerror}") from error


def _copy(file: Path, target: BinaryIO) -> None:
    with file.open("rb") as made:
        while piece := made.read(1 << 18):
            target.write(piece)


for _name, _exported in EXPORTS.items():
    export.add_command(_command(_name, _exported))
