"""The forms of an export as text: CSV and JSON Lines."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from replay.export.cells import guarded
from replay.export.table import Cell, Column, Line

Media = Literal["csv", "jsonl", "parquet"]
TextMedia = Literal["csv", "jsonl"]


@dataclass(frozen=True, slots=True)
class Form:
    """A form that is written line by line."""

    heading: Callable[[Sequence[Column]], bytes]
    lines: Callable[[Sequence[Column], Iterable[Line]], bytes]


def csv_heading(columns: Sequence[Column]) -> bytes:
    return _csv([[column.name for column in columns]])


def csv_lines(columns: Sequence[Column], lines: Iterable[Line]) -> bytes:
    """RFC 4180, UTF-8: null is an empty cell, a boolean is true or false, text is `guarded`."""
    return _csv([_cell(column, line[column.name]) for column in columns] for line in lines)


def _cell(column: Column, cell: Cell) -> str:
    if cell is None:
        return ""
    if column.kind == "text":
        return guarded(str(cell))
    return json.dumps(cell) if isinstance(cell, bool) else str(cell)


def _csv(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


def json_lines(columns: Sequence[Column], lines: Iterable[Line]) -> bytes:
    """An object a line, with every column; text as it is."""
    rows = ({column.name: line[column.name] for column in columns} for line in lines)
    return b"".join(
        json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n" for row in rows
    )


FORMS: dict[TextMedia, Form] = {
    "csv": Form(csv_heading, csv_lines),
    "jsonl": Form(lambda columns: b"", json_lines),
}


def written(columns: Sequence[Column], pages: Iterator[list[Line]], media: TextMedia) -> Iterator[bytes]:
    """The export in pieces, one a page; the first holds the heading, and is there without a row."""
    form = FORMS[media]
    yield form.heading(columns) + form.lines(columns, next(pages))
    for page in pages:
        yield form.lines(columns, page)
