"""Reading a day-book: sales and uses that another system kept, one row each, as CSV or JSON Lines.

    for row in DayBook(path, "csv").rows(): …    # Row or Unreadable, in file order

The columns are listed in docs/reference/day-book.md. A row is one line, so a bad one spoils no other. The
file is read as a stream, so memory does not grow with it.
"""

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, ValidationError

from api.http.flaw_words import words_for
from domain.currency import in_use
from domain.moments import Day
from domain.values import Amount, Currency, Quantity, Reference, ThingName, Value

COLUMNS = (
    "reference",
    "occurred_on",
    "kind",
    "customer",
    "name",
    "service",
    "units",
    "amount",
    "paid",
    "currency",
    "expires_on",
)
LINE_BYTES_MAX = 65_536
BYTE_ORDER_MARK = b"\xef\xbb\xbf"

Format = Literal["csv", "jsonl"]
Cells = Mapping[str, str]
"""Column → its text in the file; empty cells are left out."""


class UnknownLayout(Exception):
    """The file as a whole is not a day-book; nothing of it was read."""


def format_of(path: Path) -> Format | None:
    """The format by the file's suffix: `.csv`, or `.jsonl` and `.ndjson`; None for another."""
    known: dict[str, Format] = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
    return known.get(path.suffix.lower())


def whole_number(text: str) -> int:
    # Python's own parser would also take "1_000", " 12" and "+1".
    if not re.fullmatch(r"[0-9]{1,16}", text):
        raise ValueError("must be a whole number in digits alone")
    return int(text)


def iso_day(text: str) -> date:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError("must be a date like 1997-01-31")
    return date.fromisoformat(text)


