"""Every movement of a package that the books have ever known of, on both clocks, without what it moved.

On the clock of recording a movement stays what it was. On that of effect a fact that is entered late may end movements
and begin others, so each has the positions from which and up to which it is known.

A package is folded by the functions of the reports, in the order in which it was recorded; a second time from its
beginning only by a fact that takes effect before another one that is known.
"""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from typing import NamedTuple, cast

from domain.ledger.mapper import Recorded
from domain.moments import to_milliseconds
from domain.package.fact_parts import PackageOpened
from domain.package.facts import PackageExpired, PackageFact, ReminderFact
from domain.package.state import status
from projections.engine.definition import Row
from projections.models.card_columns import sum_up
from projections.models.packages import move
from replay.as_of import effective_at
from replay.reports.movement_places import Known
from replay.reports.movements import CAUSES, MOVES_NOTHING, NOTHING, Owed, causes_of, owed_as

EXPIRY = len(CAUSES)
"""The kind of movements that the clock makes, as an expiry passes: their cause is `lapsed`."""
NUMBER_OF = {cause: number for number, cause in enumerate(CAUSES)}
FOLDED_MAX = 500_000
"""Facts that are folded for one package, some of them often, as others were entered late."""


class NotTraced(Exception):
    """A package that expired before its freeze began, so that its expiry passes and passes again; or one with more than
    can be folded again for every late entry."""


class Key(NamedTuple):
    """A movement: two of one package are never alike."""

    kind: int
    """Of `CAUSES`, or `EXPIRY`."""
    moment: int
    """Milliseconds since 1970."""
    position: int
    """Of its place: see `Movement.place`."""


@dataclass
class Trace:
    """The movements of one package at a position of the ledger."""

    recorded: set[Key] = field(default_factory=set)
    """On the clock of recording, with the expiry that is to pass."""
    known: dict[Key, int] = field(default_factory=dict)
    """On the clock of effect → the position from which it is known."""
    gone: set[tuple[Key, Known]] = field(default_factory=set)
    """On that clock, known once and no more."""


@dataclass
class Ahead:
    """Expiries that had passed at the moment of a fact, though perhaps not at that of a question."""

    recorded: int = 0
    """The latest on the clock of recording, in milliseconds since 1970: the clock may have been put back."""
    effective: int = 0
    foreseen: set[tuple[int, int]] = field(default_factory=set)
    """Of facts that took effect after they were recorded: position, and the expiry."""

    def add(self, more: "Ahead") -> None:
        self.recorded = max(self.recorded, more.recorded)
        self.effective = max(self.effective, more.effective)
        self.foreseen |= more.foreseen


class Traced(NamedTuple):
    before: Trace
    """At an earlier position."""
    now: Trace
    ahead: Ahead
    zone: str
    """By whose rules expiries were computed."""


class _State(NamedTuple):
    """A package after a fact, in some order."""

    recorded: Recorded
    effective: int
    """Milliseconds since 1970."""
    worth: Owed
    """What is owed while it is valid."""
    until: int | None
    """When its expiry passes, in milliseconds; None: it never does."""
    may_expire: bool
    """Whether it is expired once that has passed, and neither cancelled nor used up."""


class _Fold:
    """The card of a package, fact by fact."""

    def __init__(self) -> None:
        self.card: Row = {}
        self._last: _State | None = None

    def take(self, recorded: Recorded) -> _State:
        """Raises NotTraced."""
        effective = to_milliseconds(effective_at(recorded))
        if self._last is not None and isinstance(recorded.fact, MOVES_NOTHING):
            self._last = self._last._replace(recorded=recorded, effective=effective)
            return self._last
        if self._last is None and not isinstance(recorded.fact, PackageOpened):
            raise NotTraced(recorded.stream_id)  # entered late, before the sale
        card = self.card = sum_up(move(self.card or None, recorded))
        frozen_on, expires_on, until = card["frozen_on"], card["expires_on"], card["valid_until"]
        if frozen_on is not None and expires_on is not None and expires_on < frozen_on:
            raise NotTraced(recorded.stream_id)
        valid = status(card["cancelled"], card["remaining"], expired=False)
        self._last = _State(
            recorded,
            effective,
            owed_as(card, valid),
            None if until is None else to_milliseconds(until),
            valid == "active",
        )
        return self._last


