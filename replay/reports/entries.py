"""What was recorded in a period on packages, and in money for bookings: late entries, and corrections. In order of
position.

Only the clock of recording decides which facts lie in the period, so that a period that is over never changes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast, get_args

from domain.booking.facts import BookingCancelled, BookingPaymentRefunded
from domain.booking.facts import MoneyFact as BookingMoneyFact
from domain.fact import Fact
from domain.fact_registry import FACTS
from domain.ledger.contract import LedgerRecorder
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
from projections.models.package_history import rows
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
    automatic: bool
    """Whether a rule entered it, not a person."""


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


def recorded_facts(
    recorder: LedgerRecorder, after: int, last: int, wanted: Sequence[type[Fact]]
) -> Iterator[Recorded]:
    """The facts of these classes: `after` < position ≤ `last`. The database leaves out the others.

    Raises UnreadableFact, LedgerUnavailable.
    """
    others = sorted({fact.stored_name for fact in FACTS} - {fact.stored_name for fact in wanted})
    while after < last:
        upto = min(after + FACTS_LOOKED_AT, last)
        stored = recorder.facts(after, FACTS_PER_READ, upto, others)
        yield from map(reading, stored)
        after = stored[-1].position if len(stored) == FACTS_PER_READ else upto


def entry_of(recorded: Recorded) -> Entry:
    """A fact of a package, money for a booking, or the cancellation of a booking, with what it moved."""
    if isinstance(recorded.fact, BookingMoneyFact):
        return _money_entry(recorded, recorded.fact)
    if isinstance(recorded.fact, BookingCancelled):
        return _cancellation_entry(recorded)
    (row,) = rows(recorded)
    fact = cast(PackageFact, recorded.fact)
    return Entry(
        recorded,
        fact.effective_at,
        row["label"],
        row["change"],
        row["value"],
        row.get("amount"),
        row.get("price"),
        automatic=isinstance(fact, ValidityStarted | ValidityReset) or recorded.meta.actor.via == "system",
    )


def _cancellation_entry(recorded: Recorded) -> Entry:
    """The facts of its packages move the units."""
    automatic = recorded.meta.actor.via == "system"
    return Entry(recorded, effective_at(recorded), "Booking cancelled", 0, 0, None, None, automatic)


def _money_entry(recorded: Recorded, fact: BookingMoneyFact) -> Entry:
    """Money for a booking moves no unit."""
    what = "Refund" if isinstance(fact, BookingPaymentRefunded) else "Payment"
    label = f"{what} · {fact.method.value.capitalize()}"
    automatic = recorded.meta.actor.via == "system"
    return Entry(recorded, fact.effective_at, label, 0, 0, fact.amount, None, automatic)
