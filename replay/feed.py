"""The ordered feed of a ledger: every fact as it is stored, in order of position."""

from collections.abc import Sequence
from typing import Any

from pydantic_core import from_json

from domain.fact import UnreadableFact
from domain.ledger.contract import LedgerRecorder
from domain.ledger.envelope import StoredFact


def feed(recorder: LedgerRecorder, after: int, limit: int) -> tuple[Sequence[StoredFact], int]:
    """At most `limit` facts behind a position, and the head. No fact ever appears below one already read."""
    stored = recorder.facts(after=after, limit=limit)
    # Read after the facts, so that the head is never below them.
    return stored, recorder.head().position


def members(data: bytes, position: int) -> dict[str, Any]:
    """The members of a stored fact or of its meta. Raises UnreadableFact with the position."""
    try:
        found = from_json(data)
    except ValueError as error:
        raise UnreadableFact("its bytes are no JSON", position=position) from error
    if not isinstance(found, dict):
        raise UnreadableFact("it is no object", position=position)
    return found
