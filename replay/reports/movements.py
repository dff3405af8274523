"""The roll-forward of what a business owes its customers: each movement of a period, by cause.

What is owed is what the liability report counts: units of packages that are neither expired nor cancelled, and
their value. Opening and closing are equal to that report at the two ends of the period.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, assert_never, cast, get_args

from domain.ledger.contract import LedgerRecorder
from domain.ledger.mapper import Recorded
from domain.moments import start_of
from domain.package.facts import (
    ExpiryFact,
    FreezeFact,
    HoldFact,
    LineCorrected,
    MoneyFact,
    OtherFact,
    PackageCancelled,
    PackageFact,
    PackagePurchased,
    PackageReinstated,
    PackageVoided,
    PriceAdjusted,
    UnitsForfeited,
    UnitsRedeemed,
    UnitsRestored,
)
from projections.engine.definition import Row
from projections.models.packages import card_status, moved, summed
from replay.all_packages import packages_then
from replay.as_of import Past, asked, effective_at
from replay.package import PackageThen

Clock = Literal["effective", "recorded"]
Cause = Literal[
    "sold",
    "redeemed",
    "restored",
    "forfeited",
    "lapsed",
    "revived",
    "cancelled",
    "voided",
    "corrected",
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


@dataclass(frozen=True)
class Period:
    """Whole days of one clock, from `start` (None: the beginning of the books) to the end that `closing` names."""

    clock: Clock
    start: datetime | None
    closing: Past
    """The question that the closing figures answer, without `at_version`."""

    def moment_of(self, recorded: Recorded) -> datetime:
        return effective_at(recorded) if self.clock == "effective" else recorded.recorded_at


def period_of(
    zone: str,
    clock: Clock,
    first: date | None = None,
    last: date | None = None,
    known: date | datetime | None = None,
) -> Period:
    """The days `first` (None: from the beginning) to `last` (None: to now) of a zone.

    `known` leaves out what was recorded later; only the effective clock takes it.
    """
    start = None if first is None else start_of(first, zone)
    return Period(clock, start, closing_of(zone, clock, last, known))


def closing_of(
    zone: str, clock: Clock, last: date | None = None, known: date | datetime | None = None
) -> Past:
    """The question that the closing figures answer."""
    if clock == "effective":
        return asked(zone, as_of=known, effective_as_of=last)
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


def movements(recorder: LedgerRecorder, period: Period, now: datetime) -> Movements:
    """The sums of a period. Raises UnknownBusiness, UnreadableFact, LedgerUnavailable."""
    books = packages_then(recorder, period.closing, now)
    report = Movements(books.position)
    for packages in books.by_customer():
        for package in packages:
            for movement in _of_package(package, period):
                report.closing += movement.change
                if _is_before(movement, period):
                    report.opening += movement.change
                else:
                    report.changes[movement.cause] += movement.change
    return report


def lines(
    recorder: LedgerRecorder, period: Period, now: datetime, cause: Cause | None = None, after: str = ""
) -> Iterator[Movement]:
    """The movements behind the sums, of customers whose id is above `after`: by customer, package and moment.

    Raises UnknownBusiness, UnreadableFact, LedgerUnavailable.
    """
    for packages in packages_then(recorder, period.closing, now).by_customer(after):
        for package in sorted(packages, key=lambda package: package.id):
            for movement in _of_package(package, period):
                if not _is_before(movement, period) and cause in (None, movement.cause):
                    yield movement


def _is_before(movement: Movement, period: Period) -> bool:
    return period.start is not None and movement.moment < period.start


def _of_package(package: PackageThen, period: Period) -> Iterator[Movement]:
    """Every movement of a package up to the closing moment, in order."""
    card: Row | None = None
    owed, position = NOTHING, 0

    def movement(moment: datetime, cause: Cause, change: Owed) -> Movement:
        return Movement(package.card["customer_id"], package.id, moment, cause, change, position)

    for recorded in package.facts:
        fact, moment = cast(PackageFact, recorded.fact), period.moment_of(recorded)
        if card is not None and (lapsed := _owed(card, moment) - owed) != NOTHING:
            yield movement(_lapsed_at(card, moment), "lapsed", lapsed)
            owed += lapsed
        card, position = summed(moved(card, recorded)), recorded.position
        if (change := _owed(card, moment) - owed) != NOTHING:
            yield movement(moment, _cause(fact, change), change)
            owed += change
    if card is not None and (lapsed := _owed(card, package.moment) - owed) != NOTHING:
        yield movement(_lapsed_at(card, package.moment), "lapsed", lapsed)


def _owed(card: Row, moment: datetime) -> Owed:
    """What the liability report counts of a package at a moment."""
    if card_status(card, moment) != "active":
        return NOTHING
    return Owed(card["remaining"], card["unused_value"])


def _lapsed_at(card: Row, latest: datetime) -> datetime:
    until: datetime | None = card["valid_until"]
    return latest if until is None else min(until, latest)


MOVES_NOTHING = HoldFact | MoneyFact | OtherFact


def _cause(fact: PackageFact, change: Owed) -> Cause:
    if isinstance(fact, MOVES_NOTHING):
        raise AssertionError(f"{fact.stored_name} moves nothing that is owed")
    if isinstance(fact, ExpiryFact | FreezeFact | PackageReinstated):
        return "revived" if change.units > 0 else "lapsed"
    match fact:
        case PackagePurchased():
            return "sold"
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
