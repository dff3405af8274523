"""By how many units a fact changes what is left of a package: `evolve` in one number.

Verification adds these up. A package whose sum is 0 is spent, whatever happened to it.
"""

from typing import assert_never

from domain.package.facts import (
    ExpiryChanged,
    ExpiryRemoved,
    HoldReleased,
    LineCorrected,
    LocationsChanged,
    NoteAdded,
    PackageCancelled,
    PackageExpired,
    PackageFact,
    PackageFrozen,
    PackageReinstated,
    PackageUnfrozen,
    PackageVoided,
    PriceAdjusted,
    ReminderDue,
    ReminderSent,
    SessionMoved,
    SharingChanged,
    TransferRevoked,
    TransferUndone,
    UnitsForfeited,
    UnitsHeld,
    UnitsRedeemed,
    UnitsRestored,
    UnitsTransferredOut,
    ValidityReset,
    ValidityStarted,
)
from domain.package.money_facts import PaymentRecorded, PaymentRefunded
from domain.package.opening_facts import PackageImported, PackagePurchased, PeriodGranted, UnitsTransferredIn


def unit_change(fact: PackageFact, granted: int = 0) -> int:
    """The units that a fact makes available, or the negative number of those that it takes.

    A hold changes nothing: held units are left. `granted`: the units of a first fact, over all lines.
    """
    match fact:  # the commonest first: each case that does not match costs
        case UnitsRedeemed() | UnitsForfeited() | UnitsTransferredOut():
            return -len(fact.units)
        case PaymentRecorded() | PaymentRefunded() | PriceAdjusted() | ValidityStarted() | ValidityReset():
            return 0
        case PackageImported():
            return granted - sum(fact.used_before)
        case PackagePurchased() | UnitsTransferredIn() | PeriodGranted():
            return granted
        case UnitsHeld() | HoldReleased() | ReminderDue() | ReminderSent() | PackageExpired():
            return 0
        case UnitsRestored():
            return 0 if fact.lapsed else len(fact.units)
        case LineCorrected():
            return _corrected(fact)
        case TransferUndone():
            return len(fact.units)
        case PackageReinstated():
            return sum(len(part.units) for part in fact.returned)
        case PackageCancelled() | PackageVoided():
            return -sum(len(part.units) for part in fact.lapsed)
        case TransferRevoked():
            return -sum(len(part.units) for part in fact.returned)
        case (
            ExpiryChanged()
            | ExpiryRemoved()
            | PackageFrozen()
            | PackageUnfrozen()
            | SharingChanged()
            | SessionMoved()
            | LocationsChanged()
            | NoteAdded()
        ):
            return 0
        case _:
            assert_never(fact)


def _corrected(fact: LineCorrected) -> int:
    freed = sum(len(use.units) for use in fact.freed)
    return len(fact.returned) + len(fact.used_before) + len(fact.added) + freed - len(fact.taken)
