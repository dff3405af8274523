"""A package: one purchase of prepaid units, with its own price, expiry, payments and history.

Read from the top: the facts that make a package, the state they fold into, the commands that may
change it, and the decisions. Choosing units over several packages is in `redeeming.py`, what a sale
fixes is in `selling.py`, calendar arithmetic in `expiry.py`, unit values in `spreading.py`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Annotated, ClassVar, Literal, assert_never

from pydantic import Field

from domain.calendar_rules import Validity, expires_at, extended
from domain.catalogue import Lines, Sharing
from domain.fact import Fact
from domain.unit_values import Run, unrolled
from domain.updated import changed
from domain.values import (
    UNITS_PER_LINE_MAX,
    Amount,
    BasisPoints,
    BookingId,
    CancellationTerms,
    Currency,
    CustomerId,
    Day,
    DayOrMoment,
    ExternalRef,
    LineNumber,
    LocationId,
    Moment,
    Money,
    Name,
    OfferId,
    PackageId,
    ParticipantId,
    PaymentId,
    PaymentMethod,
    PositiveAmount,
    Quantity,
    RedemptionId,
    ServiceId,
    StaffId,
    TextRef,
    UnitNumber,
    Value,
    Wording,
    local_day,
)

Units = tuple[UnitNumber, ...]

# --- Facts -------------------------------------------------------------------------------------
# Each carries what was decided: the units it moves, their value in minor units, and the balance
# of its line afterwards, so that a replay never recomputes a rule that has since changed.


class SoldService(Value):
    """A service as it was when it was sold."""

    id: ServiceId
    name: Name
    service_type: Name
    tax_rate: BasisPoints | None = None


class SoldLine(Value):
    """A line as it was sold: what its units are good for, and their values as runs."""

    label: Name
    services: tuple[SoldService, ...]
    quantity: Quantity
    values: tuple[Run, ...]
    weight: Amount
    """What one unit weighs when a price is spread."""


class LineUnits(Value):
    """Some units of one line, and what they are worth together."""

    line: LineNumber
    units: Units
    value: Amount


class PackageFact(Fact):
    effective_at: Moment


class PackagePurchased(PackageFact):
    stored_name: ClassVar = "package.purchased"
    customer_id: CustomerId
    purchased_by: CustomerId | None = None
    offer_id: OfferId | None = None
    offer_version: int | None = None
    name: Name
    purchase_number: int
    currency: Currency
    price: Amount
    list_price: Amount
    lines: tuple[SoldLine, ...]
    validity: Validity
    expires_on: Day | None = None
    time_zone: str
    entered_on: Day
    """The local day on which the sale was recorded, whatever day it counts from."""
    sharing: Sharing
    beneficiaries: tuple[ParticipantId, ...]
    cap_per_participant: Quantity | None = None
    cancellation: CancellationTerms
    policy_version: int | None = None
    """Of the business, where the cancellation terms are its own; None: they are the offer's."""
    locations: tuple[LocationId, ...] = ()
    location_id: LocationId | None = None
    paid_with: PaymentMethod | None = None
    """How it was paid, when it was paid at sale."""
    staff_id: StaffId | None = None
    external_ref: ExternalRef | None = None


class PaymentRecorded(PackageFact):
    stored_name: ClassVar = "package.payment_recorded"
    payment_id: PaymentId
    amount: PositiveAmount
    method: PaymentMethod
    paid: Amount
    """All payments less refunds, with this one."""
    staff_id: StaffId | None = None
    external_ref: ExternalRef | None = None


class PaymentRefunded(PackageFact):
    stored_name: ClassVar = "package.payment_refunded"
    payment_id: PaymentId
    amount: PositiveAmount
    method: PaymentMethod
    paid: Amount
    reason: TextRef | None = None
    staff_id: StaffId | None = None


class PriceAdjusted(PackageFact):
    stored_name: ClassVar = "package.price_adjusted"
    price: Amount
    previous: Amount
    values: tuple[tuple[Run, ...], ...]
    """The values of all units, line by line."""
    unused_value: Amount
    reason: TextRef
    staff_id: StaffId | None = None


class ValidityStarted(PackageFact):
    stored_name: ClassVar = "package.validity_started"
    started_on: Day
    expires_on: Day | None = None


