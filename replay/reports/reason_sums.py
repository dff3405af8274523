"""Sums of what was given a reason, and of what corrects, by days; and where each of these facts stands in the ledger.

The facts are few, and each stands alone: it is added once, when the ledger has come to it, and nothing is taken away.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, get_args

from domain.business.reasons import ReasonedFact, ReasonGroup
from domain.ledger.envelope import StoredFact
from domain.ledger.reading import reading
from replay.as_of import effective_at
from replay.reports.entries import CORRECTING, entry_of
from replay.reports.entry_sums import Amounts, Days, FirstPositions, Places, SumsByDays
from replay.reports.local_days import LocalDays
from replay.reports.reasons import GIVEN, group_of

WANTED = tuple(dict.fromkeys((*GIVEN, *get_args(CORRECTING))))


class Given(NamedTuple):
    """What facts that are summed up together have in common."""

    group: ReasonGroup | None
    """None: it asks for no reason."""
    code: str | None
    text: str | None
    """That the code had then."""
    corrects: bool
    """Whether it is a correction."""


@dataclass(frozen=True, slots=True)
class Part:
    """The facts of one kind."""

    sums: SumsByDays = field(default_factory=SumsByDays)
    places: Places = field(default_factory=Places)


class ReasonSums:
    """Those of one business, by days in its zone. 12 bytes for each fact, and 40 for each pair of days of a kind."""

    def __init__(self, zone: str) -> None:
        self.days = LocalDays(zone)
        self.position = 0
        """The position of the ledger that they are true for."""
        self.parts: dict[Given, Part] = {}
        self.firsts = FirstPositions()

    def bring_to(self, position: int, stored: Sequence[StoredFact]) -> None:
        """Add the wanted facts up to a position. Raises UnreadableFact; then nothing was added."""
        for given, at, recorded, effective, amounts in list(self._told(stored)):
            part = self.parts.setdefault(given, Part())
            part.sums.add(recorded, effective, amounts)
            part.places.add(at, effective)
            self.firsts.add(recorded, at)
        self.position = position

    def _told(self, stored: Sequence[StoredFact]) -> Iterator[tuple[Given, int, int, int, Amounts]]:
        for recorded in map(reading, stored):
            fact = recorded.fact
            group, corrects = group_of(fact), isinstance(fact, CORRECTING)
            if group is None and not corrects:
                continue
            reason = fact.reason_code if isinstance(fact, ReasonedFact) else None
            given = Given(group, reason and reason.code, reason and reason.text, corrects)
            entry = entry_of(recorded)
            amounts = Amounts(1, entry.units, entry.value, entry.amount or 0)
            days = self.days.of(recorded.recorded_at), self.days.of(effective_at(recorded))
            yield given, recorded.position, *days, amounts

    def chosen(self, is_wanted: Callable[[Given], bool]) -> list[tuple[Given, Part]]:
        return [each for each in self.parts.items() if is_wanted(each[0])]

    def positions(self, recorded: Days) -> tuple[int, int]:
        """The positions of what was recorded on some days: after the first, up to the second."""
        after, last = self.firsts.before(recorded.first), self.firsts.before(recorded.last + 1)
        return self.position if after is None else after, self.position if last is None else last
