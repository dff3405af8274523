"""Why things were corrected, cancelled, refunded or given back in a period: by group and reason code.

Each fact of a group counts, with the code it was given or without one. It counts once for each package and line that
it changed. What a rule did by itself, such as the restoration that follows a booking's cancellation, has no code.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeAlias

from domain.booking.facts import BookingCancelled, BookingPaymentRefunded
from domain.business.reasons import REASON_GROUPS, CodedReason, ReasonedFact, ReasonGroup
from domain.fact import Fact
from domain.fact_registry import FACTS
from domain.ledger.mapper import Recorded
from domain.package.facts import (
    ExpiryChanged,
    ExpiryRemoved,
    LineCorrected,
    PackageCancelled,
    PackageFrozen,
    PackageReinstated,
    PackageVoided,
    PriceAdjusted,
    TransferUndone,
    UnitsRestored,
    UnitsTransferredOut,
)
from domain.package.money_facts import PaymentRefunded
from replay.all_packages import PackagesThen
from replay.reports.entries import Entry, entry_of, recorded_facts
from replay.reports.movements import Period

GIVEN = tuple(fact for fact in FACTS if issubclass(fact, ReasonedFact))
"""Facts that may tell a code."""


@dataclass(frozen=True)
class GivenReason:
    """A fact with what it moved, and the reason that it was given."""

    group: ReasonGroup
    reason: CodedReason | None
    recorded: Recorded

    @cached_property
    def entry(self) -> Entry:
        return entry_of(self.recorded)

    @property
    def code(self) -> str | None:
        return None if self.reason is None else self.reason.code

    @property
    def text(self) -> str | None:
        """The text that the code had then."""
        return None if self.reason is None else self.reason.text


@dataclass
class ReasonSum:
    """What was done for one reason. Money in minor units."""

    group: ReasonGroup
    code: str | None
    """None: without a code."""
    text: str | None
    """The text that the code had in the latest of these facts."""
    facts: int = 0
    units: int = 0
    """The change of what remains, signed."""
    value: int = 0
    """The change of the value of what remains, signed."""
    refunded: int = 0
    """Money that went back."""


@dataclass(frozen=True)
class Reasons:
    position: int
    """The position of the ledger that the report is true for."""
    rows: tuple[ReasonSum, ...]
    """By group; in each by code, last what has none."""


def group_of(fact: Fact) -> ReasonGroup | None:
    """What a reason is given for by this fact; None: it asks for none. Of a transfer only the origin counts."""
    match fact:
        case LineCorrected():
            return "correction"
        case ExpiryChanged() | ExpiryRemoved():
            return "expiry"
        case PriceAdjusted():
            return "price"
        case PackageReinstated():
            return "reinstatement"
        case PackageFrozen():
            return "freeze"
        case PackageCancelled():
            return "cancellation"
        case PackageVoided():
            return "voiding"
        case PaymentRefunded() | BookingPaymentRefunded():
            return "refund"
        case UnitsRestored():
            return "restoration"
        case UnitsTransferredOut():
            return "transfer" if fact.membership_id is None else None
        case TransferUndone():
            return "transfer"
        case BookingCancelled():
            return "booking_cancellation"
        case _:
            return None


class Wanted(NamedTuple):
    """Which reasons are asked for: any group, and any code or none, unless they are named."""

    group: ReasonGroup | None = None
    code: str | None = None
    without_code: bool = False

    def holds(self, group: ReasonGroup | None, code: str | None) -> bool:
        if group is None or self.group not in (None, group):
            return False
        return code is None if self.without_code else self.code in (None, code)


def given_reasons(
    books: PackagesThen, period: Period, wanted: Wanted, after: int = 0
) -> Iterator[GivenReason]:
    """The facts of a period that ends with the moment of `books`, in order of position, above `after`.

    Raises UnreadableFact, LedgerUnavailable.
    """
    for recorded in recorded_facts(books.recorder, after, books.position, GIVEN):
        given = given_of(recorded)
        if given is None or not wanted.holds(given.group, given.code):
            continue
        if _is_within(recorded, books, period):
            yield given


def given_of(recorded: Recorded) -> GivenReason | None:
    """None: the fact asks for no reason."""
    group = group_of(recorded.fact)
    if group is None:
        return None
    assert isinstance(recorded.fact, ReasonedFact), "every fact of a group may tell a code"
    return GivenReason(group, recorded.fact.reason_code, recorded)


def _is_within(recorded: Recorded, books: PackagesThen, period: Period) -> bool:
    moment, end = period.moment_of(recorded), books.past.effective_before
    return not period.begins_after(moment) and (end is None or moment < end)


Code: TypeAlias = tuple[ReasonGroup, str | None]
"""Group and code."""


def reasons(books: PackagesThen, period: Period, group: ReasonGroup | None = None) -> Reasons:
    """The sums of a period, made of each of its facts. Raises UnreadableFact, LedgerUnavailable."""
    rows: dict[Code, ReasonSum] = {}
    for given in given_reasons(books, period, Wanted(group)):
        row = rows.setdefault((given.group, given.code), ReasonSum(given.group, given.code, None))
        row.text = given.text
        row.facts += 1
        row.units += given.entry.units
        row.value += given.entry.value
        row.refunded += given.entry.amount or 0
    return reasons_of(books.position, rows)


def reasons_of(position: int, rows: Mapping[Code, ReasonSum]) -> Reasons:
    return Reasons(position, tuple(sorted(rows.values(), key=_place)))


def _place(row: ReasonSum) -> tuple[int, bool, str]:
    return REASON_GROUPS.index(row.group), row.code is None, row.code or ""
