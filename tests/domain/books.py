"""An independent reading of a package's facts, in plain integers: what the tests hold the fold against.

It shares no code with `domain/package/`: it knows the facts and the unit equations of domain.md,
nothing else.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from domain.package.facts import (
    HoldReleased,
    LineCorrected,
    OpeningFact,
    PackageCancelled,
    PackageFact,
    PackageReinstated,
    PackageVoided,
    PriceAdjusted,
    TransferRevoked,
    TransferUndone,
    UnitsForfeited,
    UnitsHeld,
    UnitsRedeemed,
    UnitsRestored,
    UnitsTransferredOut,
)
from domain.package.opening_facts import PackageImported, PackagePurchased, PeriodGranted, UnitsTransferredIn


@dataclass
class UnitBook:
    """State and value of every unit, by line number and unit number."""

    price: int = 0
    states: dict[int, dict[int, str]] = field(default_factory=dict)
    values: dict[int, dict[int, int]] = field(default_factory=dict)
    holds: dict[tuple[str, int], int] = field(default_factory=dict)
    """(booking, line) → units held."""

    def held(self, line: int) -> int:
        return sum(quantity for (_, held), quantity in self.holds.items() if held == line)

    def count(self, line: int, *states: str) -> int:
        return sum(state in states for state in self.states[line].values())

    def move(self, line: int, units: Iterable[int], before: str, after: str) -> int:
        """Move units from one state to another; their value together."""
        units = list(units)
        assert len(set(units)) == len(units), f"a unit moves twice in one fact: {units}"
        for unit in units:
            assert self.states[line][unit] == before, (
                f"unit {unit} was {self.states[line][unit]}, not {before}"
            )
            self.states[line][unit] = after
        return sum(self.values[line][unit] for unit in units)

    def check(self) -> None:
        """Invariant 1: every unit in one state, total = used + remaining, 0 ≤ held ≤ remaining, and values
        add up to the price."""
        for line, states in self.states.items():
            assert sorted(states) == sorted(self.values[line]) == list(range(1, len(states) + 1))
            remaining, used = (
                self.count(line, "available"),
                self.count(line, "used", "used_before", "forfeited", "corrected"),
            )
            assert len(states) == remaining + used + self.count(line, "lapsed", "transferred")
            assert 0 <= self.held(line) <= remaining <= len(states) <= 1_000
        assert sum(len(states) for states in self.states.values()) <= 5_000
        assert sum(value for values in self.values.values() for value in values.values()) == self.price


def check_line_facts(facts: Sequence[PackageFact]) -> UnitBook:
    """Read the facts one by one: the equations hold after each, and each fact tells its own numbers right."""
    book = UnitBook()
    for fact in facts:
        _enter(book, fact)
        book.check()
    return book


def _enter(book: UnitBook, fact: PackageFact) -> None:
    match fact:
        case PackagePurchased() | UnitsTransferredIn() | PeriodGranted():
            _enter_lines(book, fact)
        case PackageImported():
            _enter_lines(book, fact)
            for number, used in enumerate(fact.used_before, 1):
                book.move(number, tuple(range(1, used + 1)), "available", "used_before")
        case UnitsRedeemed():
            assert book.move(fact.line, fact.units, "available", "used") == fact.value
            assert fact.remaining == book.count(fact.line, "available")
            assert fact.units
        case UnitsRestored():
            after = "lapsed" if fact.lapsed else "available"
            before = "forfeited" if fact.forfeiture else "used"
            assert book.move(fact.line, fact.units, before, after) == fact.value
            assert fact.remaining == book.count(fact.line, "available")
            assert fact.usable in (0, len(fact.units))
            assert fact.units
        case UnitsTransferredOut():
            assert book.move(fact.line, fact.units, "available", "transferred") == fact.value
            assert fact.remaining == book.count(fact.line, "available")
        case TransferUndone():
            assert book.move(fact.line, fact.units, "transferred", "available") == fact.value
            assert fact.remaining == book.count(fact.line, "available")
        case TransferRevoked():
            for part in fact.returned:
                assert book.move(part.line, part.units, "available", "transferred") == part.value
        case UnitsHeld() | HoldReleased():
            _enter_hold(book, fact)
        case UnitsForfeited():
            assert book.move(fact.line, fact.units, "available", "forfeited") == fact.value
            assert fact.remaining == book.count(fact.line, "available")
            assert fact.units
        case LineCorrected():
            _enter_correction(book, fact)
        case PriceAdjusted():
            _enter_price(book, fact)
        case PackageCancelled() | PackageVoided():
            for part in fact.lapsed:
                assert book.move(part.line, part.units, "available", "lapsed") == part.value
            assert not any(book.count(line, "available") for line in book.states)
            assert not book.holds, "a package ended and still holds units"
        case PackageReinstated():
            for part in fact.returned:
                assert book.move(part.line, part.units, "lapsed", "available") == part.value
            assert not any(book.count(line, "lapsed") for line in book.states)
        case _:
            pass


def _enter_hold(book: UnitBook, fact: UnitsHeld | HoldReleased) -> None:
    """A hold is entered once for each booking and line, and released whole; neither moves a unit."""
    of = (fact.booking_id, fact.line)
    if isinstance(fact, UnitsHeld):
        assert of not in book.holds
        book.holds[of] = fact.quantity
    else:
        assert book.holds.pop(of) == fact.quantity
    assert fact.held == book.held(fact.line)
    assert fact.remaining == book.count(fact.line, "available")


def _enter_lines(book: UnitBook, fact: OpeningFact) -> None:
    book.price = fact.price
    for number, line in enumerate(fact.lines, 1):
        values = [value for value, count in line.values for _ in range(count)]
        assert len(values) == line.quantity
        book.values[number] = dict(enumerate(values, 1))
        book.states[number] = dict.fromkeys(range(1, line.quantity + 1), "available")


def _enter_correction(book: UnitBook, fact: LineCorrected) -> None:
    before = book.count(fact.line, "available")
    value = book.move(fact.line, fact.taken, "available", "corrected")
    value += book.move(fact.line, fact.returned, "corrected", "available")
    value += book.move(fact.line, fact.used_before, "used_before", "available")
    for use in fact.freed:
        value += book.move(fact.line, use.units, "forfeited" if use.forfeiture else "used", "available")
    for unit in fact.added:
        assert unit == len(book.states[fact.line]) + 1
        book.states[fact.line][unit] = "available"
        book.values[fact.line][unit] = 0
    assert fact.value == value
    assert fact.remaining == book.count(fact.line, "available") == before + fact.change
    assert fact.change != 0


def _enter_price(book: UnitBook, fact: PriceAdjusted) -> None:
    assert fact.previous == book.price
    for number, runs in enumerate(fact.values, 1):
        values = dict(enumerate((value for value, count in runs for _ in range(count)), 1))
        for unit, state in book.states[number].items():
            assert state == "available" or values[unit] == book.values[number][unit], (
                "a gone unit was revalued"
            )
        book.values[number] = values
    book.price = fact.price
    assert fact.unused_value == sum(
        value
        for number, values in book.values.items()
        for unit, value in values.items()
        if book.states[number][unit] == "available"
    )


def changes(facts: Sequence[PackageFact]) -> Iterable[tuple[datetime, int, int, int]]:
    """(effective_at, position, line, change of its units that no booking holds), in recorded order."""
    for position, fact in enumerate(facts, 1):
        match fact:
            case PackagePurchased() | UnitsTransferredIn() | PeriodGranted():
                for number, line in enumerate(fact.lines, 1):
                    yield fact.effective_at, position, number, line.quantity
            case PackageImported():
                for number, (line, used) in enumerate(zip(fact.lines, fact.used_before, strict=True), 1):
                    yield fact.effective_at, position, number, line.quantity - used
            case UnitsRedeemed() | UnitsForfeited() | UnitsTransferredOut():
                yield fact.effective_at, position, fact.line, -len(fact.units)
            case UnitsHeld():
                yield fact.effective_at, position, fact.line, -fact.quantity
            case HoldReleased():
                yield fact.effective_at, position, fact.line, fact.quantity
            case TransferUndone():
                yield fact.effective_at, position, fact.line, len(fact.units)
            case TransferRevoked():
                for part in fact.returned:
                    yield fact.effective_at, position, part.line, -len(part.units)
            case UnitsRestored() if not fact.lapsed:
                yield fact.effective_at, position, fact.line, len(fact.units)
            case LineCorrected():
                yield fact.effective_at, position, fact.line, fact.change
            case PackageCancelled() | PackageVoided():
                for part in fact.lapsed:
                    yield fact.effective_at, position, part.line, -len(part.units)
            case PackageReinstated():
                for part in fact.returned:
                    yield fact.effective_at, position, part.line, len(part.units)
            case _:
                pass


def remainders(facts: Sequence[PackageFact], line: int) -> list[tuple[datetime, int]]:
    """What is available of a line after each of its changes, in business time: (effective_at, position)
    order."""
    left, timeline = 0, []
    for effective_at, _, _, change in sorted(c for c in changes(facts) if c[2] == line):
        left += change
        timeline.append((effective_at, left))
    return timeline


def lowest_from(facts: Sequence[PackageFact], line: int, moment: datetime) -> int:
    """The fewest available units of a line at `moment` or at any time after it."""
    timeline = remainders(facts, line)
    at_moment = [left for at, left in timeline if at <= moment][-1:]
    return min(at_moment + [left for at, left in timeline if at > moment])
