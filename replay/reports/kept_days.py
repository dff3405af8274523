"""The sums of days as they are kept beside the ledger.

At most 2 KB for each day of the books, before they are packed: each figure of a day, and of the expiries that pass at
its end, on both clocks. Customers who are in no sum are told by their ids, some 20 bytes each, and nobody else is. What
was computed by the rules of a time zone carries their mark (`domain/zone_rules.py`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import msgspec

from domain.moments import from_milliseconds, to_milliseconds
from domain.zone_rules import mark
from replay.as_of import EARLIEST
from replay.reports.day_sums import CLOCKS, OF_CUSTOMER, WIDTH, Amounts, ClockSums, DaySums
from replay.reports.liability import FIGURES
from replay.reports.movements import CAUSES, Clock

COLUMNS = (
    *FIGURES,
    *(f"{cause} {part}" for cause in CAUSES for part in ("units", "value")),
    "packages sold",
    *OF_CUSTOMER,
)
"""Of `Amounts`, in their order: sums of other columns are not taken for these."""
assert len(COLUMNS) == WIDTH


@dataclass
class KeptDays:
    """What a process knows of the days of a business at a position."""

    sums: DaySums
    apart: frozenset[str] = frozenset()
    """Customers who are in no sum."""
    merged: Sequence[str] = field(default=())
    """Ids of the streams that tell of a merge."""


class _Clock(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    days: list[tuple[int, Amounts]]
    lapses: list[tuple[int, Amounts]]
    """By milliseconds since 1970."""
    rates: list[tuple[int, list[tuple[int | None, int, int]]]]
    passed: int | None


class _Days(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    columns: tuple[str, ...]
    rules: dict[str, str]
    clocks: dict[str, _Clock]
    apart: list[str]
    merged: list[str]


_written = msgspec.msgpack.Encoder(order="deterministic").encode
_read = msgspec.msgpack.Decoder(_Days).decode


def to_bytes(kept: KeptDays) -> bytes:
    """Equal for sums that answer alike: in order, and without days on which nothing is left of what was added."""
    clocks: dict[str, _Clock] = {clock: _clock(kept.sums.clocks[clock]) for clock in CLOCKS}
    rules = {zone: mark(zone) for zone in sorted(kept.sums.zones | {kept.sums.zone})}
    return _written(_Days(COLUMNS, rules, clocks, sorted(kept.apart), sorted(kept.merged)))


def _clock(sums: ClockSums) -> _Clock:
    rates = ((day, list(sums.rates[day].totals())) for day in sorted(sums.rates))
    return _Clock(
        days=list(_changed(sums.days.items())),
        lapses=list(_changed((to_milliseconds(at), amounts) for at, amounts in sums.lapses.items())),
        rates=[(day, totals) for day, totals in rates if totals],
        passed=None if sums.passed == EARLIEST else to_milliseconds(sums.passed),
    )


def _changed(sums: Iterable[tuple[int, Amounts]]) -> Iterator[tuple[int, Amounts]]:
    return ((at, amounts) for at, amounts in sorted(sums) if any(amounts))


def from_bytes(zone: str, data: bytes) -> KeptDays:
    """Raises MsgspecError, ValueError, and UnknownZone."""
    found = _read(data)
    if found.columns != COLUMNS or found.clocks.keys() != set(CLOCKS):
        raise ValueError("has other columns")
    if any(mark(name) != rules for name, rules in found.rules.items()):
        raise ValueError("was computed by other rules of a time zone")
    sums = DaySums(zone, zones=set(found.rules))
    for clock in CLOCKS:
        _fill(sums.clocks[clock], found.clocks[clock])
    return KeptDays(sums, frozenset(found.apart), found.merged)


def _fill(sums: ClockSums, found: _Clock) -> None:
    if any(len(amounts) != WIDTH for _, amounts in (*found.days, *found.lapses)):
        raise ValueError("has other columns")
    for day, _ in (*found.days, *found.rates):
        date.fromordinal(day)
    sums.days.update(found.days)
    sums.lapses.update((from_milliseconds(at), amounts) for at, amounts in found.lapses)
    for day, totals in found.rates:
        for rate, gross, tax in totals:
            sums.rates[day].add_total(rate, gross, tax)
    sums.passed = EARLIEST if found.passed is None else from_milliseconds(found.passed)


def differences(kept: KeptDays, made: KeptDays) -> Iterator[str]:
    """Where sums are not those that the ledger makes."""
    if kept.apart != made.apart:
        yield "customers who are in no sum"
    if not set(made.merged) <= set(kept.merged):
        yield "customers who were merged"
    for clock in CLOCKS:
        ours, theirs = _clock(kept.sums.clocks[clock]), _clock(made.sums.clocks[clock])
        days = _unequal(dict(ours.days), dict(theirs.days))
        yield from (_told(clock, date.fromordinal(day), "") for day in days)
        rates = _unequal(dict(ours.rates), dict(theirs.rates))
        yield from (_told(clock, date.fromordinal(day), ": rates of tax") for day in rates)
        for at in _unequal(dict(ours.lapses), dict(theirs.lapses)):
            yield _told(clock, from_milliseconds(at), ": expiries")
        if kept.sums.clocks[clock].passed < made.sums.clocks[clock].passed:
            # Later is right, too: what has been taken away since has left it.
            yield f"{clock}: the latest expiry that had passed"


def _unequal(ours: Mapping[int, object], theirs: Mapping[int, object]) -> Iterator[int]:
    return (at for at in sorted(ours.keys() | theirs.keys()) if ours.get(at) != theirs.get(at))


def _told(clock: Clock, at: date | datetime, what: str) -> str:
    return f"{clock} {at.isoformat()}{what}"
