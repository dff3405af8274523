"""The conditions of chosen facts in SQL."""

from typing import Any, LiteralString

from domain.ledger.numbers import number_of
from domain.ledger.records import FactFilter


def chosen(wanted: FactFilter, *, newest_first: bool) -> tuple[LiteralString, list[list[Any]]]:
    """What follows `ledger = number_of(%s) AND` up to the order, and the values behind those of the two positions."""
    # A sum is not looked up by an index: a few streams are never found by a walk along all positions.
    position: LiteralString = "position + 0" if wanted.streams else "position"
    condition: LiteralString = position + " > %s AND " + position + " <= %s"
    values: list[list[Any]] = []
    if wanted.kinds:
        condition += " AND shape IN (SELECT number FROM shapes WHERE kind = ANY (%s::text[]))"
        values.append(list(wanted.kinds))
    if wanted.names:
        condition += " AND shape IN (SELECT number FROM shapes WHERE name = ANY (%s::text[]))"
        values.append(list(wanted.names))
    if wanted.streams:
        condition += " AND stream = ANY (%s::int8[])"
        values.append([number_of(id) for id in wanted.streams])
    if wanted.positions:
        condition += " AND " + position + " = ANY (%s::int8[])"
        values.append(list(wanted.positions))
    return condition + " ORDER BY " + position + (" DESC" if newest_first else ""), values
