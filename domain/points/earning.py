"""Points that facts earn by a business's rules, and that are taken back when those facts are undone.

`of_package` and `of_booking` find the causes in new facts; `earned` turns causes into facts of the customer's
points. A source gives points once, whatever rules come later. It never loses more than it gave; a refund in
part takes back its proportion, rounded down (domain.md, Points).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, assert_never

from domain.booking.facts import (
    AttendanceMarked,
    BookingCancelled,
    BookingCompleted,
    BookingConfirmed,
    BookingFact,
    BookingMade,
    BookingPaymentRecorded,
    BookingPaymentRefunded,
    BookingRescheduled,
    BookingSourcesChanged,
    OutcomesChanged,
)
from domain.booking.state import Booking
from domain.business.facts import EarnRule, PaymentRule
from domain.package.facts import (
    ExpiryFact,
    FreezeFact,
    HoldFact,
    LineCorrected,
    OtherFact,
    PackageCancelled,
    PackageFact,
    PackageReinstated,
    PackageVoided,
    PriceAdjusted,
    TransferFact,
    UnitsForfeited,
    UnitsRedeemed,
    UnitsRestored,
)
from domain.package.money_facts import PaymentRecorded, PaymentRefunded
from domain.package.opening_facts import PackageImported, PackagePurchased, PeriodGranted, UnitsTransferredIn
from domain.package.state import Package
from domain.points.facts import PointsAdded, PointsAdjusted, PointsFact, PointsSource
from domain.points.state import PointsAccount, entry_of, evolve

SourceKind = Literal["payment", "purchase", "visit"]


@dataclass(frozen=True, slots=True)
class Gives:
    """A source that earns points by the rule for its kind. `amount`: the payment, minor units."""

    kind: SourceKind
    id: str
    effective_at: datetime
    amount: int = 0
    turn: int = 1
    """2, 3 … for a visit that was taken back by a no-show and came about after all."""

    @property
    def entry_id(self) -> str:
        return _entry(self.id, self.turn)


@dataclass(frozen=True, slots=True)
class TakesBack:
    """A source that was undone, from `before` to `part` of `whole`."""

    kind: SourceKind
    id: str
    effective_at: datetime
    part: int = 1
    whole: int = 1
    before: int = 0
    turn: int = 1

    @property
    def entry_id(self) -> str:
        return _entry(self.id, self.turn)


Cause = Gives | TakesBack


def _entry(id: str, turn: int) -> str:
    return entry_of(id) if turn <= 1 else entry_of(id, turn)


def of_package(
    facts: Iterable[PackageFact], package_id: str, after: Package, is_ours: Callable[[str], bool]
) -> Iterator[Cause]:
    """The causes in new facts of a package; `after` is the package with all of them.

    `is_ours` tells whether a booking is in these books: its visit comes from its own attendance. A restored
    redemption is a cause once this package has none of its units in use.
    """
    for fact in facts:
        if isinstance(fact, HoldFact | ExpiryFact | FreezeFact | TransferFact | OtherFact):
            continue
        match fact:
            case PackagePurchased():
                yield Gives("purchase", package_id, fact.effective_at)
            case PaymentRecorded():
                yield Gives("payment", fact.payment_id, fact.effective_at, fact.amount)
            case UnitsRedeemed():
                outside = fact.booking_id is None or not is_ours(fact.booking_id)
                if fact.allocation == 1 and outside:
                    yield Gives("visit", fact.redemption_id, fact.effective_at)
            case PaymentRefunded():
                payment = after.payments[fact.payment_id]
                before = payment.refunded - fact.amount
                part, whole = payment.refunded, payment.amount
                yield TakesBack("payment", fact.payment_id, fact.effective_at, part, whole, before)
            case PackageCancelled() | PackageVoided():
                yield TakesBack("purchase", package_id, fact.effective_at)
            case UnitsRestored():
                yield from _given_back([fact.redemption_id], fact.effective_at, after)
            case LineCorrected():
                freed = [freed.redemption_id for freed in fact.freed]
                yield from _given_back(freed, fact.effective_at, after)
            case UnitsTransferredIn() | PackageImported() | PeriodGranted():
                pass
            case UnitsForfeited() | PriceAdjusted() | PackageReinstated():
                pass
            case _:
                assert_never(fact)


def _given_back(redemption_ids: Iterable[str], moment: datetime, after: Package) -> Iterator[TakesBack]:
    for redemption_id in dict.fromkeys(redemption_ids):
        if not after.uses[redemption_id].in_use:
            yield TakesBack("visit", redemption_id, moment)


def of_booking(
    facts: Iterable[BookingFact], booking_id: str, after: Booking, now: datetime
) -> Iterator[Cause]:
    """The causes in new facts of a booking; `after` is the booking with all of them.

    A booking marked attended or late is a visit: at its start, or now if it is marked earlier. A payment for a
    series earns once, with its first share, for the whole amount.
    """
    for fact in facts:
        match fact:
            case BookingPaymentRecorded():
                shared = fact.shared
                if shared is None or shared.before == 0:
                    whole = fact.amount if shared is None else shared.amount
                    yield Gives("payment", fact.payment_id, fact.effective_at, whole)
            case BookingPaymentRefunded():
                yield _refunded(fact, after)
            case AttendanceMarked(attendance="no_show"):
                yield TakesBack("visit", booking_id, now, turn=max(1, after.visits))
            case AttendanceMarked():
                yield Gives("visit", booking_id, min(after.starts_at, now), turn=max(1, after.visits))
            case BookingMade() | BookingConfirmed() | BookingRescheduled():
                pass
            case BookingCompleted() | BookingCancelled():
                pass
            case BookingSourcesChanged() | OutcomesChanged():
                pass
            case _:
                assert_never(fact)


def _refunded(fact: BookingPaymentRefunded, after: Booking) -> TakesBack:
    """A refund of a share undoes its place in the whole: so all refunds together take back exactly what it gave."""
    payment, shared = after.payments[fact.payment_id], after.shared.get(fact.payment_id)
    first = 0 if shared is None else shared.before
    return TakesBack(
        kind="payment",
        id=fact.payment_id if shared is None else shared.payment_id,
        effective_at=fact.effective_at,
        part=first + payment.refunded,
        whole=payment.amount if shared is None else shared.amount,
        before=first + payment.refunded - fact.amount,
    )


def earned(
    account: PointsAccount | None, caused: Iterable[Cause], rules: Sequence[EarnRule], policy_version: int
) -> list[PointsFact]:
    """The facts that causes make of an account, in order; a cause without a rule makes none.

    A full account (limits in `state.py`) earns nothing more: points never refuse a payment or a visit.
    """
    facts: list[PointsFact] = []
    for cause in caused:
        account = account or PointsAccount()
        fact = (
            _given(account, cause, rules, policy_version)
            if isinstance(cause, Gives)
            else _taken_back(account, cause)
        )
        if fact is not None:
            facts.append(fact)
            account = evolve(account, fact)
    return facts


def _given(
    account: PointsAccount, cause: Gives, rules: Sequence[EarnRule], policy_version: int
) -> PointsAdded | None:
    rule = next((rule for rule in rules if rule.on == cause.kind), None)
    entry_id = cause.entry_id
    if rule is None or entry_id in account.additions:
        return None
    points = rule.points
    if isinstance(rule, PaymentRule):
        points = rule.points * cause.amount // rule.per_amount
    if points == 0 or not account.can_be_given(points):
        return None
    return PointsAdded(
        effective_at=cause.effective_at,
        entry_id=entry_id,
        points=points,
        balance=account.balance + points,
        source=PointsSource(kind=cause.kind, id=cause.id),
        rule=rule,
        policy_version=policy_version,
        by="system",
    )


def _taken_back(account: PointsAccount, cause: TakesBack) -> PointsAdjusted | None:
    entry_id = cause.entry_id
    addition = account.additions.get(entry_id)
    if addition is None:
        return None
    undone = addition.points * cause.part // cause.whole - addition.points * cause.before // cause.whole
    points = min(undone, addition.reversible)
    if points <= 0 or not account.can_be_taken_from():
        return None
    return PointsAdjusted(
        effective_at=cause.effective_at,
        entry_id=entry_of(entry_id, addition.reversed + points),
        points=-points,
        balance=account.balance - points,
        reverses=entry_id,
        source=addition.source,
        by="system",
    )
