"""Reading a day-book: sales and uses that another system kept, one row each, as CSV or JSON Lines.

    for row in DayBook(path, "csv").rows(): …    # Row or Unreadable, in file order

The columns are listed in docs/reference/day-book.md. A row ends with its line unless a quotation mark is open, so a
bad one spoils no other. The file is read as a stream, so memory does not grow with it.
"""

import csv
import io
import json
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, ClassVar, TextIO

from pydantic import BeforeValidator, ValidationError

from api.http.flaw_words import words_for
from api.imports.file_form import (
    HEAD_BYTES,
    NAMES_OF_SEPARATORS,
    Format,
    UnknownLayout,
    encoding_of,
    format_of,
    heading,
    opened,
    separator_line,
    separator_of,
)
from api.imports.flaws import Flaw, Unfit, code_of
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
LINE_MAX = 65_536
"""Characters of a row."""
ROW_LINES_MAX = 100
"""Lines of a row with line breaks in its cells."""

Cells = Mapping[str, str]
"""Column → its text in the file; empty cells are left out."""
Line = tuple[int, str | None]
"""Number from 1, and text; None for one that is longer than the limit."""


_is_whole_number = re.compile(r"[0-9]{1,16}").fullmatch
_is_iso_day = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch
_is_currency = re.compile(r"[A-Z]{3}").fullmatch


def whole_number(text: str) -> int:
    # Python's own parser would also take "1_000", " 12" and "+1".
    if not _is_whole_number(text):
        raise Unfit("int-parsing", "must be a whole number in digits alone")
    return int(text)


def iso_day(text: str) -> date:
    if not _is_iso_day(text):
        raise Unfit("no-date", "must be a date like 1997-01-31")
    return date.fromisoformat(text)