class UnitsRedeemed(PackageFact):
    stored_name: ClassVar = "package.redeemed"
    redemption_id: RedemptionId
    allocation: int
    """1, 2, 3 … in the order in which the redemption took its units, over all packages."""
    quantity: Quantity
    """Units of the whole redemption, over all its allocations."""
    line: LineNumber
    units: Units
    value: Amount
    remaining: int
    service_id: ServiceId
    participant_id: ParticipantId
    staff_id: StaffId | None = None
    location_id: LocationId | None = None
    booking_id: BookingId | None = None
    session_at: Moment | None = None


class UnitsRestored(PackageFact):
    stored_name: ClassVar = "package.restored"
    redemption_id: RedemptionId
    allocation: int
    line: LineNumber
    units: Units
    value: Amount
    remaining: int
    usable: int
    """How many of them can be used: 0 when the package has expired or is cancelled."""
    lapsed: bool = False
    """Whether they lapsed at once, because the package is cancelled."""
    reason: TextRef | None = None
    staff_id: StaffId | None = None


class UnitsHeld(PackageFact):
    """Units reserved for a booking: a number on a line, not particular units."""

    stored_name: ClassVar = "package.held"
    booking_id: BookingId
    line: LineNumber
    quantity: Quantity
    held: int
    """Units of the line that are held now, for all bookings."""
    remaining: int
    service_id: ServiceId
    participant_id: ParticipantId
    session_at: Moment
    staff_id: StaffId | None = None


ReleasedFor = Literal["attended", "no_show", "cancelled", "rescheduled", "package_cancelled"]


class HoldReleased(PackageFact):
    stored_name: ClassVar = "package.hold_released"
    booking_id: BookingId
    line: LineNumber
    quantity: Quantity
    held: int
    remaining: int
    why: ReleasedFor
    staff_id: StaffId | None = None


class UnitsForfeited(PackageFact):
    """Units consumed without a session: a late cancellation or a no-show, by the terms in force when booked."""

    stored_name: ClassVar = "package.forfeited"
    booking_id: BookingId
    line: LineNumber
    units: Units
    value: Amount
    remaining: int
    service_id: ServiceId
    participant_id: ParticipantId
    session_at: Moment
    redemption_id: RedemptionId | None = None
    """The redemption that had used them, where they were not only held."""
    terms: CancellationTerms
    staff_id: StaffId | None = None


class FreedUse(Value):
    """Units that a correction gave back although a redemption used them."""

    redemption_id: RedemptionId
    allocation: int
    units: Units


class LineCorrected(PackageFact):
    stored_name: ClassVar = "package.corrected"
    line: LineNumber
    change: Annotated[int, Field(ge=-UNITS_PER_LINE_MAX, le=UNITS_PER_LINE_MAX)]
    remaining: int
    value: Amount
    """What the moved units are worth together."""
    taken: Units = ()
    """Units that a negative correction took."""
    returned: Units = ()
    """Units that earlier corrections had taken."""
    freed: tuple[FreedUse, ...] = ()
    added: Units = ()
    """New units, of value 0."""
    reason: TextRef | None = None
    staff_id: StaffId | None = None


class ExpiryChanged(PackageFact):
    stored_name: ClassVar = "package.expiry_changed"
    expires_on: Day
    previous: Day | None = None
    reason: TextRef | None = None
    staff_id: StaffId | None = None


class ExpiryRemoved(PackageFact):
    stored_name: ClassVar = "package.expiry_removed"
    previous: Day
    reason: TextRef | None = None
    staff_id: StaffId | None = None


class PackageReinstated(PackageFact):
    stored_name: ClassVar = "package.reinstated"
    expires_on: Day
    previous: Day | None = None
    returned: tuple[LineUnits, ...] = ()
    """Units that lapsed when the package was cancelled."""
    reason: TextRef
    staff_id: StaffId | None = None


class PackageFroze(PackageFact):
    stored_name: ClassVar = "package.frozen"
    frozen_on: Day
    until: Day
    reason: TextRef
    staff_id: StaffId | None = None


class PackageUnfroze(PackageFact):
    stored_name: ClassVar = "package.unfrozen"
    days: int
    expires_on: Day | None = None
    staff_id: StaffId | None = None


class SharingChanged(PackageFact):
    stored_name: ClassVar = "package.sharing_changed"
    sharing: Sharing
    beneficiaries: tuple[ParticipantId, ...]
    staff_id: StaffId | None = None


