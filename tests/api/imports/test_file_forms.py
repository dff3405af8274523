"""A file of another system is read in every form that is certain; another is told before any row is read."""

import gzip
import io
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from api.imports.customers import Customers
from api.imports.day_book import DayBook, Row, Unreadable
from api.imports.file_form import UnknownLayout, unpacked_bytes
from api.imports.mapping import own
from api.imports.sheet import Content, Sheet
from tests.api.cli.test_day_book import SALE, USE, csv_of

Form = Callable[[bytes], bytes]
PLAIN = csv_of(SALE, USE)
CUSTOMERS = b"reference,name,date_of_birth\nC-1,Anna,1990-05-31\nC-2,B\xc3\xa9la,\n"


def with_trailing_commas(plain: bytes) -> bytes:
    return b"\n".join(line + b",," for line in plain.splitlines())


def with_capital_headings(plain: bytes) -> bytes:
    header, _, rows = plain.partition(b"\n")
    return header.upper().replace(b"_", b" ").replace(b",", b" , ") + b"\n" + rows


def separated_by(separator: str) -> Form:
    return lambda plain: plain.replace(b",", separator.encode())


def told_on_a_first_line(plain: bytes) -> bytes:
    return b"sep=;\n" + plain.replace(b",", b";")


def encoded(encoding: str) -> Form:
    return lambda plain: plain.decode().encode(encoding)


def with_ends(end: bytes) -> Form:
    return lambda plain: plain.replace(b"\n", end)


FORMS: Mapping[str, Form] = {
    "trailing commas": with_trailing_commas,
    "capital headings": with_capital_headings,
    "semicolons": separated_by(";"),
    "tabs": separated_by("\t"),
    "bars": separated_by("|"),
    "sep=": told_on_a_first_line,
    "UTF-8 with its mark": encoded("utf-8-sig"),
    "UTF-16 with its mark": encoded("utf-16"),
    "UTF-16 LE": encoded("utf-16-le"),
    "UTF-16 BE": encoded("utf-16-be"),
    "UTF-32": encoded("utf-32"),
    "CR": with_ends(b"\r"),
    "CR LF": with_ends(b"\r\n"),
    "gzip": gzip.compress,
    "gzip of UTF-16": lambda plain: gzip.compress(plain.decode().encode("utf-16")),
}


def day_book(folder: Path, content: bytes, name: str = "book.csv") -> list[Row | Unreadable]:
    path = folder / name
    path.write_bytes(content)
    book = DayBook(path)
    rows = list(book.rows())
    assert book.bytes_read == book.size
    return rows


def customers(content: bytes) -> list[tuple[int, dict[str, str]]]:
    sheet = Sheet(
        Content(lambda: io.BytesIO(content), len(content)), "csv", own("customers"), Customers.columns, "EUR"
    )
    return [(line, dict(cells)) for line, cells in sheet.rows() if not isinstance(cells, Unreadable)]


@pytest.mark.parametrize("form", FORMS)
def test_a_day_book_has_the_same_rows_in_every_form(tmp_path: Path, form: str) -> None:
    plain = [row.content for row in day_book(tmp_path, PLAIN) if isinstance(row, Row)]
    found = day_book(tmp_path, FORMS[form](PLAIN))
    assert [row.content for row in found if isinstance(row, Row)] == plain
    assert len(plain) == len(found) == 2


@pytest.mark.parametrize("form", FORMS)
def test_an_import_of_customers_has_the_same_rows_in_every_form(form: str) -> None:
    cells = [found for _, found in customers(CUSTOMERS)]
    assert cells == [
        {"reference": "C-1", "name": "Anna", "date_of_birth": "1990-05-31"},
        {"reference": "C-2", "name": "Béla"},
    ]
    assert [found for _, found in customers(FORMS[form](CUSTOMERS))] == cells


@pytest.mark.parametrize("name", ["book", "book.txt", "book.csv.gz", "book.CSV"])
def test_the_format_is_recognised_without_a_suffix(tmp_path: Path, name: str) -> None:
    assert len(day_book(tmp_path, PLAIN, name)) == 2


def test_a_line_break_inside_quotes_is_told_with_its_column(tmp_path: Path) -> None:
    wrapped, following = day_book(tmp_path, PLAIN.replace(b",Discs,", b',"Big\nDiscs",'))
    assert isinstance(wrapped, Unreadable)
    assert (wrapped.line, wrapped.column) == (2, "name")
    assert isinstance(following, Row)
    assert following.line == 4


def test_a_quotation_mark_that_is_never_closed_spoils_no_other_row(tmp_path: Path) -> None:
    rows = day_book(tmp_path, PLAIN.replace(b",Discs,", b',"Discs,'))
    assert isinstance(rows[0], Unreadable)
    assert isinstance(rows[1], Row)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"PK\x03\x04 sheet", "save it as CSV"),
        (b"%PDF-1.7", "a PDF"),
        (b"reference\x00\x01\x02" + b"x" * 100, "it is no text"),
        (gzip.compress(PLAIN, mtime=0)[:40], "its compression"),
        (b"reference;occurred on;kind\n", "separated by semicolons"),
    ],
)
def test_what_cannot_be_read_is_told_before_any_row(tmp_path: Path, content: bytes, told: str) -> None:
    with pytest.raises(UnknownLayout, match=told):
        day_book(tmp_path, content)
    if "semicolons" not in told:
        with pytest.raises(UnknownLayout, match=told):
            customers(content)


def test_what_is_packed_is_not_larger_than_the_limit_when_it_is_unpacked() -> None:
    assert unpacked_bytes(gzip.compress(b"x" * 100, mtime=0), 100) == b"x" * 100
    with pytest.raises(UnknownLayout, match="larger than 100 bytes"):
        unpacked_bytes(gzip.compress(b"x" * 101, mtime=0), 100)
