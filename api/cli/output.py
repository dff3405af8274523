"""The output of the command `carnet`, for people and (`--json`) for programs.

The JSON goes to standard output alone. Progress and refused rows go to standard error, progress only if that
is a terminal. What one kind of command prints stands in a file of its own: `report_output`, `history_output`,
`import_output`, `standing_output`.
"""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from domain.currency import MINOR_DIGITS, major

if TYPE_CHECKING:
    from replay.verify import Intact

WIDE = 1_000
"""Columns of output that goes to no terminal."""

Advance = Callable[[int, int, int], None]
"""Called with the amount done, the whole amount, and the things done, in the unit of the bar."""


@contextmanager
def progress(what: str, unit: str) -> Iterator[Advance]:
    """A bar with the rate in things a second and the time left, if standard error is a terminal."""
    if not sys.stderr.isatty():
        yield lambda done, of, things: None
        return
    from api.cli.progress import bar

    with bar(what, unit) as advance:
        yield advance


def as_json(value: Any) -> None:
    """Print it; characters that the terminal may lack are escaped, as nothing of it may be replaced."""
    in_unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    click.echo(json.dumps(value, indent=1, ensure_ascii=not in_unicode))


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under their headings, numbers to the right. Mark-up in cells is printed as text."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    made = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for place, column in enumerate(columns):
        numbers = all(isinstance(row[place], int) for row in rows)
        made.add_column(column, justify="right" if numbers and rows else "left", overflow="fold")
    for row in rows:
        made.add_row(*(Text(f"{cell:,}" if isinstance(cell, int) else str(cell)) for cell in row))
    # In a pipe every row is one line.
    Console(highlight=False, width=None if sys.stdout.isatty() else WIDE).print(made)


def money(amount: int, currency: str) -> str:
    """Minor units as people write them, with all digits of ISO 4217: babel alone would leave some out."""
    from babel.numbers import format_currency

    if currency not in MINOR_DIGITS:  # books that were opened in it before it was refused
        return f"{amount:,} minor units of {currency}"
    places = "0" * MINOR_DIGITS[currency]
    pattern = f"¤#,##0.{places}" if places else "¤#,##0"
    return format_currency(major(amount, currency), currency, pattern, locale="en", currency_digits=False)


def heads(proved: Sequence["Intact"]) -> None:
    """Where each business ends in a file that was proved."""
    for each in proved:
        click.echo(f"{each.business_id}: intact, position {each.position}, head {each.hash.hex()}")
    if not proved:
        click.echo("there is no business in it")


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """A row of a read model as JSON can hold it."""
    from domain.moments import rfc3339

    return {
        name: rfc3339(value) if hasattr(value, "tzinfo") else value
        for name, value in row.items()
        if name != "business_id"
    }
