"""The story of a package as rows: its history, joined with the stored facts, each with what was left after it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

LATE_S = 60
"""A fact is a late entry if it was recorded this much later than it happened, or more."""
QUIET_S = 30 * 24 * 3600
"""A time without a fact that is told in a row of its own."""
MONEY = ("payment", "refund", "price")
"""Kinds of history rows that are about money."""
CHOICES = ("all", "units", "money", "late", "undone")
"""What of the rows is shown."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One fact of a package, as a row of its timeline."""

    row: Any
    """As the history has it."""
    fact: Any
    """As it is stored."""
    left: int
    """Units of the package that remain after it."""
    late_s: int
    """Seconds from when it happened to when it was recorded; 0 if it is no late entry."""
    quiet_s: int
    """Seconds from the fact before, where that is long."""
    undone_by: int | None
    """The version of the fact that gave it back."""

    @property
    def version(self) -> int:
        return int(self.row["version"])

    def is_of(self, choice: str) -> bool:
        match choice:
            case "units":
                return bool(self.row["change"]) or self.row["kind"] == "hold"
            case "money":
                return self.row["kind"] in MONEY
            case "late":
                return self.late_s > 0
            case "undone":
                return self.undone_by is not None or self.row["reverses"] is not None
            case _:
                return True


def story_of(history: Sequence[Any], facts: Iterable[Any]) -> list[Entry]:
    """The entries, oldest first. `facts`: at least those of the history's versions."""
    stored = {fact["version"]: fact for fact in facts}
    undone = {row["reverses"]: row["version"] for row in history if row["reverses"] is not None}
    entries, left, last = list[Entry](), 0, None
    for row in history:
        left += row["change"]
        recorded = moment_of(row["recorded_at"])
        quiet_s = 0 if last is None else int((recorded - last).total_seconds())
        last = recorded
        entries.append(
            Entry(
                row=row,
                fact=stored[row["version"]],
                left=left,
                late_s=late_seconds(row),
                quiet_s=quiet_s if quiet_s >= QUIET_S else 0,
                undone_by=undone.get(row["version"]),
            )
        )
    return entries


def late_seconds(row: Any) -> int:
    """From when it happened to when it was recorded; 0 if it is no late entry."""
    late = moment_of(row["recorded_at"]) - moment_of(row["effective_at"])
    late_s = int(late.total_seconds())
    return late_s if late_s >= LATE_S else 0


def moment_of(text: str) -> datetime:
    return datetime.fromisoformat(text)