def _iso_currency(text: str) -> str:
    if not _is_currency(text):
        raise Unfit("no-currency", "must be an ISO 4217 code like EUR")
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
COLUMNS_OF = {kind: frozenset({"kind", *model.model_fields}) for kind, model in KINDS.items()}
"""Kind of row → its columns."""
FORMED = ("reference", "customer", "service", "name")
"""Columns whose texts are brought into one form."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row that can be read. `content` differs for any other content under the same reference."""

    line: int
    entry: Sale | Use
    content: bytes


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that cannot be read: its line, its column (None: the row itself), and why, as a sentence and as a code."""

    line: int
    column: str | None
    reason: str
    flaw: Flaw


class DayBook:
    """One file. `bytes_read` of `size` is the progress of the reading. `layout` None: it is recognised.

    Raises UnknownLayout where it is no text, OSError.
    """

    def __init__(self, path: Path, layout: Format | None = None) -> None:
        self.size = path.stat().st_size
        self.bytes_read = 0
        self._path = path
        with self._opened() as file:
            head = file.read(HEAD_BYTES)
        self._encoding = encoding_of(head)
        self._layout = layout or format_of(path, head.decode(self._encoding, "replace"))

    def rows(self) -> Iterator[Row | Unreadable]:
        """Every row that is not blank, in file order. Raises UnknownLayout, OSError."""
        self.bytes_read = 0
        with self._opened() as file:
            text = io.TextIOWrapper(file, self._encoding, errors="surrogateescape", newline=None)
            lines = _lines(text)
            for line, cells in _of_csv(lines) if self._layout == "csv" else _of_json(lines):
                yield cells if isinstance(cells, Unreadable) else _row(line, cells)

    def _opened(self) -> io.BufferedReader:
        return opened(self._path.open("rb"), self._count)

    def _count(self, read: int) -> None:
        self.bytes_read += read


def _lines(text: TextIO) -> Iterator[Line]:
    """The lines that are not empty. Bytes of another encoding become characters that no text may hold."""
    number = 0
    try:
        while line := text.readline(LINE_MAX):
            number += 1
            if len(line) == LINE_MAX and not line.endswith("\n"):
                while (rest := text.readline(LINE_MAX)) and not rest.endswith("\n"):
                    pass
                yield number, None
            elif line := line.rstrip("\n"):
                yield number, line
    except UnicodeError as error:
        raise UnknownLayout(
            f"it is not the {text.encoding.upper()} that it begins as: {error}", "other-encoding"
        ) from error


def _of_csv(lines: Iterator[Line]) -> Iterator[tuple[int, Cells | Unreadable]]:
    waiting: deque[Line] = deque()
    first = next(lines, (1, None))[1]
    told = None if first is None else separator_line(first)
    if told is not None:
        first = next(lines, (1, None))[1]
    separator = told or separator_of(first or "", COLUMNS)
    header = _header(first, separator)
    while (given := waiting.popleft() if waiting else next(lines, None)) is not None:
        line, text = given
        if text is None:
            yield line, _too_long(line)
            continue
        cells, others = _parsed(text, separator, waiting, lines)
        waiting = others
        yield line, _csv_cells(line, cells, header)


def _parsed(
    text: str, separator: str, waiting: "deque[Line]", lines: Iterator[Line]
) -> tuple[list[str] | str, "deque[Line]"]:
    """The cells of a row, or what is wrong with it; and the lines after it that were read.

    A row whose quotation mark is open goes on in the next lines. Where it is never closed, it is one line.
    """
    taken, others = [text], deque(waiting)
    used: list[Line] = []
    while True:
        try:
            return next(csv.reader(taken, delimiter=separator, strict=True)), others
        except csv.Error as error:
            following = others.popleft() if others else next(lines, None)
            if following is not None:
                used.append(following)
            if (
                "unexpected end of data" not in str(error)
                or following is None
                or following[1] is None
                or len(used) >= ROW_LINES_MAX
                or sum(map(len, taken)) > LINE_MAX
            ):
                return f"is not CSV: {error}", deque([*used, *others])
            taken = [*taken[:-1], taken[-1] + "\n", following[1]]


def _header(text: str | None, separator: str) -> list[str]:
    """The columns in the order of this file. Raises UnknownLayout unless each is there once."""
    try:
        named = [] if text is None else next(csv.reader([text], delimiter=separator, strict=True))
    except csv.Error as error:
        raise UnknownLayout(f"its first line is not CSV: {error}", "no-heading") from error
    header = [heading(name) for name in _without_end(named, 0)]
    missing = [column for column in COLUMNS if column not in header]
    strange = [
        name
        for name, column in zip(named, header, strict=False)
        if column not in COLUMNS or header.count(column) > 1
    ]
    if missing or strange:
        problems = [("lacks", missing), ("has unknown or repeated", strange)]
        told = " and ".join(f"{what} {', '.join(map(repr, names))}" for what, names in problems if names)
        by = (
            f" (separated by {NAMES_OF_SEPARATORS.get(separator, repr(separator))})"
            if len(header) > 1
            else ""
        )
        reason = f"its first line must name the columns of a day-book{by}, but it {told}"
        raise UnknownLayout(reason, "columns-missing")
    return header


def _without_end(cells: list[str], least: int) -> list[str]:
    """The cells without empty ones at the end, as spreadsheets write them; `least` stay."""
    if len(cells) <= least:
        return cells
    last = max((place for place, cell in enumerate(cells, 1) if cell.strip()), default=0)
    return cells[: max(last, least)]


def _csv_cells(line: int, found: list[str] | str, header: Sequence[str]) -> Cells | Unreadable:
    if isinstance(found, str):
        return Unreadable(line, None, found, "not-csv")
    cells = _without_end(found, len(header))
    if len(cells) != len(header):
        reason = f"has {len(cells)} cells, the first line names {len(header)} columns"
        return Unreadable(line, None, reason, "wrong-cells")
    return {column: cell for column, cell in zip(header, cells, strict=True) if cell}


def _too_long(line: int) -> Unreadable:
    return Unreadable(line, None, f"is longer than {LINE_MAX} characters", "too-long-row")


def _of_json(lines: Iterator[Line]) -> Iterator[tuple[int, Cells | Unreadable]]:
    for line, text in lines:
        yield line, _too_long(line) if text is None else _json_cells(line, text)


def _json_cells(line: int, text: str) -> Cells | Unreadable:
    """The members of one object as the texts of a CSV row, so that both formats give the same content."""
    try:
        pairs = json.loads(text, object_pairs_hook=lambda pairs: pairs)
    except (ValueError, RecursionError):
        return Unreadable(line, None, "is not JSON", "not-json")
    if not text.lstrip().startswith("{"):
        return Unreadable(line, None, "is not a JSON object", "no-object")
    cells: dict[str, str] = {}
    for column, value in pairs:
        if column not in COLUMNS or column in cells:
            reason = f"has an unknown or repeated member {column[:50]!r}"
            return Unreadable(line, None, reason, "unknown-member")
        if value is not None and type(value) not in (str, int):
            return Unreadable(line, column, "must be text or a whole number", "no-text")
        if value is not None and value != "":
            cells[column] = str(value)
    return cells


def _row(line: int, cells: Cells) -> Row | Unreadable:
    model = KINDS.get(cells.get("kind", ""))
    if model is None:
        return Unreadable(line, "kind", "must be sale or use", "no-kind")
    columns = COLUMNS_OF[model.kind]
    for column in cells:
        if column not in columns:
            return Unreadable(line, column, f"must be empty for a {model.kind}", "not-of-kind")
    try:
        entry = model.model_validate({name: cell for name, cell in cells.items() if name != "kind"})
    except ValidationError as error:
        return _refusal(line, error)
    return Row(line, entry, _content({**cells, **_in_form(entry)}))


def _in_form(entry: Sale | Use) -> Cells:
    """The texts of a row in the one form that they are compared in."""
    return {column: getattr(entry, column) for column in FORMED if column in COLUMNS_OF[entry.kind]}


def _refusal(line: int, error: ValidationError) -> Unreadable:
    """The first flaw of a row, in the order of the columns."""
    problems = {str(problem["loc"][0]): problem for problem in reversed(error.errors(include_url=False))}
    column = min(problems, key=COLUMNS.index)
    problem = problems[column]
    if problem["type"] == "missing":
        return Unreadable(line, column, "must not be empty", code_of(problem))
    return Unreadable(line, column, words_for(problem), code_of(problem))


def _content(cells: Cells) -> bytes:
    """The same bytes for the same content, in either format and any order of columns."""
    return json.dumps([[column, cells[column]] for column in COLUMNS if column in cells]).encode()
