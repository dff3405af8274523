"""Rows of an answer as CSV."""

import csv
from io import StringIO

from api.http.csv_rows import csv_of


def test_a_column_for_each_value_that_any_row_has() -> None:
    rows: list[dict[str, object]] = [
        {"id": "cus_1", "price": {"amount": -900, "currency": "EUR"}, "tags": ["a", "b"]},
        {"id": "cus_2", "blocked": True, "price": None},
    ]
    assert csv_of(rows).decode() == (
        "id,price.amount,price.currency,tags,blocked,price\r\n"
        'cus_1,-900,EUR,"[""a"", ""b""]",,\r\n'
        "cus_2,,,,true,\r\n"
    )


def test_a_text_is_no_formula_and_comes_back_as_it_was() -> None:
    ((name,), (text,)) = csv.reader(StringIO(csv_of([{"name": '=1+1\n"x",y'}]).decode(), newline=""))
    assert (name, text) == ("name", '\'=1+1\n"x",y')


def test_nothing_is_nothing() -> None:
    assert csv_of([]) == b"\r\n"
