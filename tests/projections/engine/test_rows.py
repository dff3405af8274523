"""Rows come back from the database as they went in, whatever is in them."""

import string
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import JSON, Boolean, Column, Connection, Date, Integer, MetaData, Table, Text
from sqlalchemy.types import BigInteger

from projections.engine.definition import Moment, Row
from projections.engine.rows import add_rows, change_rows, copy_rows, delete_rows, put_rows, read_rows
from tests.projections.examples import Installation

TABLE = Table(
    "things",
    MetaData(),
    Column("business_id", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("count", BigInteger),
    Column("at", Moment),
    Column("good", Boolean),
    Column("label", Text),
    Column("parts", JSON, nullable=False),
)

texts = st.one_of(
    st.text(max_size=8, alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    st.text(alphabet='{}",\\ NUL\n%' + "'" + string.digits, max_size=8),
    st.sampled_from(["NULL", "", "{}", "\\", '"', "%s", "%(name)s", "a:b"]),
)
moments = st.integers(0, 2**42).map(lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms))
json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
values = st.fixed_dictionaries(
    {
        "count": st.none() | st.integers(-(2**53), 2**53),
        "at": st.none() | moments,
        "good": st.none() | st.booleans(),
        "label": st.none() | texts,
        "parts": json,
    }
)
keys = st.fixed_dictionaries({"business_id": texts, "name": texts, "number": st.integers(-5, 5)})
rows = st.lists(st.builds(lambda key, value: {**key, **value}, keys, values), max_size=5).map(
    lambda found: list({place(row): row for row in found}.values())
)
on_both = settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)


def place(row: Row) -> tuple[Any, ...]:
    return row["business_id"], row["name"], row["number"]


def emptied(connection: Connection) -> Connection:
    TABLE.create(connection, checkfirst=True)
    connection.execute(TABLE.delete())
    return connection


@on_both
@given(rows)
def test_what_is_put_is_read(here: Installation, given: list[Row]) -> None:
    with here.views.writing() as connection:
        put_rows(emptied(connection), TABLE, given)
        found = read_rows(connection, TABLE, [place(row) for row in given])

    assert found == {place(row): row for row in given}


@on_both
@given(rows, st.lists(values, min_size=5, max_size=5), st.sets(st.sampled_from(["count", "at", "parts"])))
def test_of_a_changed_row_the_other_columns_stay(
    here: Installation, given: list[Row], after: list[Row], names: set[str]
) -> None:
    changed = [{**row, **new} for row, new in zip(given, after, strict=False)]
    with here.views.writing() as connection:
        add_rows(emptied(connection), TABLE, given)
        change_rows(connection, TABLE, tuple(names), changed)
        found = read_rows(connection, TABLE, [place(row) for row in given])

    for before, new in zip(given, changed, strict=True):
        assert found[place(before)] == before | {name: new[name] for name in names}


@on_both
@given(rows, rows)
def test_rows_are_added_replaced_and_taken_away_by_their_keys(
    here: Installation, first: list[Row], second: list[Row]
) -> None:
    old, new = {place(row): row for row in first}, {place(row): row for row in second}
    with here.views.writing() as connection:
        copy_rows(emptied(connection), TABLE, first)
        add_rows(connection, TABLE, second)
        added = read_rows(connection, TABLE, list(old | new))
        put_rows(connection, TABLE, second)
        put = read_rows(connection, TABLE, list(old | new))
        delete_rows(connection, TABLE, list(new))
        left = read_rows(connection, TABLE, list(old | new))

    assert added == new | old
    assert put == old | new
    assert left == {key: row for key, row in old.items() if key not in new}


@pytest.mark.parametrize("open_installation", ["postgres"], indirect=True)  # SQLite takes rows as they are
def test_a_type_that_could_come_back_otherwise_is_refused(here: Installation) -> None:
    table = Table("days", MetaData(), Column("business_id", Text, primary_key=True), Column("day", Date))
    with here.views.writing() as connection, pytest.raises(TypeError, match="cannot be in a read table"):
        put_rows(connection, table, [{"business_id": "b", "day": None}])
