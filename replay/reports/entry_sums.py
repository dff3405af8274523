"""Sums of facts that stand alone, by the day on which each was recorded and the day on which it took effect.

`SumsByDays` answers for any days of either clock without a fact being read. `Places` and `Blocks` tell where the facts
behind a sum stand in the ledger, so that a page of them is read without those between. All three grow by facts in order
of position, whose moments of recording never decrease.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import compress, pairwise
from sys import byteorder
from typing import NamedTuple

ANY_DAY = 2**31 - 1
"""Behind every day."""
BLOCK = 16
"""Positions of a block: of so many facts that are read, one is wanted at least."""
SCANNED = 512
"""Places that are looked at together."""


class Days(NamedTuple):
    """Ordinals of days, both included."""

    first: int = 0
    last: int = ANY_DAY


ALL_DAYS = Days()


class Amounts(NamedTuple):
    """What facts moved, summed. Money in minor units."""

    facts: int = 0
    units: int = 0
    value: int = 0
    amount: int = 0
    """The money of payments and refunds."""

    def plus(self, more: "Amounts") -> "Amounts":
        return Amounts(
            self.facts + more.facts,
            self.units + more.units,
            self.value + more.value,
            self.amount + more.amount,
        )


def to_bytes(arrays: Sequence["array[int]"]) -> list[bytes]:
    """Numbers of 4 or 8 bytes, the lowest byte first."""
    return [_of_this_machine(numbers).tobytes() for numbers in arrays]


def fill(arrays: Sequence["array[int]"], data: Sequence[bytes]) -> None:
    """The other way, into empty arrays. Raises ValueError."""
    for numbers, part in zip(arrays, data, strict=True):
        numbers.frombytes(part)
        numbers[:] = _of_this_machine(numbers)


def _of_this_machine(numbers: "array[int]") -> "array[int]":
    if byteorder == "big":
        numbers = array(numbers.typecode, numbers)
        numbers.byteswap()
    return numbers


def check_alike(*arrays: "array[int]", in_order: "array[int]") -> None:
    """Whether arrays tell of the same facts, one of them in its order. Raises ValueError."""
    if any(len(numbers) != len(in_order) for numbers in arrays):
        raise ValueError("are not of the same length")
    if any(one > next for one, next in pairwise(in_order)):
        raise ValueError("are not in order")


class SumsByDays:
    """40 bytes for each pair of days that facts have."""

    def __init__(self) -> None:
        self.recorded = array("i")
        """Of each pair, the day of recording: never less than that of the pair before."""
        self.effective = array("i")
        self.amounts = tuple(array("q") for _ in Amounts._fields)
        self._newest: dict[int, int] | None = None
        """Of the last day of recording: day of effect → place of the pair."""

    def add(self, recorded: int, effective: int, amounts: Amounts) -> None:
        places = self._places_of(recorded)
        place = places.get(effective)
        if place is None:
            places[effective] = len(self.recorded)
            self.recorded.append(recorded)
            self.effective.append(effective)
            for sums, amount in zip(self.amounts, amounts, strict=True):
                sums.append(amount)
            return
        for sums, amount in zip(self.amounts, amounts, strict=True):
            sums[place] += amount

    def _places_of(self, recorded: int) -> dict[int, int]:
        is_new = not self.recorded or self.recorded[-1] != recorded
        if is_new or self._newest is None:
            first = bisect_left(self.recorded, recorded)
            self._newest = {day: place for place, day in enumerate(self.effective[first:], first)}
        return self._newest

    def of(self, recorded: Days, effective: Days) -> Amounts:
        """Of the facts that were recorded on some days and took effect on some days."""
        first, end = bisect_left(self.recorded, recorded.first), bisect_right(self.recorded, recorded.last)
        if first >= end:
            return Amounts()
        days = self.effective[first:end]
        if effective.first <= min(days) and max(days) <= effective.last:
            return Amounts(*(sum(sums[first:end]) for sums in self.amounts))
        wanted = [effective.first <= day <= effective.last for day in days]
        return Amounts(*(sum(compress(sums[first:end], wanted)) for sums in self.amounts))

    def arrays(self) -> list["array[int]"]:
        """All that it holds."""
        return [self.recorded, self.effective, *self.amounts]

    def check(self) -> None:
        """Raises ValueError."""
        check_alike(self.effective, *self.amounts, in_order=self.recorded)


class Places:
    """The positions of some facts, with the day of effect of each and what it moved: 36 bytes a fact."""

    def __init__(self) -> None:
        self.positions = array("q")
        self.effective = array("i")
        self.moved = tuple(array("q") for _ in Amounts._fields[1:])

    def add(self, position: int, effective: int, amounts: Amounts) -> None:
        """Of one fact."""
        self.positions.append(position)
        self.effective.append(effective)
        for of_facts, moved in zip(self.moved, amounts[1:], strict=True):
            of_facts.append(moved)

    def sums(self, after: int, last: int, effective: Days) -> Amounts:
        """Of those that took effect on some days: `after` < position ≤ `last`. It takes longer than by days."""
        begin, end = bisect_right(self.positions, after), bisect_right(self.positions, last)
        wanted = [effective.first <= day <= effective.last for day in self.effective[begin:end]]
        return Amounts(sum(wanted), *(sum(compress(moved[begin:end], wanted)) for moved in self.moved))

    def between(self, after: int, last: int, effective: Days = ALL_DAYS) -> Iterator[int]:
        """The positions of those that took effect on some days: `after` < position ≤ `last`, in order."""
        begin, end = bisect_right(self.positions, after), bisect_right(self.positions, last)
        for start in range(begin, end, SCANNED):
            days = self.effective[start : min(start + SCANNED, end)]
            if min(days) > effective.last or max(days) < effective.first:
                continue
            for place, day in enumerate(days, start):
                if effective.first <= day <= effective.last:
                    yield self.positions[place]

    def last(self, after: int, last: int, effective: Days) -> int:
        """The last of them; 0: there is none."""
        begin, end = bisect_right(self.positions, after), bisect_right(self.positions, last)
        for stop in range(end, begin, -SCANNED):
            start = max(stop - SCANNED, begin)
            days = self.effective[start:stop]
            if min(days) <= effective.last and max(days) >= effective.first:
                for place in range(stop - 1, start - 1, -1):
                    if effective.first <= self.effective[place] <= effective.last:
                        return self.positions[place]
        return 0

    def arrays(self) -> list["array[int]"]:
        return [self.positions, self.effective, *self.moved]

    def check(self) -> None:
        """Raises ValueError."""
        check_alike(self.effective, *self.moved, in_order=self.positions)


class Blocks:
    """Of each block of positions the earliest day on which one of its wanted facts took effect: a quarter of a byte for
    each fact of the ledger, however many are wanted."""

    def __init__(self) -> None:
        self.earliest = array("i")

    def add(self, position: int, effective: int) -> None:
        block = (position - 1) // BLOCK
        missing = block + 1 - len(self.earliest)
        if missing > 0:
            self.earliest.extend([ANY_DAY] * missing)
        self.earliest[block] = min(self.earliest[block], effective)

    def before(self, day: int, after: int, last: int) -> Iterator[range]:
        """The positions of each block that has a wanted fact of before that day: `after` < position ≤ `last`."""
        for block in range(after // BLOCK, min((last + BLOCK - 1) // BLOCK, len(self.earliest))):
            if self.earliest[block] < day:
                first = block * BLOCK + 1
                yield range(max(first, after + 1), min(first + BLOCK - 1, last) + 1)

    def arrays(self) -> list["array[int]"]:
        return [self.earliest]


class FirstPositions:
    """The first position of each day of recording on which there is a fact: 12 bytes a day."""

    def __init__(self) -> None:
        self.days = array("i")
        self.positions = array("q")

    def add(self, recorded: int, position: int) -> None:
        if not self.days or self.days[-1] != recorded:
            self.days.append(recorded)
            self.positions.append(position)

    def before(self, day: int) -> int | None:
        """The position before the first fact that was recorded on this day or later; None: there is none."""
        place = bisect_left(self.days, day)
        return self.positions[place] - 1 if place < len(self.days) else None

    def arrays(self) -> list["array[int]"]:
        return [self.days, self.positions]

    def check(self) -> None:
        """Raises ValueError."""
        check_alike(self.days, in_order=self.positions)