class NoteAdded(PackageFact):
    stored_name: ClassVar = "package.note_added"
    note: TextRef
    staff_id: StaffId | None = None


class PackageWasCancelled(PackageFact):
    stored_name: ClassVar = "package.cancelled"
    lapsed: tuple[LineUnits, ...]
    reason: TextRef
    staff_id: StaffId | None = None


class PackageVoided(PackageFact):
    stored_name: ClassVar = "package.voided"
    lapsed: tuple[LineUnits, ...]
    reason: TextRef
    staff_id: StaffId | None = None


AnyPackageFact = (
    PackagePurchased
    | PaymentRecorded
    | PaymentRefunded
    | PriceAdjusted
    | ValidityStarted
    | UnitsRedeemed
    | UnitsRestored
    | UnitsHeld
    | HoldReleased
    | UnitsForfeited
    | LineCorrected
    | ExpiryChanged
    | ExpiryRemoved
    | PackageReinstated
    | PackageFroze
    | PackageUnfroze
    | SharingChanged
    | NoteAdded
    | PackageWasCancelled
    | PackageVoided
)
FACTS: tuple[type[Fact], ...] = (
    PackagePurchased,
    PaymentRecorded,
    PaymentRefunded,
    PriceAdjusted,
    ValidityStarted,
    UnitsRedeemed,
    UnitsRestored,
    UnitsHeld,
    HoldReleased,
    UnitsForfeited,
    LineCorrected,
    ExpiryChanged,
    ExpiryRemoved,
    PackageReinstated,
    PackageFroze,
    PackageUnfroze,
    SharingChanged,
    NoteAdded,
    PackageWasCancelled,
    PackageVoided,
)

# --- State -------------------------------------------------------------------------------------

AVAILABLE, USED, FORFEITED, CORRECTED, LAPSED = b"a", b"u", b"f", b"c", b"l"
"""The state of a unit, one byte each: available, used, forfeited, taken by a correction, lapsed. Units that
are held for bookings are among the available ones: which of them is not said before they are used."""


@dataclass(frozen=True)
class Line:
    """Units of one kind. Unit n has value `values[n - 1]` and state `states[n - 1]`."""

    label: str
    services: tuple[SoldService, ...]
    weight: int
    values: tuple[int, ...]
    states: bytes
    taken: Units = ()
    """Units that corrections took, oldest first."""
    held: int = 0
    """How many of the remaining units are reserved for bookings."""

    @cached_property
    def service_ids(self) -> frozenset[str]:
        return frozenset(service.id for service in self.services)

    @property
    def remaining(self) -> int:
        return self.states.count(AVAILABLE)

    @property
    def available(self) -> int:
        """What may be used, corrected or transferred: the remaining units that no booking holds."""
        return self.remaining - self.held

    def serves(self, service_id: str) -> bool:
        return service_id in self.service_ids

    def units(self, state: bytes) -> Iterator[int]:
        """Numbers of the units in that state, lowest first."""
        at = self.states.find(state)
        while at >= 0:
            yield at + 1
            at = self.states.find(state, at + 1)

    def lowest(self, quantity: int) -> Units:
        """The lowest available numbers: what use, correction and transfer take."""
        return tuple(unit for unit, _ in zip(self.units(AVAILABLE), range(quantity), strict=False))

    def value_of(self, units: Iterable[int]) -> int:
        return sum(self.values[unit - 1] for unit in units)

    def moved(self, units: Iterable[int], before: bytes, after: bytes) -> "Line":
        """The line with these units in another state; a unit is in exactly one state (invariant 1)."""
        states = bytearray(self.states)
        for unit in units:
            assert states[unit - 1 : unit] == before, f"unit {unit} is not {before!r}"
            states[unit - 1 : unit] = after
        return changed(self, states=bytes(states))


@dataclass(frozen=True)
class Allocation:
    """What one redemption still uses of one line; restoring and corrections shrink it."""

    number: int
    line: int
    units: Units


