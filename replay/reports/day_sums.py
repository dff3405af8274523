"""What each day changed in the figures of the reports, on both clocks: a report of whole days is added up of them.

Every package is folded once, by the functions that the reports themselves fold it by. Its steps are added to the days
on which they happened, or were recorded; where its expiry passes, to that moment. There are as many sums as days, so
memory grows with the days of the books, not with their facts.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from operator import add
from typing import NamedTuple, TypeAlias, cast, get_args

from domain.ledger.mapper import Recorded
from domain.package.fact_parts import PackageOpened
from domain.package.facts import (
    PackageFact,
    PriceAdjusted,
    UnitsRedeemed,
    UseFact,
)
from domain.package.state import status
from domain.tax import Taxed
from projections.engine.definition import Row
from projections.models.card_columns import sum_up
from projections.models.packages import move
from replay.as_of import EARLIEST, LATEST
from replay.package import PackageThen
from replay.receipt import receipt_lines, taxes_of
from replay.reports.liability import (
    FIGURES,
    NO_FIGURES,
    Beginning,
    beginning_of,
    corrected_by,
    figures_of,
    uses_moved,
)
from replay.reports.local_days import LocalDays
from replay.reports.movements import (
    CAUSES,
    MOVES_NOTHING,
    NOTHING,
    Cause,
    Clock,
    Owed,
    Period,
    causes_of,
    lapsed_at,
    owed_as,
)
from replay.reports.sales import Rates, is_sale

OF_CUSTOMER = ("customers", "redemptions", "redemptions_across_packages", "units_corrected")
"""Figures of the liability report that the packages of a customer make together."""
CLOCKS: tuple[Clock, ...] = get_args(Clock)
OWED_AT = len(FIGURES)
SOLD_AT = OWED_AT + 2 * len(CAUSES)
OF_CUSTOMER_AT = SOLD_AT + 1
WIDTH = OF_CUSTOMER_AT + len(OF_CUSTOMER)
CAUSE_AT = {cause: OWED_AT + 2 * number for number, cause in enumerate(CAUSES)}
ONE_MORE_USE = ((OF_CUSTOMER_AT + OF_CUSTOMER.index("redemptions"), 1),)

Amounts: TypeAlias = list[int]
"""`FIGURES`, then units and value owed by each cause, packages sold, and `OF_CUSTOMER`."""


class NotByDays(Exception):
    """A package that expired before its freeze began: its expiry passes, and passes again."""


class ClockSums:
    """The sums of one clock."""

    def __init__(self) -> None:
        self.days: defaultdict[int, Amounts] = defaultdict(_nothing)
        """The ordinal of a day in the zone of the business → what its facts changed."""
        self.lapses: defaultdict[datetime, Amounts] = defaultdict(_nothing)
        """Moment → what changed as an expiry passed."""
        self.rates: defaultdict[int, Rates] = defaultdict(Rates)
        """The ordinal of a day → what was asked for in sales, by rate."""
        self.passed = EARLIEST
        """The latest expiry that had passed at the moment of a fact."""

    def add(self, others: "ClockSums", sign: int) -> None:
        for day, amounts in others.days.items():
            _add_to(self.days[day], enumerate(amounts), sign)
        for moment, amounts in others.lapses.items():
            _add_to(self.lapses[moment], enumerate(amounts), sign)
        for day, rates in others.rates.items():
            self.rates[day].add_all(rates, sign)
        self.passed = max(self.passed, others.passed)

    def upto(self, day: int | None, moment: datetime) -> Amounts:
        """What everything up to a day (None: all) changed, with the expiries that had passed at a moment."""
        found = _nothing()
        for at, amounts in self.days.items():
            if day is None or at <= day:
                found = list(map(add, found, amounts))
        for until, amounts in self.lapses.items():
            if until <= moment:
                found = list(map(add, found, amounts))
        return found

    def rates_upto(self, day: int | None) -> Rates:
        found = Rates()
        for at, rates in self.rates.items():
            if day is None or at <= day:
                found.add_all(rates, 1)
        return found


@dataclass
class DaySums:
    """The sums of both clocks, by days in `zone`."""

    zone: str
    clocks: Mapping[Clock, ClockSums] = field(
        default_factory=lambda: {clock: ClockSums() for clock in CLOCKS}
    )

    zones: set[str] = field(default_factory=set)
    """Those by whose rules expiries were computed: of the packages that are in the sums, or were once."""
    local_days: LocalDays = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.local_days = LocalDays(self.zone)

    def add(self, others: "DaySums", sign: int) -> None:
        self.zones |= others.zones
        for clock, sums in self.clocks.items():
            sums.add(others.clocks[clock], sign)

    def add_customer(self, packages: Sequence[PackageThen]) -> None:
        """Add the packages of one customer, each with all facts that were recorded. Raises NotByDays, and the errors of
        a fold; then nothing was added."""
        states = [_states(package.facts) for package in packages]
        self.zones |= {of_package[-1].card["time_zone"] for of_package in states if of_package}
        made = [(clock, _of_clock(clock, packages, states)) for clock in CLOCKS]
        for clock, steps in made:
            for step in steps:
                self._take(self.clocks[clock], step)

    def _take(self, sums: ClockSums, step: "Step") -> None:
        if step.lapses:
            _add_to(sums.lapses[step.moment], step.amounts, 1)
            return
        if step.passed is not None:
            sums.passed = max(sums.passed, step.passed)
        day = self.local_days.of(step.moment)
        _add_to(sums.days[day], step.amounts, 1)
        for taxes, sign in step.taxes:
            sums.rates[day].add_taxes(taxes, sign)


class Step(NamedTuple):
    """A change of some figures."""

    moment: datetime
    amounts: Sequence[tuple[int, int]]
    """Place among `Amounts`, and what is added there."""
    lapses: bool = False
    taxes: tuple[tuple[Sequence[Taxed], int], ...] = ()
    passed: datetime | None = None
    """The expiry that had passed at that moment, as the fact left it or found it."""


class State(NamedTuple):
    """A package after a fact that moved it."""

    recorded: Recorded
    card: Row
    taxes: Sequence[Taxed]


def _nothing() -> Amounts:
    return [0] * WIDTH


def _add_to(amounts: Amounts, more: Iterable[tuple[int, int]], sign: int) -> None:
    for place, amount in more:
        if amount:
            amounts[place] += sign * amount


def _changes(after: Sequence[int], before: Sequence[int]) -> list[tuple[int, int]]:
    """The figures that are not the same, as a step adds them."""
    return [
        (place, new - old) for place, (new, old) in enumerate(zip(after, before, strict=True)) if new != old
    ]


# One package


def _states(facts: Sequence[Recorded]) -> list[State]:
    """Raises NotByDays."""
    states: list[State] = []
    card: Row | None = None
    taxes: Sequence[Taxed] = ()
    for number, recorded in enumerate(facts, 1):
        fact = recorded.fact
        if isinstance(fact, MOVES_NOTHING):
            continue
        card = sum_up(move(card, recorded))
        frozen_on, expires_on = card["frozen_on"], card["expires_on"]
        if frozen_on is not None and expires_on is not None and expires_on < frozen_on:
            raise NotByDays(recorded.stream_id)
        if isinstance(fact, PackageOpened | PriceAdjusted):
            taxes = taxes_of(receipt_lines(facts[:number]))
        states.append(State(recorded, dict(card), taxes))
    return states


def _of_clock(clock: Clock, packages: Sequence[PackageThen], states: Sequence[Sequence[State]]) -> list[Step]:
    moment_of = Period(clock, None).moment_of
    steps: list[Step] = []
    ordered = [
        _in_order(package, of_package, moment_of)
        for package, of_package in zip(packages, states, strict=True)
    ]
    for each in ordered:
        steps += _steps(each, moment_of)
    steps += _of_customer(ordered, moment_of)
    return steps


def _in_order(
    package: PackageThen, states: Sequence[State], moment_of: Callable[[Recorded], datetime]
) -> Sequence[State]:
    """The states in the order of a clock; folded again where that is not the order of recording."""
    ordered = sorted((state.recorded for state in states), key=moment_of)  # stable, as the fold of a report
    if all(one is state.recorded for one, state in zip(ordered, states, strict=True)):
        return states
    facts = sorted(package.facts, key=moment_of)
    if not isinstance(facts[0].fact, PackageOpened):
        raise NotByDays(package.id)
    return _states(facts)


def _steps(states: Sequence[State], moment_of: Callable[[Recorded], datetime]) -> Iterator[Step]:
    """What a package changes, as `movements` tells it: by each fact, and as its expiry passes."""
    began: Beginning | None = None
    card: Row | None = None
    figures, owed, sold, taxes = NO_FIGURES, NOTHING, 0, cast(Sequence[Taxed], ())
    for state in states:
        fact, moment = cast(PackageFact, state.recorded.fact), moment_of(state.recorded)
        passed = None
        if card is not None and began is not None:
            lapsed = _lapsed(began, card, moment)
            passed = card["valid_until"] if lapsed is not None else None
            if lapsed is not None and lapsed != figures:
                yield _lapse(lapsed_at(card, moment), figures, lapsed, owed)
                figures, owed = lapsed, NOTHING
        if isinstance(fact, PackageOpened):
            began = beginning_of(fact)
        assert began is not None, "a package begins with its opening fact"
        card = state.card
        is_past = _is_past(card, moment)
        now = status(card["cancelled"], card["remaining"], is_past)
        passed = max(passed or EARLIEST, card["valid_until"]) if is_past else passed
        after, then = figures_of(began, card, now), owed_as(card, now)
        changed = _changes(after, figures)
        for cause, part in causes_of(fact, then - owed, expired=now == "expired"):
            changed += _of_cause(cause, part)
        is_asked_for = not card["voided"]
        now_sold = is_sale(card) if is_asked_for else 0
        changed.append((SOLD_AT, now_sold - sold))
        asked = state.taxes if is_asked_for else ()
        of_taxes = () if asked is taxes else ((taxes, -1), (asked, 1))
        yield Step(moment, changed, taxes=of_taxes, passed=passed)
        figures, owed, sold, taxes = after, then, now_sold, asked
    if card is not None and began is not None:
        lapsed = _lapsed(began, card, LATEST)
        if lapsed is not None and lapsed != figures:
            yield _lapse(lapsed_at(card, LATEST), figures, lapsed, owed)


def _is_past(card: Row, moment: datetime) -> bool:
    """Whether the expiry has passed, of a package that did not expire before its freeze began."""
    until: datetime | None = card["valid_until"]
    return until is not None and until <= moment


def _of_cause(cause: Cause, owed: Owed) -> tuple[tuple[int, int], tuple[int, int]]:
    at = CAUSE_AT[cause]
    return (at, owed.units), (at + 1, owed.value)


def _lapsed(began: Beginning, card: Row, moment: datetime) -> tuple[int, ...] | None:
    """The figures of a package whose expiry has passed at a moment; None: it has not."""
    if not _is_past(card, moment):
        return None
    return figures_of(began, card, status(card["cancelled"], card["remaining"], expired=True))


def _lapse(moment: datetime, figures: Sequence[int], lapsed: Sequence[int], owed: Owed) -> Step:
    return Step(moment, [*_changes(lapsed, figures), *_of_cause("lapsed", NOTHING - owed)], lapses=True)


# The packages of a customer together


class _Uses:
    """The redemptions that still use a unit of a customer's packages."""

    def __init__(self) -> None:
        self.units: Counter[str] = Counter()
        self.taken_from: Counter[str] = Counter()
        """Redemption → the packages that it took from."""

    def is_new(self, id: str) -> bool:
        return id not in self.units

    def told(self, ids: Collection[str]) -> tuple[int, int]:
        """How many of these still use a unit, and how many of those took from several packages."""
        used = [id for id in ids if self.units[id] > 0]
        return len(used), sum(self.taken_from[id] > 1 for id in used)


