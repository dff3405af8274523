"""Reading a day-book: every row is a sale, a use, or refused with its line, its column and the reason."""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

import pytest

from api.imports.day_book import (
    COLUMNS,
    LINE_MAX,
    DayBook,
    Row,
    Sale,
    Unreadable,
    Use,
)
from api.imports.file_form import Format, UnknownLayout

SALE = {
    "reference": "s-1",
    "occurred_on": "1997-01-31",
    "kind": "sale",
    "customer": "4",
    "name": "Discs",
    "service": "Disc",
    "units": "2",
    "amount": "2933",
    "paid": "2933",
    "currency": "USD",
    "expires_on": "1998-01-31",
}
USE = {
    "reference": "u-1",
    "occurred_on": "1997-02-01",
    "kind": "use",
    "customer": "4",
    "service": "Disc",
    "units": "1",
}


def csv_of(*rows: Mapping[str, str], columns: Iterable[str] = COLUMNS) -> bytes:
    columns = list(columns)
    lines = [",".join(columns), *(",".join(row.get(column, "") for column in columns) for row in rows)]
    return "\n".join(lines).encode() + b"\n"


def read(folder: Path, content: bytes, layout: Format = "csv") -> list[Row | Unreadable]:
    path = folder / f"book.{layout}"
    path.write_bytes(content)
    book = DayBook(path, layout)
    rows = list(book.rows())
    assert book.bytes_read == book.size
    return rows


def only(rows: list[Row | Unreadable]) -> Row:
    (row,) = rows
    assert isinstance(row, Row), row
    return row


def test_a_sale_and_a_use_are_read_with_their_lines(tmp_path: Path) -> None:
    sale, use = read(tmp_path, csv_of(SALE, USE))

    assert isinstance(sale, Row)
    assert isinstance(use, Row)
    assert (sale.line, use.line) == (2, 3)
    assert isinstance(sale.entry, Sale)
    assert isinstance(use.entry, Use)
    assert sale.entry.model_dump() == {
        "reference": "s-1",
        "occurred_on": date(1997, 1, 31),
        "customer": "4",
        "name": "Discs",
        "service": "Disc",
        "units": 2,
        "amount": 2933,
        "paid": 2933,
        "currency": "USD",
        "expires_on": date(1998, 1, 31),
    }
    assert use.entry.model_dump() == {
        "reference": "u-1",
        "occurred_on": date(1997, 2, 1),
        "customer": "4",
        "service": "Disc",
        "units": 1,
    }


def test_an_empty_last_day_means_never(tmp_path: Path) -> None:
    row = only(read(tmp_path, csv_of(SALE | {"expires_on": ""})))

    assert isinstance(row.entry, Sale)
    assert row.entry.expires_on is None


def test_columns_may_stand_in_any_order_and_the_content_stays_the_same(tmp_path: Path) -> None:
    here = only(read(tmp_path, csv_of(SALE)))
    there = only(read(tmp_path, csv_of(SALE, columns=reversed(COLUMNS))))

    assert here == there


def test_windows_line_ends_and_a_byte_order_mark_change_nothing(tmp_path: Path) -> None:
    plain = only(read(tmp_path, csv_of(SALE)))
    windows = only(read(tmp_path, b"\xef\xbb\xbf" + csv_of(SALE).replace(b"\n", b"\r\n")))

    assert windows == plain


def test_json_lines_are_the_same_content_as_csv(tmp_path: Path) -> None:
    as_json = json.dumps({**SALE, "units": 2, "amount": 2933, "paid": 2933, "name": "Discs"})
    use = json.dumps({**USE, "units": 1, "expires_on": None, "currency": ""})

    of_json = read(tmp_path, f"{as_json}\n{use}\n".encode(), "jsonl")
    of_csv = read(tmp_path, csv_of(SALE, USE))

    assert [(row.entry, row.content) for row in of_json if isinstance(row, Row)] == [
        (row.entry, row.content) for row in of_csv if isinstance(row, Row)
    ]
    assert len(of_json) == 2