@dataclass(frozen=True)
class Use:
    """A redemption, as far as it took units of this package."""

    effective_at: datetime
    participant_id: str
    staff_id: str | None
    booking_id: str | None
    allocations: tuple[Allocation, ...]

    @property
    def restorable(self) -> int:
        return sum(len(allocation.units) for allocation in self.allocations)


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
    """A change of a line's available units, in business time. A hold takes them and its release gives back."""

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
    """Of the business, where the cancellation terms are its own."""
    expires_on: date | None
    expiry_set: bool = False
    """Whether somebody set or removed the expiry by hand, so that the rule no longer decides it."""
    started_on: date | None = None
    payments: dict[str, Payment] = field(default_factory=dict)
    uses: dict[str, Use] = field(default_factory=dict)
    holds: dict[str, tuple[Hold, ...]] = field(default_factory=dict)
    """Booking → what it holds."""
    forfeits: dict[str, int] = field(default_factory=dict)
    """Participant → units forfeited in their name."""
    freezes: tuple[Freeze, ...] = ()
    frozen: bool = False
    """Whether the last freeze has not been ended by a fact; the clock may have ended it."""
    moves: tuple[Move, ...] = ()
    cancelled: bool = False
    voided: bool = False
    """Whether the sale was undone as a mistake; then the package is cancelled too."""
    latest_at: datetime = datetime.min
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
        return max(0, self.price - self.paid)

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

    def freeze_on(self, day: date) -> Freeze | None:
        """The freeze that is in force on a day; it ends by the clock with its last day."""
        last = self.freezes[-1] if self.frozen else None
        return last if last is not None and last.frozen_on <= day <= last.until else None

    def expiry_on(self, day: date) -> date | None:
        """The last valid day, as it stands on a day: a freeze that the clock ended has moved it."""
        if self.expires_on is None or not self.frozen or day <= self.freezes[-1].until:
            return self.expires_on
        return extended(self.expires_on, self.freezes[-1].frozen_on, self.freezes[-1].until)

    def expired_at(self, moment: datetime) -> bool:
        """Whether that moment lies behind the expiry as it stands then; nothing expires while frozen."""
        day = local_day(moment, self.time_zone)
        last = self.expiry_on(day)
        return last is not None and not self.freeze_on(day) and moment >= expires_at(last, self.time_zone)

    def units_in(self, state: bytes) -> tuple[LineUnits, ...]:
        """All units in that state, line by line."""
        found = ((n, line, tuple(line.units(state))) for n, line in enumerate(self.lines, 1))
        return tuple(
            LineUnits(line=n, units=units, value=line.value_of(units)) for n, line, units in found if units
        )

    def status(self, moment: datetime) -> Status:
        return status(self.cancelled, self.remaining, self.expired_at(moment))


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


def evolve(state: Package | None, fact: AnyPackageFact) -> Package:
    """The package after one more fact."""
    if isinstance(fact, PackagePurchased):
        return _purchased(fact)
    assert state is not None, "a package begins with package.purchased"
    latest = max(state.latest_at, fact.effective_at)
    return changed(_changed(state, fact), version=state.version + 1, latest_at=latest)


def _purchased(fact: PackagePurchased) -> Package:
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
        latest_at=fact.effective_at,
    )


def _changed(state: Package, fact: AnyPackageFact) -> Package:
    match fact:
        case PaymentRecorded():
            payment = Payment(fact.amount, 0, fact.method)
            return changed(state, payments={**state.payments, fact.payment_id: payment})
        case PaymentRefunded():
            payment = state.payments[fact.payment_id]
            payment = changed(payment, refunded=payment.refunded + fact.amount)
            return changed(state, payments={**state.payments, fact.payment_id: payment})
        case PriceAdjusted():
            lines = zip(state.lines, fact.values, strict=True)
            revalued = tuple(changed(line, values=unrolled(values)) for line, values in lines)
            return changed(state, price=fact.price, lines=revalued)
        case ValidityStarted():
            return changed(state, started_on=fact.started_on, expires_on=fact.expires_on)
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
            return changed(state, expires_on=fact.expires_on, expiry_set=True)
        case ExpiryRemoved():
            return changed(state, expires_on=None, expiry_set=True)
        case PackageReinstated():
            back = _each(state, fact.returned, LAPSED, AVAILABLE, fact.effective_at)
            return changed(back, cancelled=False, voided=False, expires_on=fact.expires_on, expiry_set=True)
        case PackageFroze():
            freeze = Freeze(fact.effective_at, fact.frozen_on, fact.until)
            return changed(state, freezes=(*state.freezes, freeze), frozen=True)
        case PackageUnfroze():
            ended = changed(state.freezes[-1], ended_at=fact.effective_at)
            return changed(
                state, freezes=(*state.freezes[:-1], ended), frozen=False, expires_on=fact.expires_on
            )
        case SharingChanged():
            return changed(state, sharing=fact.sharing, beneficiaries=fact.beneficiaries)
        case NoteAdded():
            return state
        case PackageWasCancelled() | PackageVoided():
            lapsed = _each(state, fact.lapsed, AVAILABLE, LAPSED, fact.effective_at)
            return changed(lapsed, cancelled=True, voided=isinstance(fact, PackageVoided))
        case PackagePurchased():
            raise AssertionError("a package is purchased once")
        case _:
            assert_never(fact)


