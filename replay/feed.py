"""The ordered feed of a ledger: facts as they are stored, in order of position; all of them, or those of a choice."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pydantic_core import from_json

from domain.fact import UnreadableFact
from domain.ledger.contract import LedgerRecorder
from domain.ledger.envelope import StoredFact
from domain.ledger.records import FactFilter
from replay.as_of import position_before


def feed(recorder: LedgerRecorder, after: int, limit: int) -> tuple[Sequence[StoredFact], int]:
    """At most `limit` facts behind a position, and the head. No fact ever appears below one already read."""
    stored = recorder.facts(after=after, limit=limit)
    # Read after the facts, so that the head is never below them.
    return stored, recorder.head().position


LOOKED_AT_MAX = 20_000
"""Facts that one page of a choice looks at, unless it names streams. They take some tens of milliseconds."""


class Chosen(NamedTuple):
    facts: Sequence[StoredFact]
    upto: int
    """All wanted facts up to this position have been looked for."""
    is_all: bool
    """Whether none can be behind it."""
    head: int


def chosen_feed(
    recorder: LedgerRecorder,
    wanted: FactFilter,
    after: int,
    limit: int,
    start: datetime | None = None,
    end: datetime | None = None,
) -> Chosen:
    """At most `limit` wanted facts behind a position that were recorded from `start` on and before `end`.

    Where facts are chosen by kind or name alone, at most LOOKED_AT_MAX of them are looked at: the
    rest of a choice then comes with the next page, though this one is not full.
    """
    head = recorder.head().position
    if start is not None:
        after = max(after, position_before(recorder, start, head))
    last = head if end is None else position_before(recorder, end, head)
    upto = last if wanted.streams or not wanted else min(last, after + LOOKED_AT_MAX)
    stored = recorder.chosen_facts(wanted, after, upto, limit + 1)
    if len(stored) > limit:
        return Chosen(stored[:limit], stored[limit - 1].position, False, head)
    return Chosen(stored, upto, upto >= last, head)


def members(data: bytes, position: int) -> dict[str, Any]:
    """The members of a stored fact or of its meta. Raises UnreadableFact with the position."""
    try:
        found = from_json(data)
    except ValueError as error:
        raise UnreadableFact("its bytes are no JSON", position=position) from error
    if not isinstance(found, dict):
        raise UnreadableFact("it is no object", position=position)
    return found
