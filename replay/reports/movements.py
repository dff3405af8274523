"""The roll-forward of what a business owes its customers: each movement of a period, by cause.

What is owed is what the liability report counts: units of packages that are neither expired nor cancelled, and
their value. Opening and closing are equal to that report at the two ends of the period.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from heapq import nsmallest
from operator import attrgetter
from typing import Literal, assert_never, cast, get_args

from domain.ledger.mapper import Recorded
from domain.moments import start_of, to_milliseconds
from domain.package.facts import (
    ExpiryFact,
    FreezeFact,
    HoldFact,
    LineCorrected,
    MoneyFact,
    OtherFact,
    PackageCancelled,
    PackageExpired,
    PackageFact,
    PackageReinstated,
    PackageVoided,
    PriceAdjusted,
    ReminderFact,
    TransferRevoked,
    TransferUndone,
    UnitsForfeited,
    UnitsRedeemed,
    UnitsRestored,
    UnitsTransferredOut,
)
from domain.package.opening_facts import PackageImported, PackagePurchased, PeriodGranted, UnitsTransferredIn
from domain.package.state import Status
from projections.engine.definition import Row
from projections.models.card_columns import card_status, sum_up
from projections.models.packages import move
from replay.all_packages import PackagesThen
from replay.as_of import LATEST, Past, asked, effective_at
from replay.package import PackageThen

Clock = Literal["effective", "recorded"]
Cause = Literal[
    "sold",
    "imported",
    "redeemed",
    "restored",
    "forfeited",
    "lapsed",
    "revived",
    "cancelled",
    "voided",
    "corrected",
    "transferred",
    "price",
]
"""`lapsed`: the expiry passed, or was set to a day that is past. `revived`: valid again by a fact, such as a
reinstatement or a later expiry."""
CAUSES: tuple[Cause, ...] = get_args(Cause)


@dataclass(frozen=True)
class Owed:
    """Units owed to customers, and their value in minor units."""

    units: int = 0
    value: int = 0

    def __add__(self, other: "Owed") -> "Owed":
        return Owed(self.units + other.units, self.value + other.value)

    def __sub__(self, other: "Owed") -> "Owed":
        return Owed(self.units - other.units, self.value - other.value)


NOTHING = Owed()


Place = tuple[int, int, str]
"""Milliseconds since 1970, position, cause: the order of the lines."""


@dataclass(frozen=True)
class Movement:
    """A change of what is owed on one package."""

    customer_id: str
    package_id: str
    moment: datetime
    """When it counts, on the clock of the report."""
    cause: Cause
    change: Owed
    position: int
    """The fact that moved it. Where the clock did, the fact that set the expiry, or changed the package last."""
    begun_at: int | None = None
    """The position at which the package begins, where the clock moved it. Such a line keeps its place among others,
    whatever is known of the package."""

    @property
    def place(self) -> Place:
        position = self.position if self.begun_at is None else self.begun_at
        return to_milliseconds(self.moment), position, self.cause


@dataclass(frozen=True)
class Period:
    """The days of one clock from `start` on (None: from the beginning of the books)."""

    clock: Clock
    start: datetime | None

    def moment_of(self, recorded: Recorded) -> datetime:
        return effective_at(recorded) if self.clock == "effective" else recorded.recorded_at

    def begins_after(self, moment: datetime) -> bool:
        return self.start is not None and moment < self.start


def period_of(zone: str, clock: Clock, first: date | None = None) -> Period:
    """The period from the day `first` of a zone; None: from the beginning."""
    return Period(clock, None if first is None else start_of(first, zone))


def closing_of(
    zone: str, clock: Clock, last: date | None = None, known: date | datetime | None = None
) -> Past:
    """The question that a period ends with, on the day `last` of a zone (None: now): its packages close it.

    `known` leaves out what was recorded later; only the effective clock takes it. That clock counts facts in the
    order in which they happened, also until now.
    """
    if clock == "effective":
        past = asked(zone, as_of=known, effective_as_of=last)
        return past if last is not None else replace(past, effective_before=LATEST)
    assert known is None, "the clock of recording is what was known"
    return asked(zone, as_of=last)


@dataclass
class Movements:
    """opening + the sum of all changes = closing."""

    position: int
    """The position of the ledger that the report is true for."""
    opening: Owed = NOTHING
    changes: dict[Cause, Owed] = field(default_factory=lambda: dict.fromkeys(CAUSES, NOTHING))
    closing: Owed = NOTHING


def movements(books: PackagesThen, period: Period) -> Movements:
    """The sums of a period that ends with the moment of `books`. Raises UnreadableFact, LedgerUnavailable."""
    report = Movements(books.position)
    for packages in books.by_customer():
        for package in packages:
            for movement in _of_package(package, period):
                report.closing += movement.change
                if period.begins_after(movement.moment):
                    report.opening += movement.change
                else:
                    report.changes[movement.cause] += movement.change
    return report


def lines(
    books: PackagesThen,
    period: Period,
    cause: Cause | None = None,
    after: Place | None = None,
    at_most: int | None = None,
) -> Sequence[Movement]:
    """The movements behind the sums in order of their places: the first ones behind `after`.

    Every package is folded: see `KeptMovements.lines`. Raises UnreadableFact, LedgerUnavailable.
    """
    found = (
        movement
        for packages in books.by_customer()
        for package in packages
        for movement in lines_of(package, period, cause, after)
    )
    in_order = attrgetter("place")
    return sorted(found, key=in_order) if at_most is None else nsmallest(at_most, found, in_order)


def lines_of(
    package: PackageThen, period: Period, cause: Cause | None = None, after: Place | None = None
) -> Iterator[Movement]:
    """Those of one package that lie in the period, in no order."""
    for movement in _of_package(package, period):
        if period.begins_after(movement.moment) or cause not in (None, movement.cause):
            continue
        if after is None or movement.place > after:
            yield movement


def _of_package(package: PackageThen, period: Period) -> Iterator[Movement]:
    """Every movement of a package up to the closing moment, in order."""
    card: Row | None = None
    owed, position = NOTHING, 0
    begun_at = package.facts[0].position

    def movement(moment: datetime, cause: Cause, change: Owed, *, by_fact: bool = True) -> Movement:
        return Movement(
            package.customer_id, package.id, moment, cause, change, position, None if by_fact else begun_at
        )

    for recorded in package.facts:
        fact, moment = cast(PackageFact, recorded.fact), period.moment_of(recorded)
        if isinstance(fact, PackageExpired | ReminderFact):
            continue  # they tell what is so anyway: the report is the same without them
        if card is not None and (lapsed := _owed_of(card, moment) - owed) != NOTHING:
            yield movement(lapsed_at(card, moment), "lapsed", lapsed, by_fact=False)
            owed += lapsed
        card, position = sum_up(move(card, recorded)), recorded.position
        change = _owed_of(card, moment) - owed
        for cause, part in causes_of(fact, change, expired=card_status(card, moment) == "expired"):
            if part != NOTHING:
                yield movement(moment, cause, part)
        owed += change
    if card is not None and (lapsed := _owed_of(card, package.moment) - owed) != NOTHING:
        yield movement(lapsed_at(card, package.moment), "lapsed", lapsed, by_fact=False)


def _owed_of(card: Row, moment: datetime) -> Owed:
    """What the liability report counts of a package at a moment."""
    return owed_as(card, card_status(card, moment))


def owed_as(card: Row, status: Status) -> Owed:
    """The same of a package with this status."""
    if status != "active":
        return NOTHING
    return Owed(card["remaining"], card["unused_value"])


def lapsed_at(card: Row, latest: datetime) -> datetime:
    until: datetime | None = card["valid_until"]
    return latest if until is None else min(until, latest)


MOVES_NOTHING = HoldFact | MoneyFact | OtherFact
"""No figure changes by them."""


def causes_of(fact: PackageFact, change: Owed, *, expired: bool) -> Iterator[tuple[Cause, Owed]]:
    """The parts of a change, each by its cause.

    What rolls over between two periods of a membership was not sold again, and did not lapse: it leaves at the very
    moment at which the old package expires.
    """
    if isinstance(fact, PeriodGranted):
        rolled = Owed(fact.units_rolled, fact.rolled_value)
        if change != NOTHING:
            yield "sold", change - rolled
            yield "transferred", rolled
    elif isinstance(fact, UnitsTransferredOut) and fact.membership_id is not None and expired:
        rolled = Owed(len(fact.units), fact.value)
        yield "lapsed", rolled
        yield "transferred", NOTHING - rolled
    elif change != NOTHING:
        yield _cause(fact, change), change


def _cause(fact: PackageFact, change: Owed) -> Cause:
    if isinstance(fact, MOVES_NOTHING):
        raise AssertionError(f"{fact.stored_name} moves nothing that is owed")
    if isinstance(fact, ExpiryFact | FreezeFact | PackageReinstated):
        return "revived" if change.units > 0 else "lapsed"
    match fact:
        case PackagePurchased() | PeriodGranted():
            return "sold"
        case PackageImported():
            return "imported"
        case UnitsTransferredIn() | UnitsTransferredOut() | TransferUndone() | TransferRevoked():
            return "transferred"
        case UnitsRedeemed():
            return "redeemed"
        case UnitsRestored():
            return "restored"
        case UnitsForfeited():
            return "forfeited"
        case LineCorrected():
            return "corrected"
        case PriceAdjusted():
            return "price"
        case PackageCancelled():
            return "cancelled"
        case PackageVoided():
            return "voided"
        case _:
            assert_never(fact)