def _with_line(state: Package, number: int, line: Line, at: datetime, change: int) -> Package:
    lines = (*state.lines[: number - 1], line, *state.lines[number:])
    moves = (*state.moves, Move(at, number, change)) if change else state.moves
    return changed(state, lines=lines, moves=moves)


def _each(state: Package, parts: Sequence[LineUnits], before: bytes, after: bytes, at: datetime) -> Package:
    for part in parts:
        line = state.lines[part.line - 1].moved(part.units, before, after)
        change = len(part.units) if after == AVAILABLE else -len(part.units)
        state = _with_line(state, part.line, line, at, change)
    return state


def _redeemed(state: Package, fact: UnitsRedeemed) -> Package:
    line = state.lines[fact.line - 1].moved(fact.units, AVAILABLE, USED)
    earlier = state.uses.get(fact.redemption_id)
    allocations = earlier.allocations if earlier else ()
    allocation = Allocation(fact.allocation, fact.line, fact.units)
    use = Use(
        fact.effective_at,
        fact.participant_id,
        fact.staff_id,
        fact.booking_id,
        (*allocations, allocation),
    )
    state = _with_line(state, fact.line, line, fact.effective_at, -len(fact.units))
    return changed(state, uses={**state.uses, fact.redemption_id: use})


def _restored(state: Package, fact: UnitsRestored) -> Package:
    after = LAPSED if fact.lapsed else AVAILABLE
    line = state.lines[fact.line - 1].moved(fact.units, USED, after)
    state = _with_line(state, fact.line, line, fact.effective_at, 0 if fact.lapsed else len(fact.units))
    return _shrunk(
        state, FreedUse(redemption_id=fact.redemption_id, allocation=fact.allocation, units=fact.units)
    )


def _held(state: Package, fact: UnitsHeld) -> Package:
    line = changed(state.lines[fact.line - 1], held=fact.held)
    hold = Hold(
        fact.line, fact.quantity, fact.service_id, fact.participant_id, fact.session_at, fact.effective_at
    )
    holds = {**state.holds, fact.booking_id: (*state.holds.get(fact.booking_id, ()), hold)}
    return changed(_with_line(state, fact.line, line, fact.effective_at, -fact.quantity), holds=holds)


def _released(state: Package, fact: HoldReleased) -> Package:
    line = changed(state.lines[fact.line - 1], held=fact.held)
    left = tuple(hold for hold in state.holds[fact.booking_id] if hold.line != fact.line)
    others = {id: holds for id, holds in state.holds.items() if id != fact.booking_id}
    holds = {**others, fact.booking_id: left} if left else others
    return changed(_with_line(state, fact.line, line, fact.effective_at, fact.quantity), holds=holds)


def _forfeited(state: Package, fact: UnitsForfeited) -> Package:
    line = state.lines[fact.line - 1].moved(fact.units, AVAILABLE, FORFEITED)
    state = _with_line(state, fact.line, line, fact.effective_at, -len(fact.units))
    before = state.forfeits.get(fact.participant_id, 0)
    return changed(state, forfeits={**state.forfeits, fact.participant_id: before + len(fact.units)})


def _shrunk(state: Package, freed: FreedUse) -> Package:
    """The package with a redemption that has so many units less to restore."""
    use = state.uses[freed.redemption_id]
    allocations = tuple(
        changed(a, units=tuple(unit for unit in a.units if unit not in freed.units))
        if a.number == freed.allocation
        else a
        for a in use.allocations
    )
    return changed(state, uses={**state.uses, freed.redemption_id: changed(use, allocations=allocations)})