@dataclass
class _OfPackage:
    """What a package has added to the sums of its customer, unless it is voided."""

    is_sold: bool = False
    corrected: int = 0
    units: Counter[str] = field(default_factory=Counter)
    taken: set[str] = field(default_factory=set)

    def use(self, id: str, units: int) -> None:
        """A redemption takes units, or gives some back."""
        self.units[id] += units
        if units > 0:
            self.taken.add(id)

    def count(self, uses: _Uses, ids: Collection[str], sign: int) -> None:
        """Add its part in these redemptions, or take it away."""
        for id in ids:
            uses.units[id] += sign * self.units[id]
            uses.taken_from[id] += sign * (id in self.taken)


def _of_customer(
    ordered: Sequence[Sequence[State]], moment_of: Callable[[Recorded], datetime]
) -> Iterator[Step]:
    """What the facts change of `OF_CUSTOMER`."""
    parts = [_OfPackage() for _ in ordered]
    uses, packages = _Uses(), 0
    numbered = chain.from_iterable(
        ((number, state) for state in states) for number, states in enumerate(ordered)
    )
    for number, state in sorted(numbered, key=lambda each: moment_of(each[1].recorded)):
        fact, part, is_sold = state.recorded.fact, parts[number], not state.card["voided"]
        if not isinstance(fact, UseFact) and is_sold == part.is_sold:
            continue
        if isinstance(fact, UnitsRedeemed) and is_sold and part.is_sold and uses.is_new(fact.redemption_id):
            part.use(fact.redemption_id, len(fact.units))  # nearly every fact of the books
            part.count(uses, (fact.redemption_id,), 1)
            yield Step(moment_of(state.recorded), ONE_MORE_USE)
            continue
        moved = list(uses_moved(fact)) if isinstance(fact, UseFact) else []
        concerned = {id for id, _ in moved}
        if is_sold != part.is_sold:
            concerned |= part.units.keys()
        before, sold_before, corrected = uses.told(concerned), packages, part.corrected * part.is_sold
        part.count(uses, concerned, -int(part.is_sold))
        for id, units in moved:
            part.use(id, units)
        if isinstance(fact, UseFact):
            part.corrected += corrected_by(fact)
        packages += is_sold - part.is_sold
        part.is_sold = is_sold
        part.count(uses, concerned, int(is_sold))
        after = uses.told(concerned)
        amounts = (
            (packages > 0) - (sold_before > 0),
            after[0] - before[0],
            after[1] - before[1],
            part.corrected * is_sold - corrected,
        )
        yield Step(moment_of(state.recorded), list(enumerate(amounts, OF_CUSTOMER_AT)))