def test_other_content_is_another_content(tmp_path: Path) -> None:
    before = only(read(tmp_path, csv_of(SALE)))
    contents = {
        only(read(tmp_path, csv_of(SALE | change))).content
        for change in ({"units": "3"}, {"paid": "0"}, {"expires_on": ""}, {"customer": "5"}, {"name": "CDs"})
    }

    assert len(contents) == 5
    assert before.content not in contents


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        (SALE | {"reference": ""}, "reference", "must not be empty"),
        (SALE | {"reference": "x" * 101}, "reference", "must have at most 100 characters; it has 101"),
        (SALE | {"occurred_on": "31.01.1997"}, "occurred_on", "must be a date like 1997-01-31"),
        (SALE | {"occurred_on": "1997-02-30"}, "occurred_on", "day is out of range for month"),
        (SALE | {"occurred_on": "1969-12-31"}, "occurred_on", "must lie between 1970-01-01 and 2200-12-31"),
        (SALE | {"kind": "gift"}, "kind", "must be sale or use"),
        (SALE | {"customer": ""}, "customer", "must not be empty"),
        (
            SALE | {"name": "a\x00b"},
            "name",
            "holds U+0000 (a control character), which no name may hold, as character 2",
        ),
        (SALE | {"units": "2.0"}, "units", "must be a whole number in digits alone"),
        (SALE | {"units": "1_0"}, "units", "must be a whole number in digits alone"),
        (SALE | {"units": "-1"}, "units", "must be a whole number in digits alone"),
        (SALE | {"units": "0"}, "units", "must be at least 1, not 0"),
        (SALE | {"units": "1001"}, "units", "must be at most 1000, not 1001"),
        (SALE | {"amount": ""}, "amount", "must not be empty"),
        (SALE | {"paid": "9" * 16}, "paid", "must be at most 1000000000000, not 9999999999999999"),
        (SALE | {"currency": "usd"}, "currency", "must be an ISO 4217 code like EUR"),
        (USE | {"amount": "5"}, "amount", "must be empty for a use"),
        (USE | {"name": "Discs"}, "name", "must be empty for a use"),
    ],
)
def test_a_bad_cell_is_named_and_the_next_row_is_read(
    tmp_path: Path, row: Mapping[str, str], column: str, reason: str
) -> None:
    bad, good = read(tmp_path, csv_of(row, SALE))

    assert isinstance(bad, Unreadable)
    assert (bad.line, bad.column, bad.reason) == (2, column, reason)
    assert isinstance(good, Row)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"only,three,cells", "has 3 cells, the first line names 11 columns"),
        (b'"never closed', "is not CSV: unexpected end of data"),
        (b"x" * (LINE_MAX + 1), f"is longer than {LINE_MAX} characters"),
        (b"x" * (3 * LINE_MAX), f"is longer than {LINE_MAX} characters"),
    ],
)
def test_a_bad_line_spoils_no_other(tmp_path: Path, line: bytes, reason: str) -> None:
    bad, good = read(tmp_path, csv_of() + line + b"\n" + csv_of(SALE).split(b"\n", 1)[1])

    assert isinstance(bad, Unreadable)
    assert (bad.line, bad.column, bad.reason) == (2, None, reason)
    assert isinstance(good, Row)
    assert good.line == 3


def test_what_is_not_utf_8_is_refused_in_its_column(tmp_path: Path) -> None:
    (bad,) = read(tmp_path, csv_of(SALE).replace(b",Discs,", b",Dis\xe7s,"))

    assert isinstance(bad, Unreadable)
    assert (bad.line, bad.column) == (2, "name")


def test_blank_lines_are_passed_over_and_counted(tmp_path: Path) -> None:
    row = only(read(tmp_path, csv_of(SALE).replace(b"\n", b"\n\n", 1)))

    assert row.line == 3


@pytest.mark.parametrize(
    ("line", "column", "reason"),
    [
        ("{", None, "is not JSON"),
        ("[1]", None, "is not a JSON object"),
        ("[" * 100_000, None, "is longer than 65536 characters"),
        ("[" * 60_000, None, "is not JSON"),
        (json.dumps({**SALE, "price": 1}), None, "has an unknown or repeated member 'price'"),
        ('{"units": 1, "units": 2}', None, "has an unknown or repeated member 'units'"),
        (json.dumps({**SALE, "units": 2.0}), "units", "must be text or a whole number"),
        (json.dumps({**SALE, "units": True}), "units", "must be text or a whole number"),
        (json.dumps({**SALE, "name": ["x"]}), "name", "must be text or a whole number"),
        (json.dumps({**SALE, "name": "\ud800"}), "name", None),
    ],
)
def test_a_bad_json_line_is_named(tmp_path: Path, line: str, column: str | None, reason: str | None) -> None:
    bad, good = read(tmp_path, f"{line}\n{json.dumps(SALE)}\n".encode(), "jsonl")

    assert isinstance(bad, Unreadable)
    assert (bad.line, bad.column) == (1, column)
    assert reason in (bad.reason, None)
    assert isinstance(good, Row)


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        (b"", "lacks 'reference'"),
        (b"reference,occurred_on\n", "lacks 'kind', 'customer'"),
        (",".join((*COLUMNS, "shoe_size")).encode(), "has unknown or repeated 'shoe_size'"),
        (",".join((*COLUMNS, "units")).encode(), "has unknown or repeated 'units', 'units'"),
        (b'"never closed', "is not CSV"),
    ],
)
def test_a_file_that_is_no_day_book_is_refused_as_a_whole(
    tmp_path: Path, header: bytes, problem: str
) -> None:
    with pytest.raises(UnknownLayout, match=problem):
        read(tmp_path, header)
