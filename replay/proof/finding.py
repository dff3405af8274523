"""What is wrong: a table, a row of it, what is stored and what should be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.ledger.evidence import Row
from domain.ledger.tables import OF_SQLITE, TABLES, Standing

SHOWN_MAX = 120
"""Characters of a value in a line."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A row that is not as it should be. Its texts hold no personal data and no secret."""

    business_id: str
    table: str
    key: str
    """Of the row; empty for a table with one row of a business."""
    stored: str
    expected: str
    mended: Row | None = field(default=None, compare=False)
    """The row as the facts make it, where its table can be made anew."""
    surplus: tuple[str, ...] | None = field(default=None, compare=False)
    """The key of a row that no fact asks for, where it can be deleted."""

    is_stray: bool = field(default=False, compare=False)
    """Whether the store itself can put it right."""

    @property
    def can_be_mended(self) -> bool:
        return self.mended is not None or self.surplus is not None or self.is_stray

    @property
    def standing(self) -> Standing:
        return (TABLES.get(self.table) or OF_SQLITE[self.table]).standing

    @property
    def line(self) -> str:
        row = f"{self.table} {self.key}".strip()
        return f"{self.business_id}: {row}: {self.stored}; {self.expected}"


def shown(value: Any) -> str:
    """A value of a row for a line."""
    text = value.hex() if isinstance(value, bytes) else str(value)
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}…"


def told(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {shown(value)}" for name, value in values.items())
