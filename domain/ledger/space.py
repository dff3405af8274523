"""How much room the tables of a database take."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TableSpace:
    """A table with its indexes: rows of all businesses, and bytes on the disk, free room in its pages included."""

    table: str
    rows: int
    bytes: int


def bytes_of_a_fact(found: Sequence[TableSpace]) -> float:
    """Bytes of all tables for each fact; 0 where there is no fact."""
    facts = next((each.rows for each in found if each.table == "facts"), 0)
    return sum(each.bytes for each in found) / facts if facts else 0.0