def _corrected(state: Package, fact: LineCorrected) -> Package:
    line = state.lines[fact.line - 1].moved(fact.taken, AVAILABLE, CORRECTED)
    line = line.moved(fact.returned, CORRECTED, AVAILABLE)
    line = line.moved((unit for freed in fact.freed for unit in freed.units), USED, AVAILABLE)
    line = changed(
        line,
        taken=tuple(unit for unit in (*line.taken, *fact.taken) if unit not in fact.returned),
        values=line.values + (0,) * len(fact.added),
        states=line.states + AVAILABLE * len(fact.added),
    )
    state = _with_line(state, fact.line, line, fact.effective_at, fact.change)
    for freed in fact.freed:
        state = _shrunk(state, freed)
    return state


# --- Commands ----------------------------------------------------------------------------------


class NewPayment(Value):
    payment_id: PaymentId
    amount: Money
    method: PaymentMethod
    external_ref: ExternalRef | None = None


class SellPackage(Value):
    """From an offer, or a custom one with its own name, lines and price. Decided in `selling.py`."""

    package_id: PackageId
    customer_id: CustomerId
    offer_id: OfferId | None = None
    name: Name | None = None
    lines: Lines | None = None
    price: Money | None = None
    expires_on: Day | Literal["by rule"] | None = "by rule"
    """None: it never expires, whatever the offer's rule."""
    effective_at: DayOrMoment | None = None
    payment: NewPayment | None = None
    beneficiaries: tuple[ParticipantId, ...] = ()
    purchased_by: CustomerId | None = None
    location_id: LocationId | None = None
    note: Wording | None = None
    external_ref: ExternalRef | None = None


class Redemption(Value):
    """What is used, by whom and where; which units pay for it is decided in `redeeming.py`."""

    redemption_id: RedemptionId
    service_id: ServiceId
    quantity: Quantity = 1
    participant_id: ParticipantId | None = None
    booking_id: BookingId | None = None
    session_at: Moment | None = None
    staff_id: StaffId | None = None
    location_id: LocationId | None = None
    effective_at: DayOrMoment | None = None
    line: LineNumber | None = None


class RedeemUnits(Redemption):
    package_id: PackageId


class RedeemFromCustomer(Redemption):
    customer_id: CustomerId


class RestoreUnits(Value):
    redemption_id: RedemptionId
    quantity: Quantity | None = None
    """None: all that is left of it."""
    package_id: PackageId | None = None
    reason: Wording | None = None


class CorrectLine(Value):
    package_id: PackageId
    line: LineNumber
    change: Annotated[int, Field(ge=-UNITS_PER_LINE_MAX, le=UNITS_PER_LINE_MAX)]
    reason: Wording | None = None


class SetExpiry(Value):
    """None removes the expiry: the package never ends."""

    package_id: PackageId
    expires_on: Day | None
    reason: Wording | None = None


class ReinstatePackage(Value):
    package_id: PackageId
    expires_on: Day
    reason: Wording


class FreezePackage(Value):
    package_id: PackageId
    until: Day
    reason: Wording


class UnfreezePackage(Value):
    package_id: PackageId


class RecordPayment(Value):
    package_id: PackageId
    payment: NewPayment
    effective_at: DayOrMoment | None = None


class RefundPayment(Value):
    payment_id: PaymentId
    amount: Money
    reason: Wording


class Refund(Value):
    amount: Money
    payment_id: PaymentId


class CancelPackage(Value):
    package_id: PackageId
    reason: Wording
    release_holds: bool = False
    refund: Refund | None = None


class VoidPackage(Value):
    package_id: PackageId
    reason: Wording
    release_holds: bool = False


class AdjustPrice(Value):
    package_id: PackageId
    price: Money
    reason: Wording


class ChangeSharing(Value):
    package_id: PackageId
    sharing: Sharing
    beneficiaries: tuple[ParticipantId, ...] | None = None


class AddNote(Value):
    package_id: PackageId
    note: Wording


PackageCommand = (
    CorrectLine
    | SetExpiry
    | ReinstatePackage
    | FreezePackage
    | UnfreezePackage
    | RecordPayment
    | RefundPayment
    | CancelPackage
    | VoidPackage
    | AdjustPrice
    | ChangeSharing
    | AddNote
)
"""The commands that concern one package alone."""
