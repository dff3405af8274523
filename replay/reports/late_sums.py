"""Sums of what was entered late, by days; and where the latest of it stands in the ledger.

A fact is late for a period that begins after the day of its effect and not after the day of its recording. One that was
recorded on the day of its effect is late for none. Each fact stands alone: it is added once, when the ledger has come
to it, and nothing is taken away.
"""

from array import array
from collections.abc import Iterator, Sequence
from typing import Self

import msgspec

from domain.ledger.envelope import StoredFact
from domain.ledger.reading import effective_moment, reading
from domain.moments import from_milliseconds, to_milliseconds
from domain.zone_rules import mark
from projections.models.versions import VERSIONS
from replay.reports.entries import entry_of
from replay.reports.entry_sums import Amounts, Blocks, Days, FirstPositions, SumsByDays, fill, to_bytes
from replay.reports.local_days import LocalDays

SUMS_OF_LATE_ENTRIES = f"1.{VERSIONS['history']}"
"""Their own version, raised by a change of what is summed up or of the bytes, and that of the history, which tells what
a fact moved."""


class _Told(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    position: int
    rules: str
    """Of the time zone."""
    arrays: list[bytes]


_written = msgspec.msgpack.Encoder().encode
_read = msgspec.msgpack.Decoder(_Told).decode


class LateSums:
    """Those of one business, by days in its zone. A quarter of a byte for each fact of the ledger, and 40 bytes for
    each pair of days that late facts have."""

    def __init__(self, zone: str) -> None:
        self.zone, self.days = zone, LocalDays(zone)
        self.position = 0
        """The position of the ledger that they are true for."""
        self.sums = SumsByDays()
        self.blocks = Blocks()
        self.firsts = FirstPositions()
        self._day, self._began, self._ends = 0, 0, 0
        """The last day of recording, and its two ends in milliseconds since 1970."""

    def bring_to(self, position: int, stored: Sequence[StoredFact]) -> None:
        """Add the facts of packages, and of money, up to a position. Raises UnreadableFact; then nothing was added."""
        for at, recorded, effective, amounts in list(self._late(stored)):
            self.sums.add(recorded, effective, amounts)
            self.blocks.add(at, effective)
            self.firsts.add(recorded, at)
        self.position = position

    def _late(self, stored: Sequence[StoredFact]) -> Iterator[tuple[int, int, int, Amounts]]:
        """Few are: the others are only asked for their moment."""
        for each in stored:
            moment = effective_moment(each)
            recorded = self._recorded_on(each.recorded_at)
            if moment is None or moment >= self.days.start(recorded):
                continue
            entry = entry_of(reading(each))
            amounts = Amounts(1, entry.units, entry.value, entry.amount or 0)
            yield each.position, recorded, self.days.of(moment), amounts

    def _recorded_on(self, milliseconds: int) -> int:
        if not self._began <= milliseconds < self._ends:
            self._day = self.days.of(from_milliseconds(milliseconds))
            self._began = to_milliseconds(self.days.start(self._day))
            self._ends = to_milliseconds(self.days.start(self._day + 1))
        return self._day

    # As bytes

    def to_bytes(self) -> bytes:
        """Equal for equal sums. `SUMS_OF_LATE_ENTRIES` is the version of what they say."""
        return _written(_Told(self.position, mark(self.zone), to_bytes(self._arrays())))

    @classmethod
    def of_bytes(cls, zone: str, data: bytes) -> Self:
        """Raises ValueError, MsgspecError, UnknownZone."""
        found, sums = _read(data), cls(zone)
        if found.rules != mark(zone):
            raise ValueError("was computed by other rules of the time zone")
        fill(sums._arrays(), found.arrays)
        sums.sums.check()
        sums.firsts.check()
        sums.position = found.position
        return sums

    def differences(self, made: "LateSums") -> Iterator[str]:
        """Where these are not what was made of the ledger."""
        for part in ("sums", "blocks", "firsts"):
            if getattr(self, part).arrays() != getattr(made, part).arrays():
                yield f"late entries: {part}"

    def _arrays(self) -> list["array[int]"]:
        return [*self.sums.arrays(), *self.blocks.arrays(), *self.firsts.arrays()]

    # Questions

    def of(self, recorded: Days) -> Amounts:
        """Of what was recorded on these days, and took effect before the first of them."""
        return self.sums.of(recorded, Days(last=recorded.first - 1))

    def positions(self, recorded: Days, after: int, last: int) -> Iterator[range]:
        """Ranges of positions, `after` < position ≤ `last`. In each is a fact that took effect before the first of
        these days; it was recorded on that day or later."""
        first = self.firsts.before(recorded.first)
        if first is None:
            return iter(())
        return self.blocks.before(recorded.first, max(first, after), last)
