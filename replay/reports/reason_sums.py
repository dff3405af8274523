"""Sums of what was given a reason, and of what corrects, by days; and where each of these facts stands in the ledger.

The facts are few, and each stands alone: it is added once, when the ledger has come to it, and nothing is taken away.
"""

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Self, get_args

import msgspec

from domain.business.reasons import ReasonedFact, ReasonGroup
from domain.ledger.envelope import StoredFact
from domain.ledger.reading import reading
from domain.zone_rules import mark
from projections.models.versions import VERSIONS
from replay.as_of import effective_at
from replay.reports.entries import CORRECTING, entry_of
from replay.reports.entry_sums import Amounts, Days, FirstPositions, Places, SumsByDays, fill, to_bytes
from replay.reports.local_days import LocalDays
from replay.reports.reasons import GIVEN, group_of

SUMS_OF_REASONS = f"1.{VERSIONS['history']}"
"""Their own version, raised by a change of what is summed up or of the bytes, and that of the history, which tells what
a fact moved."""
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

    def arrays(self) -> list["array[int]"]:
        """All that it holds."""
        return [*self.sums.arrays(), *self.places.arrays()]


class _Told(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    position: int
    rules: str
    """Of the time zone."""
    parts: list[tuple[Given, list[bytes]]]
    firsts: list[bytes]


_written = msgspec.msgpack.Encoder().encode
_read = msgspec.msgpack.Decoder(_Told).decode


def _in_order(each: tuple[Given, Part]) -> tuple[str, str, str, bool]:
    return _in_order_of(each[0])


def _in_order_of(given: Given) -> tuple[str, str, str, bool]:
    return given.group or "", given.code or "", given.text or "", given.corrects


class ReasonSums:
    """Those of one business, by days in its zone. 36 bytes for each fact, and 40 for each pair of days of a kind."""

    def __init__(self, zone: str) -> None:
        self.zone, self.days = zone, LocalDays(zone)
        self.position = 0
        """The position of the ledger that they are true for."""
        self.parts: dict[Given, Part] = {}
        self.firsts = FirstPositions()

    def bring_to(self, position: int, stored: Sequence[StoredFact]) -> None:
        """Add the wanted facts up to a position. Raises UnreadableFact; then nothing was added."""
        for given, at, recorded, effective, amounts in list(self._told(stored)):
            part = self.parts.setdefault(given, Part())
            part.sums.add(recorded, effective, amounts)
            part.places.add(at, effective, amounts)
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

    # As bytes

    def to_bytes(self) -> bytes:
        """Equal for equal sums. `SUMS_OF_REASONS` is the version of what they say."""
        parts = [
            (given, to_bytes(part.arrays())) for given, part in sorted(self.parts.items(), key=_in_order)
        ]
        return _written(_Told(self.position, mark(self.zone), parts, to_bytes(self.firsts.arrays())))

    @classmethod
    def of_bytes(cls, zone: str, data: bytes) -> Self:
        """Raises ValueError, MsgspecError, UnknownZone."""
        found, sums = _read(data), cls(zone)
        if found.rules != mark(zone):
            raise ValueError("was computed by other rules of the time zone")
        fill(sums.firsts.arrays(), found.firsts)
        sums.firsts.check()
        for given, arrays in found.parts:
            part = sums.parts[given] = Part()
            fill(part.arrays(), arrays)
            part.sums.check()
            part.places.check()
        sums.position = found.position
        return sums

    def differences(self, made: "ReasonSums") -> Iterator[str]:
        """Where these are not what was made of the ledger."""
        nothing = Part().arrays()
        for given in sorted(self.parts.keys() | made.parts.keys(), key=_in_order_of):
            ours, theirs = (sums.parts.get(given) for sums in (self, made))
            if (ours.arrays() if ours else nothing) != (theirs.arrays() if theirs else nothing):
                yield f"{given.group or 'no group'}, {given.code or 'no code'}"
        if self.firsts.arrays() != made.firsts.arrays():
            yield "the first positions of days"

    # Questions

    def chosen(self, is_wanted: Callable[[Given], bool]) -> list[tuple[Given, Part]]:
        return [each for each in self.parts.items() if is_wanted(each[0])]

    def positions(self, recorded: Days) -> tuple[int, int]:
        """The positions of what was recorded on some days: after the first, up to the second."""
        after, last = self.firsts.before(recorded.first), self.firsts.before(recorded.last + 1)
        return self.position if after is None else after, self.position if last is None else last