class _Clock:
    """The movements of a package on one clock, fact by fact in its order."""

    def __init__(self, begun_at: int) -> None:
        self._begun_at = begun_at
        self._state: _State | None = None
        self._owed = NOTHING
        self.passed = 0
        """The latest expiry that had passed at the moment of a fact."""

    def take(self, state: _State, moment: int) -> Iterator[Key]:
        before, self._state = self._state, state
        if before is not None and before.until is not None and before.until <= moment:
            self.passed = max(self.passed, before.until)
            if self._owed != NOTHING:
                yield Key(EXPIRY, before.until, self._begun_at)
                self._owed = NOTHING
        is_past = state.until is not None and state.until <= moment
        if is_past and state.until is not None:
            self.passed = max(self.passed, state.until)
        fact = cast(PackageFact, state.recorded.fact)
        if isinstance(fact, MOVES_NOTHING):
            return
        owed = NOTHING if is_past else state.worth
        for cause, part in causes_of(fact, owed - self._owed, expired=is_past and state.may_expire):
            if part != NOTHING:
                yield Key(NUMBER_OF[cause], moment, state.recorded.position)
        self._owed = owed

    @property
    def pending(self) -> set[Key]:
        """The expiry that is to pass if nothing else comes."""
        if self._state is None or self._state.until is None or self._owed == NOTHING:
            return set()
        return {Key(EXPIRY, self._state.until, self._begun_at)}


def traced(facts: Sequence[Recorded], before: int) -> Traced:
    """The movements that some facts of a package make, which begin with its opening; and those of the facts up to the
    position `before`. Raises NotTraced, and the errors of a fold."""
    counted = [each for each in facts if not isinstance(each.fact, PackageExpired | ReminderFact)]
    begun_at = counted[0].position
    fold, recorded, effective = _Fold(), _Clock(begun_at), _Effective(begun_at)
    states: list[_State] = []
    made: set[Key] = set()
    was: set[Key] | None = None
    for each in counted:
        if was is None and each.position > before:
            was = made | recorded.pending
        state = fold.take(each)
        states.append(state)
        made.update(recorded.take(state, each.stored.recorded_at))
        effective.take(each, state, states)
    made |= recorded.pending
    effective.ahead.recorded = recorded.passed
    return Traced(
        Trace(made if was is None else was, *effective.at(before)),
        Trace(made, effective.known, effective.gone),
        effective.ahead,
        fold.card["time_zone"],
    )


class _Effective:
    """On the clock of effect."""

    def __init__(self, begun_at: int) -> None:
        self._begun_at = begun_at
        self._clock = _Clock(begun_at)
        self._own: _Fold | None = None
        """Of the order of effect, where that is not the order of recording."""
        self._latest = -1
        self._folded = 0
        self.known: dict[Key, int] = {}
        self.gone: set[tuple[Key, Known]] = set()
        self.ahead = Ahead()

    def take(self, recorded: Recorded, state: _State, states: Sequence[_State]) -> None:
        """One more fact, with the state that it left in the order of recording, the last of `states`."""
        position = recorded.position
        if len(states) > 1 and state.effective < self._latest:
            self._fold_again([each.recorded for each in states], position)
            return
        if self._own is not None:
            state = self._own.take(recorded)
        self._latest = state.effective
        was = self._clock.pending
        self._know(was, self._took(state) | self._clock.pending, position)

    def _fold_again(self, facts: Sequence[Recorded], position: int) -> None:
        self._folded += len(facts)
        if self._folded > FOLDED_MAX:
            raise NotTraced(facts[0].stream_id)
        self._own, self._clock = _Fold(), _Clock(self._begun_at)
        made: set[Key] = set()
        for each in sorted(facts, key=effective_at):  # stable, as the fold of a report
            made.update(self._took(self._own.take(each)))
        self._know(self.known.keys(), made | self._clock.pending, position)

    def _know(self, before: Set[Key], made: Set[Key], position: int) -> None:
        for key in before - made:
            self.gone.add((key, Known(self.known.pop(key), position)))
        for key in made:
            self.known.setdefault(key, position)

    def _took(self, state: _State) -> set[Key]:
        passed = self._clock.passed
        self._clock.passed = 0
        made = set(self._clock.take(state, state.effective))
        if self._clock.passed:
            self.ahead.effective = max(self.ahead.effective, self._clock.passed)
            if state.effective > state.recorded.stored.recorded_at:
                self.ahead.foreseen.add((state.recorded.position, self._clock.passed))
        self._clock.passed = max(passed, self._clock.passed)
        return made

    def at(self, position: int) -> tuple[dict[Key, int], set[tuple[Key, Known]]]:
        """What was known, and gone, at an earlier position."""
        known = {key: born for key, born in self.known.items() if born <= position}
        gone = set()
        for key, span in self.gone:
            if span.gone is not None and span.gone <= position:
                gone.add((key, span))
            elif span.born <= position:
                known[key] = span.born
        return known, gone
