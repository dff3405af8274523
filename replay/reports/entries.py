"""What was recorded in a period on packages, and in money for bookings: late entries, and corrections. In order of
position.

Only the clock of recording decides which facts lie in the period, so that a period that is over never changes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast, get_args

from domain.booking.facts import BookingCancelled, BookingPaymentRefunded
from domain.booking.facts import MoneyFact as BookingMoneyFact
from domain.fact import Fact
from domain.fact_registry import FACTS
from domain.ledger.contract import LedgerRecorder
from domain.ledger.envelope import StoredFact
from domain.ledger.mapper import Recorded
from domain.ledger.reading import reading
from domain.package.facts import FACTS as PACKAGE_FACTS
from domain.package.facts import (
    ExpiryChanged,
    ExpiryRemoved,
    LineCorrected,
    PackageFact,
    PackageReinstated,
    PackageVoided,
    PriceAdjusted,
    ValidityReset,
    ValidityStarted,
)
from domain.package.money_facts import PaymentRefunded
from projections.models.package_history import told_of
from replay.as_of import effective_at, position_before

FACTS_PER_READ = 1_000
FACTS_LOOKED_AT = 50_000
"""By one statement, so that none takes long where few are wanted."""
CORRECTING = (
    LineCorrected
    | PaymentRefunded
    | BookingPaymentRefunded
    | PriceAdjusted
    | ExpiryChanged
    | ExpiryRemoved
    | PackageReinstated
    | PackageVoided
)
"""Facts that set right, undo or extend what was entered. Giving back a use is no correction: movements show it."""

MOVING: tuple[type[Fact], ...] = (*PACKAGE_FACTS, *get_args(BookingMoneyFact))
"""Facts of packages, and money for bookings."""


@dataclass(frozen=True)
class Entry:
    """A fact, with what it moved: units, their value, and money, in minor units; and a new price."""

    recorded: Recorded
    effective_at: datetime
    label: str
    units: int
    value: int
    amount: int | None
    price: int | None

    @property
    def automatic(self) -> bool:
        """Whether a rule entered it, not a person."""
        by_rule = isinstance(self.recorded.fact, ValidityStarted | ValidityReset)
        return by_rule or self.recorded.meta.actor.via == "system"


@dataclass(frozen=True)
class EntriesPage:
    """Entries of a period: their sums, and some of them."""

    position: int
    """The position of the ledger that the sums are true for."""
    facts: int
    units: int
    value: int
    entries: Sequence[Entry]


@dataclass(frozen=True)
class RecordedPeriod:
    """The positions that were recorded in a period: `after` < position ≤ `last`."""

    start: datetime
    after: int
    last: int


def recorded_period(recorder: LedgerRecorder, start: datetime, end: datetime | None) -> RecordedPeriod:
    """The period from `start` to before `end` (None: the head). Raises UnknownBusiness, LedgerUnavailable."""
    head = recorder.head().position
    last = head if end is None else position_before(recorder, end, head)
    return RecordedPeriod(start, position_before(recorder, start, head), last)


def late_entries(recorder: LedgerRecorder, period: RecordedPeriod) -> Iterator[Entry]:
    """Facts recorded in the period that took effect before it. Raises UnreadableFact, LedgerUnavailable."""
    for recorded in recorded_facts(recorder, period.after, period.last, MOVING):
        if effective_at(recorded) < period.start:
            yield entry_of(recorded)


def corrections(recorder: LedgerRecorder, period: RecordedPeriod) -> Iterator[Entry]:
    """`CORRECTING` facts recorded in the period. Raises UnreadableFact, LedgerUnavailable."""
    for recorded in recorded_facts(recorder, period.after, period.last, get_args(CORRECTING)):
        yield entry_of(recorded)


def page_of(found: Iterable[Entry], last: int, after: int, at_most: int) -> EntriesPage:
    """The sums of entries up to the position `last`, and the first ones above the position `after`."""
    facts = units = value = 0
    on_page: list[Entry] = []
    for entry in found:
        facts, units, value = facts + 1, units + entry.units, value + entry.value
        if entry.recorded.position > after and len(on_page) < at_most:
            on_page.append(entry)
    return EntriesPage(last, facts, units, value, on_page)


def recorded_facts(
    recorder: LedgerRecorder, after: int, last: int, wanted: Sequence[type[Fact]]
) -> Iterator[Recorded]:
    """The facts of these classes: `after` < position ≤ `last`. The database leaves out the others.

    Raises UnreadableFact, LedgerUnavailable.
    """
    for _, stored in pages_of_facts(recorder, after, last, wanted):
        yield from map(reading, stored)


def pages_of_facts(
    recorder: LedgerRecorder, after: int, last: int, wanted: Sequence[type[Fact]]
) -> Iterator[tuple[int, Sequence[StoredFact]]]:
    """The same facts as they are stored, some at a time, each time with the position up to which there is no more of
    them. Raises LedgerUnavailable."""
    others = sorted({fact.stored_name for fact in FACTS} - {fact.stored_name for fact in wanted})
    while after < last:
        upto = min(after + FACTS_LOOKED_AT, last)
        stored = recorder.facts(after, FACTS_PER_READ, upto, others)
        after = stored[-1].position if len(stored) == FACTS_PER_READ else upto
        yield after, stored


def entry_of(recorded: Recorded) -> Entry:
    """A fact of a package, money for a booking, or the cancellation of a booking, with what it moved."""
    fact = recorded.fact
    if isinstance(fact, BookingMoneyFact):  # it moves no unit
        what = "Refund" if isinstance(fact, BookingPaymentRefunded) else "Payment"
        label = f"{what} · {fact.method.value.capitalize()}"
        return Entry(recorded, fact.effective_at, label, 0, 0, fact.amount, None)
    if isinstance(fact, BookingCancelled):  # the facts of its packages move the units
        return Entry(recorded, effective_at(recorded), "Booking cancelled", 0, 0, None, None)
    fact = cast(PackageFact, fact)
    told = told_of(fact)
    amount, price = told.get("amount"), told.get("price")
    return Entry(recorded, fact.effective_at, told["label"], told["change"], told["value"], amount, price)
