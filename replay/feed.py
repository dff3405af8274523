"""The ordered feed of a ledger: facts as they are stored, in order of position; all of them, or those of a choice."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
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

BY_ACTOR_MAX = 5_000
"""Facts that one page of an actor reads: who recorded a fact stands in its own bytes."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Wanted facts of some positions and moments: recorded from `start` on and before `end`."""

    wanted: FactFilter
    actors: tuple[str, ...] = ()
    """Recorded by any of them; empty: by anybody."""
    after: int = 0
    before: int | None = None
    """Positions below this one. None: to the head."""
    start: datetime | None = None
    end: datetime | None = None
    newest_first: bool = False


class Chosen(NamedTuple):
    facts: Sequence[StoredFact]
    reached: int
    """All wanted facts have been looked for up to this position; where the newest come first, down to it."""
    is_all: bool
    """Whether none can be behind it."""
    head: int


def chosen_feed(recorder: LedgerRecorder, asked: Asked, limit: int) -> Chosen:
    """At most `limit` facts. Where they are chosen by kind or name alone, at most LOOKED_AT_MAX are looked at, and of
    an actor BY_ACTOR_MAX: the rest of a choice then comes with the next page, though this one is not full.

    Raises UnreadableFact where an actor is asked for and a fact does not tell its own.
    """
    head = recorder.head().position
    first, last = asked.after, head if asked.before is None else min(head, asked.before - 1)
    if asked.start is not None:
        first = max(first, position_before(recorder, asked.start, head))
    if asked.end is not None:
        last = min(last, position_before(recorder, asked.end, head))
    after, upto = first, last
    if asked.wanted and not asked.wanted.streams:
        after = max(first, last - LOOKED_AT_MAX) if asked.newest_first else first
        upto = last if asked.newest_first else min(last, first + LOOKED_AT_MAX)
    read_max = BY_ACTOR_MAX if asked.actors else limit
    looked_at = recorder.chosen_facts(
        asked.wanted, after, upto, read_max + 1, newest_first=asked.newest_first
    )
    is_cut, looked_at = len(looked_at) > read_max, looked_at[:read_max]
    stored = [fact for fact in looked_at if _is_by(fact, asked.actors)]
    if len(stored) > limit:
        return Chosen(stored[:limit], stored[limit - 1].position, False, head)
    if is_cut:
        return Chosen(stored, looked_at[-1].position, False, head)
    if asked.newest_first:
        return Chosen(stored, after + 1, after <= first, head)
    return Chosen(stored, upto, upto >= last, head)


def _is_by(fact: StoredFact, actors: Collection[str]) -> bool:
    return not actors or members(fact.meta, fact.position)["actor"]["id"] in actors


def members(data: bytes, position: int) -> dict[str, Any]:
    """The members of a stored fact or of its meta. Raises UnreadableFact with the position."""
    try:
        found = from_json(data)
    except ValueError as error:
        raise UnreadableFact("its bytes are no JSON", position=position) from error
    if not isinstance(found, dict):
        raise UnreadableFact("it is no object", position=position)
    return found
