"""The units of a line, and the state of each (domain.md, Units)."""

from collections.abc import Iterable, Iterator

from msgspec import Struct, structs

from domain.package.fact_parts import SoldService, Units

AVAILABLE, USED, FORFEITED, CORRECTED, LAPSED, TRANSFERRED, USED_BEFORE = (
    b"a",
    b"u",
    b"f",
    b"c",
    b"l",
    b"t",
    b"b",
)
"""The state of a unit, one byte each: available, used, forfeited, taken by a correction, lapsed, transferred, used
before the package was imported.
Held units are among the available ones: a hold names no particular unit."""


class Line(Struct, frozen=True, gc=False):
    """Units of one kind. Unit n has value `values[n - 1]` and state `states[n - 1]`."""

    label: str
    services: tuple[SoldService, ...]
    service_ids: frozenset[str]
    """Their ids: what each use looks for."""
    weight: int
    values: tuple[int, ...]
    states: bytes
    taken: Units = ()
    """Units that corrections took, oldest first."""
    held: int = 0
    """Remaining units that are reserved for bookings."""
    tax_rate: int | None = None
    """The line's own, in basis points."""

    @property
    def remaining(self) -> int:
        return self.states.count(AVAILABLE)

    @property
    def available(self) -> int:
        """Remaining units that no booking holds: they may be used, corrected or transferred."""
        return self.states.count(AVAILABLE) - self.held

    def serves(self, service_id: str) -> bool:
        return service_id in self.service_ids

    def units(self, state: bytes) -> Iterator[int]:
        """Numbers of the units in that state, lowest first."""
        at = self.states.find(state)
        while at >= 0:
            yield at + 1
            at = self.states.find(state, at + 1)

    def lowest(self, quantity: int) -> Units:
        """The lowest available numbers, which use, correction and transfer take."""
        found, at = list[int](), self.states.find(AVAILABLE)
        while at >= 0 and len(found) < quantity:
            found.append(at + 1)
            at = self.states.find(AVAILABLE, at + 1)
        return tuple(found)

    @property
    def next_value(self) -> int:
        """The value of its next available unit; there is one."""
        return self.values[self.states.index(AVAILABLE)]

    def value_of(self, units: Iterable[int]) -> int:
        return sum([self.values[unit - 1] for unit in units])

    def moved(self, units: Iterable[int], before: bytes, after: bytes) -> "Line":
        """The line with these units in another state; a unit is in exactly one state (invariant 1)."""
        states = bytearray(self.states)
        for unit in units:
            assert states[unit - 1 : unit] == before, f"unit {unit} is not {before!r}"
            states[unit - 1 : unit] = after
        return structs.replace(self, states=bytes(states))
