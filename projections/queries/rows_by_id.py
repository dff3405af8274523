"""Rows of a read model by their ids, in no order, and the households of the customers whom they belong to."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import ColumnElement, Dialect, Table, Text, select

from projections.engine.definition import Row
from projections.engine.questions import Question, ask, composed, given, one_of
from projections.engine.snapshot import Snapshot
from projections.models.customers import CUSTOMERS


class WithHouseholds(NamedTuple):
    rows: list[Row]
    households: Mapping[str, Sequence[Row]]
    """Customer → everyone ever in the household."""


def rows_by_id(
    snapshot: Snapshot, model: str, column: str, business_id: str, ids: Sequence[str]
) -> list[Row]:
    """`column` is the one of the ids."""
    question = _rows(snapshot.tables[model], column, snapshot.connection.dialect)
    (rows,) = ask(snapshot.connection, question.with_(business_id=business_id, ids=ids))
    return rows


def rows_with_households(
    snapshot: Snapshot, model: str, column: str, business_id: str, ids: Sequence[str]
) -> WithHouseholds:
    """The same, asked together with the households."""
    table, customers = snapshot.tables[model], snapshot.tables[CUSTOMERS.name]
    dialect = snapshot.connection.dialect
    rows, households = ask(
        snapshot.connection,
        _rows(table, column, dialect).with_(business_id=business_id, ids=ids),
        _households(table, column, customers, dialect).with_(business_id=business_id, ids=ids),
    )
    return WithHouseholds(rows, {each["customer_id"]: each["participants"] for each in households})


def somebody_merged(customers: Table) -> ColumnElement[bool]:
    """Whether the business ever merged customers: who has no package then may be another name of somebody."""
    other = customers.alias("other")
    merged = select(other.c.customer_id).where(
        other.c.business_id == given("business_id", Text()), other.c.survivor_id > ""
    )
    return merged.limit(1).scalar_subquery().is_not(None)


@lru_cache(maxsize=256)
def _rows(table: Table, column: str, dialect: Dialect) -> Question:
    mine = table.c.business_id == given("business_id", Text()), one_of(table.c[column], "ids", dialect)
    return composed(select(table).where(*mine), dialect)


@lru_cache(maxsize=256)
def _households(table: Table, column: str, customers: Table, dialect: Dialect) -> Question:
    business_id = given("business_id", Text())
    theirs = select(table.c.customer_id).where(
        table.c.business_id == business_id, one_of(table.c[column], "ids", dialect)
    )
    asked = select(customers.c.customer_id, customers.c.participants).where(
        customers.c.business_id == business_id, customers.c.customer_id.in_(theirs)
    )
    return composed(asked, dialect)
