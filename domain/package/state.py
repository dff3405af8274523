"""A package as its facts make it: lines of units, payments, uses, holds, freezes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, assert_never

from domain.calendar_rules import Validity
from domain.catalogue.facts import Sharing
from domain.moments import local_day
from domain.package.expiry import Expiry
from domain.package.facts import (
    ExpiryChanged,
    ExpiryRemoved,
    FreedUse,
    HoldReleased,
    LineCorrected,
    LineUnits,
    LocationsChanged,
    NoteAdded,
    OpeningFact,
    PackageCancelled,
    PackageFact,
    PackageFrozen,
    PackageOpened,
    PackageReinstated,
    PackageUnfrozen,
    PackageVoided,
    PaymentRecorded,
    PaymentRefunded,
    PriceAdjusted,
    SessionMoved,
    SharingChanged,
    TransferRevoked,
    TransferUndone,
    Units,
    UnitsForfeited,
    UnitsHeld,
    UnitsRedeemed,
    UnitsRestored,
    UnitsTransferredIn,
    UnitsTransferredOut,
    ValidityReset,
    ValidityStarted,
)
from domain.package.units import AVAILABLE, CORRECTED, FORFEITED, LAPSED, TRANSFERRED, USED, Line
from domain.unit_values import unrolled
from domain.updated import updated
from domain.values import CancellationTerms, PaymentMethod


@dataclass(frozen=True)
class Allocation:
    """The units that one redemption still uses of one line; restoring and corrections shrink it."""

    number: int
    line: int
    units: Units
    forfeited: bool = False
    """Whether a booking forfeited them instead: no session took place."""


@dataclass(frozen=True)
class Use:
    """A redemption, as far as it took units of this package, or forfeited them."""

    effective_at: datetime
    session_at: datetime
    """The start of its session, or `effective_at` where none was named."""
    service_id: str
    participant_id: str
    staff_id: str | None
    location_id: str | None
    booking_id: str | None
    allocations: tuple[Allocation, ...]

    @property
    def restorable(self) -> int:
        return sum(len(allocation.units) for allocation in self.allocations)

    @property
    def in_use(self) -> int:
        """Units of a session: those that may go back, without forfeited ones."""
        return sum(len(allocation.units) for allocation in self.allocations if not allocation.forfeited)


@dataclass(frozen=True)
class Hold:
    """Units of one line reserved for a booking."""

    line: int
    quantity: int
    service_id: str
    participant_id: str
    session_at: datetime
    held_at: datetime


@dataclass(frozen=True)
class Payment:
    """A payment, and what was refunded of it; minor units."""

    amount: int
    refunded: int
    method: PaymentMethod


@dataclass(frozen=True)
class Freeze:
    """No use from `frozen_at` to the end of the day `until`, or to `ended_at` if that came first."""

    frozen_at: datetime
    frozen_on: date
    until: date
    ended_at: datetime | None = None


@dataclass(frozen=True)
class Move:
    """A change of a line's available units, in business time. A hold lowers them, its release raises them."""

    effective_at: datetime
    line: int
    change: int


Status = Literal["active", "expired", "fully_used", "cancelled"]
PaymentStatus = Literal["unpaid", "partial", "paid"]


