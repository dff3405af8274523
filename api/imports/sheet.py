"""Reading a file of another system: CSV or JSON Lines, in the forms that its mapping tells or that are recognised.

    sheet = Sheet(content, "csv", mapping, PACKAGE_COLUMNS, currency="EUR")
    sheet.form                            # what was recognised, to be shown before anything is written
    for line, cells in sheet.rows(): …    # Cells or Unreadable, in file order

The file is read twice as a stream: once to recognise it, once for its rows.
"""

import codecs
import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from api.imports.cells import date_forms, decimals
from api.imports.day_book import Cells, Unreadable
from api.imports.file_form import (
    HEAD_BYTES,
    Format,
    UnknownLayout,
    encoding_of,
    heading,
    opened,
    separator_line,
    separator_of,
)
from api.imports.mapping import Mapping as ColumnMapping
from replay.export.cells import plain

CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of one kind of import."""

    needed: Sequence[str]
    optional: Sequence[str]
    days: frozenset[str]
    amounts: frozenset[str] = frozenset()

    def all(self) -> Sequence[str]:
        return (*self.needed, *self.optional)


@dataclass(frozen=True, slots=True)
class Content:
    """A file: `open` begins it anew. `size` in bytes."""

    open: Callable[[], BinaryIO]
    size: int


@dataclass(frozen=True, slots=True)
class Form:
    """The forms by which the file is read, told or recognised."""

    encoding: str
    separator: str | None
    """None: JSON Lines."""
    dates: str
    decimal: str
    columns: Mapping[str, tuple[str, ...]]
    """Carnet's column → the file's."""
    ignored: tuple[str, ...] = field(default=())
    """Columns of the file that nothing is read from."""


class Sheet:
    """One file. `bytes_read` of its content's size is the progress of the reading.

    Raises UnknownLayout where the file as a whole cannot be read, or a form cannot be told from another; OSError.
    """

    def __init__(
        self, content: Content, layout: Format, mapping: ColumnMapping, columns: Columns, currency: str
    ) -> None:
        self.content = content
        self.bytes_read = 0
        self._layout = layout
        self._mapping = mapping
        self._columns = columns
        self._encoding = mapping.encoding or _encoding(content)
        self._separator = None if layout == "jsonl" else mapping.separator or self._recognised_separator()
        self._names, ignored = self._header()
        self.form = self._recognised(currency, ignored)

    def rows(self) -> Iterator[tuple[int, Cells | Unreadable]]:
        """(line from 1, cells by Carnet's columns), blank rows left out. Empty cells are left out."""
        fixed = self._mapping.fixed
        for line, found in self._raw():
            yield line, found if isinstance(found, Unreadable) else {**fixed, **self._named(found)}

    # The file's own columns

    def _text(self, read: Callable[[int], None] = lambda size: None) -> io.TextIOWrapper:
        file = opened(self.content.open(), read)
        return io.TextIOWrapper(file, _codec(self._encoding), errors="surrogateescape", newline="")

    def _count(self, read: int) -> None:
        self.bytes_read += read

    def _raw(self) -> Iterator[tuple[int, Mapping[str, str] | Unreadable]]:
        self.bytes_read = 0
        with self._text(self._count) as text:
            rows = _of_json(text) if self._separator is None else _of_csv(text, self._separator)
            try:
                yield from rows
            except UnicodeError as error:
                raise UnknownLayout(f"it is not {self._encoding}: {error}", "other-encoding") from error

    def _header(self) -> tuple[Mapping[str, tuple[str, ...]], tuple[str, ...]]:
        """Carnet's columns by the file's, and the file's that are left over. Raises UnknownLayout."""
        present = self._present()
        known = {heading(name): name for name in present}
        names: dict[str, tuple[str, ...]] = {}
        for column in self._columns.all():
            told = self._mapping.columns.get(column, "" if self._mapping.columns else column)
            wanted = (told,) if isinstance(told, str) else told
            if found := tuple(known[heading(name)] for name in wanted if heading(name) in known):
                names[column] = found
        missing = [
            each for each in self._columns.needed if each not in names and each not in self._mapping.fixed
        ]
        strange = sorted({*self._mapping.columns, *self._mapping.fixed} - {*self._columns.all()})
        if strange:
            reason = f"the mapping names columns that Carnet does not have: {', '.join(strange)}"
            raise UnknownLayout(reason, "unknown-mapping-columns")
        if missing:
            told = ", ".join(f"{each} ({self._wanted(each)!r} in the file)" for each in missing)
            raise UnknownLayout(
                f"it lacks what is needed: {told}; it has {', '.join(map(repr, present)) or 'nothing'}",
                "columns-missing",
            )
        used = {name for found in names.values() for name in found}
        return names, tuple(name for name in present if name not in used)

    def _wanted(self, column: str) -> str:
        told = self._mapping.columns.get(column, column)
        return told if isinstance(told, str) else " + ".join(told)

    def _present(self) -> list[str]:
        """The file's columns. Raises UnknownLayout for a CSV file without a first line, or with a column twice."""
        if self._separator is None:
            found: dict[str, None] = {}
            for _, cells in self._raw():
                found |= {} if isinstance(cells, Unreadable) else dict.fromkeys(cells)
            return list(found)
        with self._text() as text:
            header = next(_parsed(text, self._separator), (1, None))[1]
        if header is None or isinstance(header, Unreadable):
            raise UnknownLayout("its first line must name the columns", "no-heading")
        headings = [heading(name) for name in header]
        twice = sorted({name for name in header if name and headings.count(heading(name)) > 1})
        if twice:
            raise UnknownLayout(f"its first line names a column twice: {', '.join(twice)}", "column-twice")
        return [name for name in header if name]

    def _named(self, cells: Mapping[str, str]) -> dict[str, str]:
        joined = {
            column: " ".join(cells[name].strip() for name in names if cells.get(name, "").strip())
            for column, names in self._names.items()
        }
        return {column: plain(text) for column, text in joined.items() if text}

    # Recognition

    def _recognised_separator(self) -> str:
        with self._text() as text:
            first = text.readline(CHUNK)
        told = separator_line(first)
        if told is not None:
            return told
        mapped = [(each,) if isinstance(each, str) else each for each in self._mapping.columns.values()]
        names = [name for each in mapped for name in each]
        return separator_of(first, names or self._columns.all())

    def _recognised(self, currency: str, ignored: tuple[str, ...]) -> Form:
        """Raises UnknownLayout where cells allow several readings."""
        days, amounts = _Ruled(date_forms), _Ruled(lambda cells: decimals(cells, currency))
        wants_dates = self._mapping.dates is None
        wants_decimal = self._mapping.decimal is None and self._mapping.money == "major"
        if wants_dates or wants_decimal:
            for _, cells in self.rows():
                if isinstance(cells, Unreadable):
                    continue
                days.add(cells[column] for column in self._columns.days if wants_dates and column in cells)
                amounts.add(
                    cells[column] for column in self._columns.amounts if wants_decimal and column in cells
                )
        return Form(
            encoding=self._encoding,
            separator=self._separator,
            dates=self._mapping.dates or days.only("the form of its dates", "YYYY-MM-DD", "dates"),
            decimal=self._mapping.decimal or amounts.only("its decimal mark", ".", "decimal"),
            columns=self._names,
            ignored=ignored,
        )


class _Ruled:
    """The readings that no cell has ruled out; distinct cells are bounded, as forms repeat."""

    SEEN_MAX = 10_000

    def __init__(self, readings: Callable[[Sequence[str]], list[str]]) -> None:
        self._readings = readings
        self._cells: dict[str, None] = {}

    def add(self, cells: Iterator[str]) -> None:
        if len(self._cells) < self.SEEN_MAX:
            self._cells |= dict.fromkeys(cells)

    def only(self, what: str, otherwise: str, member: str) -> str:
        """The one reading left; `otherwise` where cells have none in common, which their rows are then told."""
        cells = [cell for cell in self._cells if self._readings([cell])]
        left = self._readings(cells) if cells else []
        if len(left) > 1:
            reason = f"{what} can be read as {' or '.join(left)}: say `{member}` in the mapping"
            raise UnknownLayout(reason, "several-readings")
        return left[0] if left else otherwise


def _encoding(content: Content) -> str:
    """UTF-16 by its mark or its zeros, UTF-8 where all of it is, else cp1252."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with opened(content.open()) as file:
        chunk = file.read(HEAD_BYTES)
        if (found := encoding_of(chunk)) != "utf-8-sig":
            return found
        try:
            while chunk:
                decoder.decode(chunk)
                chunk = file.read(CHUNK)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def _codec(encoding: str) -> str:
    return "utf-8-sig" if encoding == "utf-8" else encoding


def _parsed(text: io.TextIOBase, separator: str) -> Iterator[tuple[int, list[str] | Unreadable]]:
    """(first line of the row, its cells). A quoted cell may go over several lines."""
    reader = csv.reader(text, delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, Unreadable(line, None, f"is not CSV: {error}", "not-csv")
            continue
        if line == 1 and separator_line(separator.join(cells)) is not None:
            continue
        if any(cell.strip() for cell in cells):
            yield line, cells


def _of_csv(text: io.TextIOBase, separator: str) -> Iterator[tuple[int, Mapping[str, str] | Unreadable]]:
    rows = _parsed(text, separator)
    header = next(rows)[1]
    assert not isinstance(header, Unreadable), "the header was read before"
    for line, cells in rows:
        if isinstance(cells, Unreadable):
            yield line, cells
        elif len(cells) < len(header) or any(cell.strip() for cell in cells[len(header) :]):
            reason = f"has {len(cells)} cells, the first line names {len(header)} columns"
            yield line, Unreadable(line, None, reason, "wrong-cells")
        else:
            yield (
                line,
                {name: cell for name, cell in zip(header, cells, strict=False) if name and cell},
            )


def _of_json(text: io.TextIOBase) -> Iterator[tuple[int, Mapping[str, str] | Unreadable]]:
    for line, row in enumerate(text, 1):
        if row.strip():
            yield line, _members(line, row)


def _members(line: int, row: str) -> Mapping[str, str] | Unreadable:
    """The members of an object as the texts of a CSV row."""
    try:
        members = json.loads(row, parse_float=str, object_pairs_hook=lambda pairs: pairs)
    except (ValueError, RecursionError):
        return Unreadable(line, None, "is not JSON", "not-json")
    if not row.lstrip().startswith("{"):
        return Unreadable(line, None, "is not a JSON object", "no-object")
    cells: dict[str, str] = {}
    for name, value in members:
        if name in cells:
            return Unreadable(line, None, f"has a member twice: {name[:50]!r}", "member-twice")
        if isinstance(value, bool):
            cells[name] = "yes" if value else "no"
        elif isinstance(value, str | int):
            cells[name] = str(value)
        elif value is not None:
            return Unreadable(line, name, "must be text, a number, true or false", "no-text")
    return cells
