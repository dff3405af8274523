"""The balance of a package as a drawing: numbers for an SVG, made on the server so that it prints and needs no script.

Time runs to the right by what was recorded. Long times without a fact are folded. A second line shows the balance as it
happened, where entries came late.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter

from api.pages.audit.story import Entry, moment_of

WIDE, NARROW = 1120, 400
"""Widths of a drawing: that of a phone is narrow, so that it fits with letters of the size of the page."""
HEIGHT = 230
LEFT, BEHIND, TOP, BOTTOM = 40, 30, 22, 195
"""Places of the drawing's edges. `BEHIND`: room to the right of it."""
FOLD = timedelta(days=30)
"""A longer time without a fact is drawn as if it were this long."""
NEAR = 30
"""Marks closer than this are one, so that each can be hit with a finger."""
BETWEEN_DAYS = 120
"""Days are written at least this far from each other."""
COLOURS = {
    "use": "green",
    "payment": "green",
    "forfeiture": "amber",
    "correction": "amber",
    "hold": "blue",
    "restoration": "blue",
    "cancellation": "red",
}
"""Kind of history row → colour of its mark; beside it always stand words."""


@dataclass(frozen=True, slots=True)
class Mark:
    x: float
    y: float
    colour: str
    entries: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class Plot:
    width: int
    step: str
    """The path of the balance as it was recorded."""
    then: str
    """The path of the balance as it happened; empty if that is the same."""
    area: str
    rules: Sequence[tuple[float, int]]
    """Height, and the number of units there."""
    days: Sequence[tuple[float, str]]
    """Place, and the moment that is written there."""
    folds: Sequence[tuple[float, int]]
    """Place of each fold, and the days of that time."""
    marks: Sequence[Mark]


class _Clock:
    """Places of the moments between the first and the last, with long gaps folded."""

    def __init__(self, moments: Sequence[datetime], right: int) -> None:
        self._right = right
        self._ends = sorted(set(moments))
        self._at: list[timedelta] = [timedelta()]
        for before, after in zip(self._ends, self._ends[1:], strict=False):
            self._at.append(self._at[-1] + min(after - before, FOLD))
        self._whole = self._at[-1] or timedelta(seconds=1)

    @property
    def ends(self) -> tuple[datetime, datetime]:
        return self._ends[0], self._ends[-1]

    def x(self, moment: datetime) -> float:
        at = bisect_left(self._ends, moment)
        found = self._at[at]
        if self._ends[at] > moment:
            gap = self._ends[at] - self._ends[at - 1]
            found = self._at[at - 1] + (moment - self._ends[at - 1]) / gap * (self._at[at] - self._at[at - 1])
        return round(LEFT + (self._right - LEFT) * (found / self._whole), 1)

    def folds(self) -> Iterator[tuple[float, int]]:
        for before, after in zip(self._ends, self._ends[1:], strict=False):
            if after - before > FOLD:
                yield (self.x(before) + self.x(after)) / 2, (after - before).days


def plot_of(entries: Sequence[Entry], until: datetime, width: int = WIDE) -> Plot:
    """The drawing of these entries, oldest first, up to a moment that is not before the last of them."""
    recorded = [(moment_of(entry.row["recorded_at"]), entry.row["change"]) for entry in entries]
    happened = [(moment_of(entry.row["effective_at"]), entry.row["change"]) for entry in entries]
    happened.sort(key=itemgetter(0))  # those of one moment stay in the order of their versions
    clock = _Clock([*(moment for moment, _ in (*recorded, *happened)), until], width - BEHIND)
    top = max(1, *(entry.left for entry in entries), *_lefts(happened))

    def y(left: int) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * max(left, 0) / top, 1)

    def path(changes: Sequence[tuple[datetime, int]]) -> str:
        left, parts = 0, list[str]()
        for moment, change in changes:
            if parts and not change:
                continue
            left += change
            parts.append(f"H{clock.x(moment)} V{y(left)}" if parts else f"M{clock.x(moment)} {y(left)}")
        return " ".join([*parts, f"H{clock.x(until)}"])

    step = path(recorded)
    is_late = any(entry.late_s for entry in entries)
    placed = [(clock.x(moment_of(entry.row["recorded_at"])), y(entry.left), entry) for entry in entries]
    return Plot(
        width=width,
        step=step,
        then=path(happened) if is_late else "",
        area=f"{step} V{BOTTOM} H{clock.x(recorded[0][0])} Z",
        rules=[(y(count), count) for count in sorted({0, top // 2, top})],
        days=list(_days(placed, clock)),
        folds=list(clock.folds()),
        marks=list(_marks(placed)),
    )


def _lefts(changes: Sequence[tuple[datetime, int]]) -> Iterator[int]:
    left = 0
    for _, change in changes:
        left += change
        yield left


def _marks(placed: Sequence[tuple[float, float, Entry]]) -> Iterator[Mark]:
    group: list[tuple[float, float, Entry]] = []
    for each in placed:
        if group and each[0] - group[0][0] >= NEAR:
            yield _mark(group)
            group = []
        group.append(each)
    if group:
        yield _mark(group)


def _mark(group: Sequence[tuple[float, float, Entry]]) -> Mark:
    x, y, _ = group[-1]
    colours = {COLOURS.get(entry.row["kind"], "plum") for _, _, entry in group}
    return Mark(x, y, colours.pop() if len(colours) == 1 else "plum", [entry for _, _, entry in group])


def _days(placed: Sequence[tuple[float, float, Entry]], clock: "_Clock") -> Iterator[tuple[float, str]]:
    """Both ends, and between them the facts that have room for a day."""
    first, until = clock.ends
    end, written = clock.x(until), clock.x(first)
    if end - written >= BETWEEN_DAYS:
        yield written, first.isoformat()
    for x, _, entry in placed:
        if x - written >= BETWEEN_DAYS and end - x >= BETWEEN_DAYS:
            yield x, entry.row["recorded_at"]
            written = x
    yield end, until.isoformat()