@dataclass(frozen=True)
class Package:
    customer_id: str
    offer_id: str | None
    name: str
    currency: str
    price: int
    lines: tuple[Line, ...]
    validity: Validity
    time_zone: str
    purchased_at: datetime
    entered_on: date
    sharing: Sharing
    beneficiaries: tuple[str, ...]
    cap_per_participant: int | None
    locations: tuple[str, ...]
    cancellation: CancellationTerms
    policy_version: int | None
    """The version of the business's policies that set the cancellation terms; None: the offer set them."""
    expires_on: date | None
    expiry_set: bool = False
    """Whether the expiry was set or removed by hand, so that the rule no longer decides it."""
    started_on: date | None = None
    """The day of the first session, where the validity begins with it."""
    clock_at: datetime | None = None
    """When that last started, moved or was reset."""
    covered: int = 0
    """What no payment is asked for, in minor units: it was settled where the units came from."""
    transfer_id: str | None = None
    """The transfer that made it, if one did."""
    transfers: dict[str, tuple[str, LineUnits]] = field(default_factory=dict)
    """Transfer → the package that has the units now, and which they were here."""
    payments: dict[str, Payment] = field(default_factory=dict)
    uses: dict[str, Use] = field(default_factory=dict)
    holds: dict[str, tuple[Hold, ...]] = field(default_factory=dict)
    """Booking id → its holds."""
    freezes: tuple[Freeze, ...] = ()
    frozen: bool = False
    """Whether the last freeze has not been ended by a fact; the clock may have ended it."""
    moves: tuple[Move, ...] = ()
    cancelled: bool = False
    voided: bool = False
    """Whether the sale was undone as a mistake; then the package is cancelled too."""
    revoked: bool = False
    """Whether the transfer that made it was undone; then the package is cancelled too."""
    latest_at: datetime = datetime.min
    """The latest `effective_at` of its facts."""
    version: int = 1

    @property
    def remaining(self) -> int:
        return sum(line.remaining for line in self.lines)

    @property
    def held(self) -> int:
        return sum(line.held for line in self.lines)

    @property
    def paid(self) -> int:
        """Payments less refunds, minor units."""
        return sum(payment.amount - payment.refunded for payment in self.payments.values())

    @property
    def owing(self) -> int:
        return max(0, self.price - self.covered - self.paid)

    def held_between(self, moment: datetime, last: date) -> tuple[str, ...]:
        """The bookings that hold units for a session from a moment to the end of a day."""
        return tuple(
            booking_id
            for booking_id, holds in self.holds.items()
            if any(
                moment <= hold.session_at and local_day(hold.session_at, self.time_zone) <= last
                for hold in holds
            )
        )

    @property
    def expiry(self) -> Expiry:
        if not self.frozen:
            return Expiry(self.expires_on, self.time_zone)
        last = self.freezes[-1]
        return Expiry(self.expires_on, self.time_zone, last.frozen_on, last.until)

    def units_in(self, state: bytes) -> tuple[LineUnits, ...]:
        """All units in that state, line by line."""
        found = ((n, line, tuple(line.units(state))) for n, line in enumerate(self.lines, 1))
        return tuple(
            LineUnits(line=n, units=units, value=line.value_of(units)) for n, line, units in found if units
        )

    def status(self, moment: datetime) -> Status:
        return status(self.cancelled, self.remaining, self.expiry.has_passed(moment))


def status(cancelled: bool, remaining: int, expired: bool) -> Status:
    """cancelled > fully used > expired > active (domain.md, Status). `remaining` includes held units."""
    if cancelled:
        return "cancelled"
    if remaining == 0:
        return "fully_used"
    return "expired" if expired else "active"


def payment_status(price: int, paid: int) -> PaymentStatus:
    """paid (≥ price; a free package is paid), partial, unpaid. `paid` is payments less refunds."""
    if paid >= price:
        return "paid"
    return "partial" if paid > 0 else "unpaid"


def evolve(state: Package | None, fact: PackageFact) -> Package:
    """The package after one more fact."""
    if isinstance(fact, PackageOpened):
        return _opened(fact)
    assert state is not None, "a package begins with its opening fact"
    latest = max(state.latest_at, fact.effective_at)
    return updated(_changed(state, fact), version=state.version + 1, latest_at=latest)


def _opened(fact: OpeningFact) -> Package:
    lines = tuple(
        Line(line.label, line.services, line.weight, unrolled(line.values), AVAILABLE * line.quantity)
        for line in fact.lines
    )
    return Package(
        customer_id=fact.customer_id,
        offer_id=fact.offer_id,
        name=fact.name,
        currency=fact.currency,
        price=fact.price,
        lines=lines,
        validity=fact.validity,
        time_zone=fact.time_zone,
        purchased_at=fact.effective_at,
        entered_on=fact.entered_on,
        sharing=fact.sharing,
        beneficiaries=fact.beneficiaries,
        cap_per_participant=fact.cap_per_participant,
        locations=fact.locations,
        cancellation=fact.cancellation,
        policy_version=fact.policy_version,
        expires_on=fact.expires_on,
        covered=fact.price if isinstance(fact, UnitsTransferredIn) else 0,
        transfer_id=fact.transfer_id if isinstance(fact, UnitsTransferredIn) else None,
        latest_at=fact.effective_at,
    )