def _iso_currency(text: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", text):
        raise ValueError("must be an ISO 4217 code like EUR")
    return in_use(text)


Date = Annotated[Day, BeforeValidator(iso_day)]
Units = Annotated[Quantity, BeforeValidator(whole_number)]
MinorUnits = Annotated[Amount, BeforeValidator(whole_number)]
CurrencyCode = Annotated[Currency, BeforeValidator(_iso_currency)]


class Entry(Value):
    """The columns that sales and uses share."""

    kind: ClassVar[str]
    reference: Reference
    occurred_on: Date
    customer: Reference
    service: ThingName
    units: Units


class Sale(Entry):
    kind: ClassVar = "sale"
    name: ThingName
    amount: MinorUnits
    paid: MinorUnits
    currency: CurrencyCode
    expires_on: Date | None = None


class Use(Entry):
    kind: ClassVar = "use"


KINDS: Mapping[str, type[Sale] | type[Use]] = {"sale": Sale, "use": Use}


@dataclass(frozen=True, slots=True)
class Row:
    """A row that can be read. `content` differs for any other content under the same reference."""

    line: int
    entry: Sale | Use
    content: bytes


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that cannot be read: its line, its column (None: the row itself), and why."""

    line: int
    column: str | None
    reason: str


class DayBook:
    """One file. `bytes_read` of `size` is the progress of the reading."""

    def __init__(self, path: Path, layout: Format) -> None:
        self.size = path.stat().st_size
        self.bytes_read = 0
        self._path = path
        self._layout = layout

    def rows(self) -> Iterator[Row | Unreadable]:
        """Every row that is not blank, in file order. Raises UnknownLayout, OSError."""
        lines = self._lines()
        for line, cells in self._of_csv(lines) if self._layout == "csv" else _of_json(lines):
            yield cells if isinstance(cells, Unreadable) else _row(line, cells)

    def _lines(self) -> Iterator[tuple[int, str | None]]:
        """(line number from 1, text); None for a line that is longer than the limit."""
        with self._path.open("rb") as file:
            number = 0
            while chunk := file.readline(LINE_BYTES_MAX):
                number += 1
                self.bytes_read += len(chunk)
                if len(chunk) == LINE_BYTES_MAX and not chunk.endswith(b"\n"):
                    self._skip_line(file)
                    yield number, None
                    continue
                if number == 1:
                    chunk = chunk.removeprefix(BYTE_ORDER_MARK)
                # Bytes that are not UTF-8 become characters that no text may hold: their column is refused.
                if text := chunk.decode(errors="surrogateescape").strip("\r\n"):
                    yield number, text

    def _skip_line(self, file: Any) -> None:
        while chunk := file.readline(LINE_BYTES_MAX):
            self.bytes_read += len(chunk)
            if chunk.endswith(b"\n"):
                return

    def _of_csv(self, lines: Iterator[tuple[int, str | None]]) -> Iterator[tuple[int, Cells | Unreadable]]:
        header = _header(next(lines, (1, None))[1])
        for line, text in lines:
            yield line, _csv_cells(line, text, header)


def _header(text: str | None) -> list[str]:
    """The columns in the order of this file. Raises UnknownLayout unless each is there once."""
    try:
        header = [] if text is None else next(csv.reader([text], strict=True))
    except csv.Error as error:
        raise UnknownLayout(f"its first line is not CSV: {error}") from error
    missing = [column for column in COLUMNS if column not in header]
    strange = [column for column in header if column not in COLUMNS or header.count(column) > 1]
    if missing or strange:
        problems = [("lacks", missing), ("has unknown or repeated", strange)]
        told = " and ".join(f"{what} {', '.join(map(repr, names))}" for what, names in problems if names)
        raise UnknownLayout(f"its first line must name the columns of a day-book, but it {told}")
    return header


def _csv_cells(line: int, text: str | None, header: Sequence[str]) -> Cells | Unreadable:
    if text is None:
        return _too_long(line)
    try:
        cells = next(csv.reader([text], strict=True))
    except csv.Error as error:
        return Unreadable(line, None, f"is not CSV: {error}")
    if len(cells) != len(header):
        return Unreadable(line, None, f"has {len(cells)} cells, the first line names {len(header)} columns")
    return {column: cell for column, cell in zip(header, cells, strict=True) if cell}


def _too_long(line: int) -> Unreadable:
    return Unreadable(line, None, f"is longer than {LINE_BYTES_MAX} bytes")


def _of_json(lines: Iterator[tuple[int, str | None]]) -> Iterator[tuple[int, Cells | Unreadable]]:
    for line, text in lines:
        yield line, _too_long(line) if text is None else _json_cells(line, text)


def _json_cells(line: int, text: str) -> Cells | Unreadable:
    """The members of one object as the texts of a CSV row, so that both formats give the same content."""
    try:
        pairs = json.loads(text, object_pairs_hook=lambda pairs: pairs)
    except (ValueError, RecursionError):
        return Unreadable(line, None, "is not JSON")
    if not text.lstrip().startswith("{"):
        return Unreadable(line, None, "is not a JSON object")
    cells: dict[str, str] = {}
    for column, value in pairs:
        if column not in COLUMNS or column in cells:
            return Unreadable(line, None, f"has an unknown or repeated member {column[:50]!r}")
        if value is not None and type(value) not in (str, int):
            return Unreadable(line, column, "must be text or a whole number")
        if value is not None and value != "":
            cells[column] = str(value)
    return cells


def _row(line: int, cells: Cells) -> Row | Unreadable:
    model = KINDS.get(cells.get("kind", ""))
    if model is None:
        return Unreadable(line, "kind", "must be sale or use")
    for column in cells:
        if column != "kind" and column not in model.model_fields:
            return Unreadable(line, column, f"must be empty for a {model.kind}")
    try:
        entry = model.model_validate({name: cell for name, cell in cells.items() if name != "kind"})
    except ValidationError as error:
        return _refusal(line, error)
    return Row(line, entry, _content({**cells, **_in_form(entry)}))


def _in_form(entry: Sale | Use) -> Cells:
    """The texts of a row in the one form that they are compared in."""
    return {column: value for column, value in entry if isinstance(value, str) and column != "currency"}


def _refusal(line: int, error: ValidationError) -> Unreadable:
    """The first flaw of a row, in the order of the columns."""
    problems = {str(problem["loc"][0]): problem for problem in reversed(error.errors(include_url=False))}
    column = min(problems, key=COLUMNS.index)
    problem = problems[column]
    if problem["type"] == "missing":
        return Unreadable(line, column, "must not be empty")
    return Unreadable(line, column, words_for(problem))


def _content(cells: Cells) -> bytes:
    """The same bytes for the same content, in either format and any order of columns."""
    return json.dumps([[column, cells[column]] for column in COLUMNS if column in cells]).encode()
