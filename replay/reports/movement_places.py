"""Where the movements of a business have their places: in order of their moments, without what they moved.

A place is a moment and a position, 8 bytes. A page of movements is found here, and then read and folded by itself.
"""

from array import array
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from itertools import accumulate
from operator import sub
from typing import NamedTuple

from replay.reports.entry_sums import fill, to_bytes

DAY_MS = 86_400_000
POSITION_BITS = 36
"""A ledger has fewer than 68 billion facts; the other 28 bits hold the milliseconds of a day."""
POSITION_MAX = 2**POSITION_BITS - 1
LOOKED_AT_FIRST, LOOKED_AT_MAX = 64, 4_096


class Known(NamedTuple):
    """From when to when a movement is what the books know."""

    born: int
    """The position of the fact with which it came to be."""
    gone: int | None = None
    """That of the fact with which it is no more; None: it still is."""


class Places:
    """Those of movements of one kind, by days of UTC.

    Without columns each is known from its own position on. With one, 8 bytes beside each tell from which position it is
    known, and with two, up to which.
    """

    def __init__(self, columns: int = 0) -> None:
        self._columns = columns
        self._numbers: list[int] = []
        """Of the days, in order, since 1970."""
        self._days: dict[int, list[array[int]]] = {}
        self._lowest: dict[int, int] = {}
        """Day → no position is lower than this one."""
        self._is_sorted = True

    def append(self, moment: int, position: int, *values: int) -> None:
        """Add one of many, in any order, before `sort`. Moments are milliseconds since 1970."""
        day, key = _split(moment, position)
        arrays = self._of_day(day, position)
        for column, value in zip(arrays, (key, *values), strict=True):
            column.append(value)
        self._is_sorted = False

    def sort(self) -> None:
        if self._is_sorted:
            return
        self._numbers.sort()
        for arrays in self._days.values():
            order = sorted(range(len(arrays[0])), key=arrays[0].__getitem__)
            for column in arrays:
                column[:] = array(column.typecode, [column[place] for place in order])
        self._is_sorted = True

    def add(self, moment: int, position: int, *values: int) -> None:
        day, key = _split(moment, position)
        arrays = self._of_day(day, position)
        place = bisect_right(arrays[0], key)
        for column, value in zip(arrays, (key, *values), strict=True):
            column.insert(place, value)

    def remove(self, moment: int, position: int, *values: int) -> None:
        """Raises ValueError where it is not there."""
        day, key = _split(moment, position)
        arrays = self._days.get(day, [array("Q")])
        place = bisect_left(arrays[0], key)
        while place < len(arrays[0]) and arrays[0][place] == key:
            if all(column[place] == value for column, value in zip(arrays[1:], values, strict=True)):
                for column in arrays:
                    del column[place]
                return
            place += 1
        raise ValueError("no movement has this place")

    def _of_day(self, day: int, position: int) -> "list[array[int]]":
        arrays = self._days.get(day)
        if arrays is None:
            arrays = self._days[day] = _arrays(self._columns)
            insort(self._numbers, day) if self._is_sorted else self._numbers.append(day)
            self._lowest[day] = position
        elif position < self._lowest[day]:
            self._lowest[day] = position
        return arrays

    def between(self, first: tuple[int, int], last: int, upto: int) -> Iterator[tuple[int, int]]:
        """Moment and position: from one of these on, up to a moment, in order; of movements that are known at the
        position `upto`."""
        begins = first[0] // DAY_MS
        for number in range(bisect_left(self._numbers, begins), len(self._numbers)):
            day = self._numbers[number]
            start = day * DAY_MS
            if start > last:
                return
            if self._lowest[day] > upto:
                continue
            keys = self._days[day][0]
            begin = bisect_left(keys, _split(*first)[1]) if day == begins else 0
            end = len(keys)
            if last < start + DAY_MS - 1:
                end = bisect_right(keys, _split(last, POSITION_MAX)[1])
            for key in self._known(self._days[day], begin, end, upto):
                yield start + (key >> POSITION_BITS), key & POSITION_MAX

    def _known(self, arrays: "list[array[int]]", begin: int, end: int, upto: int) -> Iterator[int]:
        """Few are looked at together at first, as a page is full soon; then many, as that is quicker."""
        size = LOOKED_AT_FIRST
        while begin < end:
            keys, *spans = (column[begin : min(begin + size, end)] for column in arrays)
            begin += size
            size = min(2 * size, LOOKED_AT_MAX)
            if not spans:
                yield from [key for key in keys if key & POSITION_MAX <= upto]
            elif len(spans) == 1:
                yield from [key for key, born in zip(keys, *spans, strict=True) if born <= upto]
            else:
                yield from [key for key, born, gone in zip(keys, *spans, strict=True) if born <= upto < gone]

    # As bytes

    def to_bytes(self) -> list[bytes]:
        """Equal for equal places. Of a day there is how far each place is behind the one before; the lowest bytes of
        all numbers come first, then the next ones. That packs well."""
        days = [day for day in self._numbers if self._days[day][0]]
        counts = array("q", [len(self._days[day][0]) for day in days])
        whole = _arrays(self._columns)
        for day in days:
            # Of places that are equal, by what is kept beside them.
            of_day = self._days[day]
            columns = zip(*sorted(zip(*of_day, strict=True)), strict=True) if self._columns else of_day
            keys, *spans = map(list, columns)
            whole[0].extend([keys[0], *map(sub, keys[1:], keys)])
            for column, span in zip(whole[1:], spans, strict=True):
                column.extend(span)
        return [*to_bytes([array("q", days), counts]), *map(_turned, to_bytes(whole))]

    @classmethod
    def of_bytes(cls, columns: int, data: list[bytes]) -> "Places":
        """Raises ValueError, OverflowError."""
        if len(data) != 3 + columns:
            raise ValueError("has other columns")
        days, counts, whole, places = array("q"), array("q"), _arrays(columns), cls(columns)
        fill([days, counts], data[:2])
        fill(whole, [_turned_back(part) for part in data[2:]])
        if len(days) != len(counts) or any(len(column) != sum(counts) for column in whole):
            raise ValueError("are not of the same length")
        if list(days) != sorted(set(days)) or min(counts, default=1) < 1:
            raise ValueError("are not in order")
        begin = 0
        for day, count in zip(days, counts, strict=True):
            arrays = [column[begin : begin + count] for column in whole]
            arrays[0] = array("Q", accumulate(arrays[0]))
            begin += count
            places._numbers.append(day)
            places._days[day] = arrays
            places._lowest[day] = min(key & POSITION_MAX for key in arrays[0])
        return places


def _arrays(columns: int) -> "list[array[int]]":
    return [array("Q"), *(array("q") for _ in range(columns))]


def _split(moment: int, position: int) -> tuple[int, int]:
    """The day of UTC, and the place in it as one number."""
    day, rest = divmod(moment, DAY_MS)
    return day, rest << POSITION_BITS | position


def _turned(numbers: bytes) -> bytes:
    return b"".join(numbers[place::8] for place in range(8))


def _turned_back(planes: bytes) -> bytes:
    size, rest = divmod(len(planes), 8)
    if rest:
        raise ValueError("are cut off")
    numbers = bytearray(len(planes))
    for place in range(8):
        numbers[place::8] = planes[place * size : (place + 1) * size]
    return bytes(numbers)