def _changed(state: Package, fact: PackageFact) -> Package:
    match fact:
        case PaymentRecorded():
            payment = Payment(fact.amount, 0, fact.method)
            return updated(state, payments={**state.payments, fact.payment_id: payment})
        case PaymentRefunded():
            payment = state.payments[fact.payment_id]
            payment = updated(payment, refunded=payment.refunded + fact.amount)
            return updated(state, payments={**state.payments, fact.payment_id: payment})
        case PriceAdjusted():
            lines = zip(state.lines, fact.values, strict=True)
            revalued = tuple(updated(line, values=unrolled(values)) for line, values in lines)
            return updated(state, price=fact.price, lines=revalued)
        case ValidityStarted():
            started = {"started_on": fact.started_on, "clock_at": fact.effective_at}
            return updated(state, expires_on=fact.expires_on, **started)
        case ValidityReset():
            return updated(state, started_on=None, clock_at=fact.effective_at, expires_on=fact.expires_on)
        case UnitsRedeemed():
            return _redeemed(state, fact)
        case UnitsRestored():
            return _restored(state, fact)
        case UnitsHeld():
            return _held(state, fact)
        case HoldReleased():
            return _released(state, fact)
        case UnitsForfeited():
            return _forfeited(state, fact)
        case LineCorrected():
            return _corrected(state, fact)
        case ExpiryChanged():
            return updated(state, expires_on=fact.expires_on, expiry_set=True)
        case ExpiryRemoved():
            return updated(state, expires_on=None, expiry_set=True)
        case PackageReinstated():
            back = _each(state, fact.returned, LAPSED, AVAILABLE, fact.effective_at)
            return updated(back, cancelled=False, voided=False, expires_on=fact.expires_on, expiry_set=True)
        case PackageFrozen():
            freeze = Freeze(fact.effective_at, fact.frozen_on, fact.until)
            return updated(state, freezes=(*state.freezes, freeze), frozen=True)
        case PackageUnfrozen():
            ended = updated(state.freezes[-1], ended_at=fact.effective_at)
            return updated(
                state, freezes=(*state.freezes[:-1], ended), frozen=False, expires_on=fact.expires_on
            )
        case SharingChanged():
            return updated(state, sharing=fact.sharing, beneficiaries=fact.beneficiaries)
        case SessionMoved():
            use = updated(state.uses[fact.redemption_id], session_at=fact.session_at)
            return updated(state, uses={**state.uses, fact.redemption_id: use})
        case LocationsChanged():
            return updated(state, locations=fact.locations)
        case NoteAdded():
            return state
        case PackageCancelled() | PackageVoided():
            lapsed = _each(state, fact.lapsed, AVAILABLE, LAPSED, fact.effective_at)
            return updated(lapsed, cancelled=True, voided=isinstance(fact, PackageVoided))
        case UnitsTransferredOut():
            moved = _each(state, [_part(fact)], AVAILABLE, TRANSFERRED, fact.effective_at)
            out = {**state.transfers, fact.transfer_id: (fact.to_package_id, _part(fact))}
            return updated(moved, transfers=out)
        case TransferUndone():
            moved = _each(state, [_part(fact)], TRANSFERRED, AVAILABLE, fact.effective_at)
            others = {id: made for id, made in state.transfers.items() if id != fact.transfer_id}
            return updated(moved, transfers=others)
        case TransferRevoked():
            moved = _each(state, fact.returned, AVAILABLE, TRANSFERRED, fact.effective_at)
            return updated(moved, cancelled=True, revoked=True)
        case PackageOpened():
            raise AssertionError("a package is opened once")
        case _:
            assert_never(fact)


def _part(fact: UnitsTransferredOut | TransferUndone) -> LineUnits:
    return LineUnits(line=fact.line, units=fact.units, value=fact.value)


def _with_line(state: Package, number: int, line: Line, at: datetime, change: int) -> Package:
    lines = (*state.lines[: number - 1], line, *state.lines[number:])
    moves = (*state.moves, Move(at, number, change)) if change else state.moves
    return updated(state, lines=lines, moves=moves)


def _each(state: Package, parts: Sequence[LineUnits], before: bytes, after: bytes, at: datetime) -> Package:
    for part in parts:
        line = state.lines[part.line - 1].moved(part.units, before, after)
        change = len(part.units) if after == AVAILABLE else -len(part.units)
        state = _with_line(state, part.line, line, at, change)
    return state


