"""A verification of a ledger that took place: when, by whom, up to where, and what it found.

It is told between visits, and proves nothing: whoever wants a proof verifies anew.
"""

from dataclasses import dataclass
from typing import Literal, LiteralString

KEPT_MAX = 100
"""Verifications of a business that are remembered; an older one is forgotten."""
Place = Literal["api", "command_line"]


@dataclass(frozen=True, slots=True)
class StoredVerification:
    business_id: str
    verified_at: int
    """When it ended, in ms since 1970."""
    position: int
    """The head that was reached, or the first position that is not as it was recorded."""
    hash: bytes | None
    """The head's; None where the chain is broken."""
    intact: bool
    """Whether the chain was whole, and every row beside the facts as it should be."""
    reason: str | None
    """Of a break of the chain."""
    findings: int
    """Rows beside the facts that were not as they should be."""
    place: Place
    """What verified: `carnet serve` when it was asked, or `carnet verify`."""
    actor_id: str | None
    """Who asked; None for the command line, which knows nobody."""
    role: str | None
    """The role that they had then."""


COLUMNS: LiteralString = (
    "business_id, verified_at, position, hash, intact, reason, findings, place, actor_id, role"
)
"""Of the table, in the order of the fields."""
