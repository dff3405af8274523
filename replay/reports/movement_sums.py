"""Where each movement of a business has its place, on both clocks, now and as it was known at any position.

Nothing is summed up: a page of movements is found here, and what they moved is folded of their packages. Nothing here
depends on a time zone but the moments at which expiries pass.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from heapq import merge
from itertools import chain
from typing import NamedTuple, Self

import msgspec

from domain.zone_rules import mark
from projections.models.versions import CARDS, VERSIONS
from replay.reports.movement_places import Known, Places
from replay.reports.movement_traces import EXPIRY, Ahead, Key, Trace
from replay.reports.movements import CAUSES, Cause, Clock, Place

PLACES_OF_MOVEMENTS = f"1.{VERSIONS[CARDS]}"
"""Their own version, raised by a change of what is a movement or of the bytes, and that of the cards, by which packages
are folded."""
KINDS = range(EXPIRY + 1)
EVER = 2**60
"""Behind every moment, in milliseconds."""


class Wanted(NamedTuple):
    """What a page is about."""

    clock: Clock
    cause: Cause | None
    first: int
    """Milliseconds since 1970, as the others."""
    last: int
    last_expiry: int
    """Of the expiries that have passed."""
    position: int
    """Of the ledger: what is known there."""


class _Told(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    position: int
    rules: dict[str, str]
    places: list[list[bytes]]
    apart: list[str]
    ahead: tuple[int, int, list[tuple[int, int]]]


_written = msgspec.msgpack.Encoder(order="deterministic").encode
_read = msgspec.msgpack.Decoder(_Told).decode


@dataclass
class MovementSums:
    """Those of one business. 8 bytes for each movement of a clock; 16 for an expiry on the clock of effect, and 24 for
    what was known there and is no more."""

    zone: str
    position: int = 0
    """The position of the ledger that they are true for."""
    recorded: list[Places] = field(default_factory=lambda: [Places() for _ in KINDS])
    plain: list[Places] = field(default_factory=lambda: [Places() for _ in KINDS])
    """On the clock of effect: known from the position of their fact on, as nearly all are."""
    known: list[Places] = field(default_factory=lambda: [Places(1) for _ in KINDS])
    """The others, with the position from which they are known."""
    gone: list[Places] = field(default_factory=lambda: [Places(2) for _ in KINDS])
    """With the positions from which and up to which they were known."""
    apart: set[str] = field(default_factory=set)
    """Packages whose movements are not here."""
    ahead: Ahead = field(default_factory=Ahead)
    zones: set[str] = field(default_factory=set)
    """Those by whose rules expiries were computed: of the packages that are here, or were once."""

    # As the books grow

    def append(self, trace: Trace) -> None:
        """Add one package of many, before `sort`."""
        for kind, *place in trace.recorded:
            self.recorded[kind].append(*place)
        for key, born in trace.known.items():
            places, values = self._of_known(key, born)
            places.append(key.moment, key.position, *values)
        for key, span in trace.gone:
            self.gone[key.kind].append(key.moment, key.position, *_numbers(span))

    def sort(self) -> None:
        for places in self._all():
            places.sort()

    def replace(self, before: Trace, now: Trace) -> None:
        """Of one package, which has grown."""
        for kind, *place in before.recorded - now.recorded:
            self.recorded[kind].remove(*place)
        for kind, *place in now.recorded - before.recorded:
            self.recorded[kind].add(*place)
        for key, born in before.known.items() - now.known.items():
            places, values = self._of_known(key, born)
            places.remove(key.moment, key.position, *values)
        for key, born in now.known.items() - before.known.items():
            places, values = self._of_known(key, born)
            places.add(key.moment, key.position, *values)
        for key, span in before.gone - now.gone:
            self.gone[key.kind].remove(key.moment, key.position, *_numbers(span))
        for key, span in now.gone - before.gone:
            self.gone[key.kind].add(key.moment, key.position, *_numbers(span))

    def _of_known(self, key: Key, born: int) -> tuple[Places, tuple[int, ...]]:
        if key.kind != EXPIRY and born == key.position:
            return self.plain[key.kind], ()
        return self.known[key.kind], (born,)

    def _all(self) -> Iterator[Places]:
        return chain(self.recorded, self.plain, self.known, self.gone)

    # Questions

    def places(self, wanted: Wanted, after: Place | None) -> Iterator[Place]:
        """In order, behind `after`. On the clock of recording there may be some of expiries that are not known yet."""
        first = (wanted.first, 0) if after is None else max((wanted.first, 0), after[:2])
        kinds = KINDS if wanted.cause is None else _kinds_of(wanted.cause)
        found = merge(*chain.from_iterable(self._of_kind(kind, wanted, first) for kind in kinds))
        return found if after is None else (place for place in found if place > after)

    def _of_kind(self, kind: int, wanted: Wanted, first: tuple[int, int]) -> Iterator[Iterator[Place]]:
        cause = _cause_of(kind)
        last, upto = wanted.last_expiry if kind == EXPIRY else wanted.last, wanted.position

        parts = [self.recorded] if wanted.clock == "recorded" else [self.plain, self.known]
        if wanted.clock == "effective" and upto < self.position:
            parts.append(self.gone)
        for part in parts:
            found = part[kind].between(first, last, upto)
            yield ((moment, position, cause) for moment, position in found)

    def is_ahead(self, wanted: Wanted, *, of_the_past: bool) -> bool:
        """Whether a fact was judged after an expiry that has not passed at the end of the question: it took effect in
        days to come, or the clock was put back. `of_the_past`: it asks what was known then."""
        if wanted.last < EVER:
            return False
        if wanted.clock == "recorded":
            return self.ahead.recorded > wanted.last_expiry
        if not of_the_past:
            return self.ahead.effective > wanted.last_expiry
        return any(
            position <= wanted.position and until > wanted.last_expiry
            for position, until in self.ahead.foreseen
        )

    # As bytes

    def to_bytes(self) -> bytes:
        """Equal for equal places. `PLACES_OF_MOVEMENTS` is the version of what they say."""
        rules = {zone: mark(zone) for zone in sorted(self.zones)}
        ahead = (self.ahead.recorded, self.ahead.effective, sorted(self.ahead.foreseen))
        places = [places.to_bytes() for places in self._all()]
        return _written(_Told(self.position, rules, places, sorted(self.apart), ahead))

    @classmethod
    def of_bytes(cls, zone: str, data: bytes) -> Self:
        """Raises ValueError, MsgspecError, UnknownZone."""
        found, sums = _read(data), cls(zone)
        if any(mark(name) != rules for name, rules in found.rules.items()):
            raise ValueError("was computed by other rules of a time zone")
        parts: Sequence[list[Places]] = (sums.recorded, sums.plain, sums.known, sums.gone)
        if len(found.places) != len(parts) * len(KINDS):
            raise ValueError("has other kinds of movements")
        told = iter(found.places)
        for columns, part in zip((0, 0, 1, 2), parts, strict=True):
            part[:] = [Places.of_bytes(columns, next(told)) for _ in KINDS]
        recorded, effective, foreseen = found.ahead
        sums.ahead = Ahead(recorded, effective, set(foreseen))
        sums.apart, sums.zones, sums.position = set(found.apart), set(found.rules), found.position
        return sums

    def differences(self, made: "MovementSums") -> Iterator[str]:
        """Where these are not what was made of the ledger."""
        for part in ("recorded", "plain", "known", "gone"):
            for kind, ours, theirs in zip(KINDS, getattr(self, part), getattr(made, part), strict=True):
                if ours.to_bytes() != theirs.to_bytes():
                    yield f"movements: {part}, {'expiry' if kind == EXPIRY else CAUSES[kind]}"
        if self.apart != made.apart:
            yield "movements: packages apart"
        # What has been foreseen once, and passed, may stay: then all packages are folded.
        ours, theirs = self.ahead, made.ahead
        if ours.recorded < theirs.recorded or ours.effective < theirs.effective:
            yield "movements: the latest expiry that had passed"
        if not ours.foreseen >= theirs.foreseen:
            yield "movements: expiries that were foreseen"


def _numbers(span: Known) -> tuple[int, int]:
    assert span.gone is not None
    return span.born, span.gone


def _cause_of(kind: int) -> Cause:
    return "lapsed" if kind == EXPIRY else CAUSES[kind]


def _kinds_of(cause: Cause) -> Sequence[int]:
    return [kind for kind in KINDS if _cause_of(kind) == cause]
