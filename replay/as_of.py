"""Questions about the past: the facts that count, their order, and the moment at which they are judged.

There are two clocks (docs/explanation/rules.md). `as_of` counts the facts recorded before a moment.
`effective_as_of` counts those effective by a moment, in the order of business time. `at_version` counts the first
facts of one stream. They can be combined. The same question about the past gives the same answer for ever.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import to_json

from domain.ledger.contract import LedgerRecorder
from domain.ledger.mapper import Recorded
from domain.moments import DayOrMoment, beyond, end_of, from_milliseconds
from domain.streams import EVOLVE


@dataclass(frozen=True, slots=True)
class Past:
    """A question about the past; all None: the present."""

    at_version: int | None = None
    recorded_before: datetime | None = None
    effective_before: datetime | None = None
    judged_at: datetime | None = None
    """When status and expiry are judged. None: at the last fact of `at_version`, else now."""

    def __bool__(self) -> bool:
        limits = (self.at_version, self.recorded_before, self.effective_before)
        return any(limit is not None for limit in limits)


PRESENT = Past()
EARLIEST, LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


_DAY_OR_MOMENT: TypeAdapter[date | datetime] = TypeAdapter(DayOrMoment)


def day_or_moment(text: str) -> date | datetime:
    """Read a day (`2026-10-03`) or a moment (`2026-10-03T08:00:00Z`). Raises ValidationError."""
    return _DAY_OR_MOMENT.validate_json(to_json(text))


def is_over(given: date | datetime, zone: str, now: datetime) -> bool:
    """Whether a moment is past, or a day has ended in that zone."""
    return (given if isinstance(given, datetime) else beyond(given, zone)) < now.astimezone(UTC)


def asked(
    zone: str,
    *,
    at_version: int | None = None,
    as_of: date | datetime | None = None,
    effective_as_of: date | datetime | None = None,
) -> Past:
    """The question made of a version, a day or moment of recording, and one of business time.

    A day means its end in `zone`. Facts recorded at the moment `as_of` do not count yet; facts effective at the
    moment `effective_as_of` do. Status and expiry are judged at `effective_as_of` if given, else at `as_of`.
    """
    named = as_of if effective_as_of is None else effective_as_of
    return Past(
        at_version,
        as_of if as_of is None or isinstance(as_of, datetime) else beyond(as_of, zone),
        None if effective_as_of is None else beyond(effective_as_of, zone),
        None if named is None else end_of(named, zone),
    )


def as_it_was(facts: Sequence[Recorded], past: Past, opened_at: datetime | None = None) -> list[Recorded]:
    """The facts of one stream that count, in the order in which they are folded.

    In business time no fact counts before `opened_at`, where one is given.
    """
    counted: Iterable[Recorded] = facts[: past.at_version]
    if past.recorded_before is not None:
        before = past.recorded_before
        counted = (fact for fact in counted if fact.recorded_at < before)
    if past.effective_before is not None:
        end, earliest = past.effective_before, opened_at or EARLIEST

        def since(fact: Recorded) -> datetime:
            return max(effective_at(fact), earliest)

        counted = (fact for fact in counted if since(fact) < end)
        # Sorting is stable: equal moments keep the order of their positions.
        return sorted(counted, key=since)
    return list(counted)


def effective_at(recorded: Recorded) -> datetime:
    """The moment a fact took effect; of a fact without one, the moment it was recorded."""
    moment: datetime = getattr(recorded.fact, "effective_at", recorded.recorded_at)
    return moment


def judged_at(past: Past, counted: Sequence[Recorded], now: datetime) -> datetime:
    """The moment at which status and expiry are judged."""
    if past.judged_at is not None:
        return past.judged_at
    return counted[-1].recorded_at if past.at_version is not None else now


def state_at(facts: Iterable[Recorded], position: int) -> Any:
    """The state of one stream at a position of the ledger; None before its first fact."""
    state = None
    for recorded in facts:
        if recorded.position <= position:
            state = EVOLVE[recorded.stored.kind](state, recorded.fact)
    return state


def position_of(recorder: LedgerRecorder, past: Past, facts: Sequence[Recorded], head: int) -> int:
    """The position of the ledger that a question about one stream resolves to."""
    position = head
    if past.recorded_before is not None:
        position = position_before(recorder, past.recorded_before, head)
    if past.at_version is not None:
        position = min(position, facts[: past.at_version][-1].position)
    return position


def position_before(recorder: LedgerRecorder, moment: datetime, head: int) -> int:
    """The last position recorded before a moment (0: none). Moments never decrease along positions."""
    low, high = 0, head
    while low < high:
        middle = (low + high + 1) // 2
        (fact,) = recorder.facts(after=middle - 1, limit=1)
        if from_milliseconds(fact.recorded_at) < moment:
            low = middle
        else:
            high = middle - 1
    return low