def _redeemed(state: Package, fact: UnitsRedeemed) -> Package:
    line = state.lines[fact.line - 1].moved(fact.units, AVAILABLE, USED)
    use = Use(
        fact.effective_at,
        fact.session_at or fact.effective_at,
        fact.service_id,
        fact.participant_id,
        fact.staff_id,
        fact.location_id,
        fact.booking_id,
        (*_others(state, fact), Allocation(fact.allocation, fact.line, fact.units)),
    )
    state = _with_line(state, fact.line, line, fact.effective_at, -len(fact.units))
    return updated(state, uses={**state.uses, fact.redemption_id: use})


def _others(state: Package, fact: UnitsRedeemed | UnitsForfeited) -> tuple[Allocation, ...]:
    """The other allocations of the same redemption."""
    use = state.uses.get(fact.redemption_id)
    return () if use is None else tuple(a for a in use.allocations if a.number != fact.allocation)


def _restored(state: Package, fact: UnitsRestored) -> Package:
    before, after = FORFEITED if fact.forfeiture else USED, LAPSED if fact.lapsed else AVAILABLE
    line = state.lines[fact.line - 1].moved(fact.units, before, after)
    state = _with_line(state, fact.line, line, fact.effective_at, 0 if fact.lapsed else len(fact.units))
    return _shrunk(
        state, FreedUse(redemption_id=fact.redemption_id, allocation=fact.allocation, units=fact.units)
    )


def _held(state: Package, fact: UnitsHeld) -> Package:
    line = updated(state.lines[fact.line - 1], held=fact.held)
    hold = Hold(
        fact.line, fact.quantity, fact.service_id, fact.participant_id, fact.session_at, fact.effective_at
    )
    holds = {**state.holds, fact.booking_id: (*state.holds.get(fact.booking_id, ()), hold)}
    return updated(_with_line(state, fact.line, line, fact.effective_at, -fact.quantity), holds=holds)


def _released(state: Package, fact: HoldReleased) -> Package:
    line = updated(state.lines[fact.line - 1], held=fact.held)
    left = tuple(hold for hold in state.holds[fact.booking_id] if hold.line != fact.line)
    others = {id: holds for id, holds in state.holds.items() if id != fact.booking_id}
    holds = {**others, fact.booking_id: left} if left else others
    return updated(_with_line(state, fact.line, line, fact.effective_at, fact.quantity), holds=holds)


def _forfeited(state: Package, fact: UnitsForfeited) -> Package:
    line = state.lines[fact.line - 1].moved(fact.units, AVAILABLE, FORFEITED)
    state = _with_line(state, fact.line, line, fact.effective_at, -len(fact.units))
    use = state.uses.get(fact.redemption_id) or Use(
        effective_at=fact.effective_at,
        session_at=fact.session_at,
        service_id=fact.service_id,
        participant_id=fact.participant_id,
        staff_id=None,
        location_id=None,
        booking_id=fact.booking_id,
        allocations=(),
    )
    forfeited = Allocation(fact.allocation, fact.line, fact.units, forfeited=True)
    use = updated(use, allocations=(*_others(state, fact), forfeited))
    return updated(state, uses={**state.uses, fact.redemption_id: use})


def _shrunk(state: Package, freed: FreedUse) -> Package:
    """The package after these units went back: their redemption can no longer restore them."""
    use = state.uses[freed.redemption_id]
    allocations = tuple(
        updated(a, units=tuple(unit for unit in a.units if unit not in freed.units))
        if a.number == freed.allocation
        else a
        for a in use.allocations
    )
    return updated(state, uses={**state.uses, freed.redemption_id: updated(use, allocations=allocations)})


def _corrected(state: Package, fact: LineCorrected) -> Package:
    line = state.lines[fact.line - 1].moved(fact.taken, AVAILABLE, CORRECTED)
    line = line.moved(fact.returned, CORRECTED, AVAILABLE)
    for freed in fact.freed:
        line = line.moved(freed.units, FORFEITED if freed.forfeiture else USED, AVAILABLE)
    line = updated(
        line,
        taken=tuple(unit for unit in (*line.taken, *fact.taken) if unit not in fact.returned),
        values=line.values + (0,) * len(fact.added),
        states=line.states + AVAILABLE * len(fact.added),
    )
    state = _with_line(state, fact.line, line, fact.effective_at, fact.change)
    for freed in fact.freed:
        state = _shrunk(state, freed)
    return state
