"""A package as its facts make it: lines of units, payments, uses, holds, freezes."""

from datetime import date, datetime
from typing import Literal

from msgspec import Struct, field

from domain.calendar_rules import Validity
from domain.catalogue.facts import Sharing
from domain.moments import local_day
from domain.package.expiry import Expiry
from domain.package.fact_parts import LineUnits, Units
from domain.package.units import AVAILABLE, Line
from domain.values import CancellationTerms, ExternalRef, PaymentMethod


class Allocation(Struct, frozen=True, gc=False):
    """The units that one redemption still uses of one line; restoring and corrections shrink it."""

    number: int
    line: int
    units: Units
    forfeited: bool = False
    """Whether a booking forfeited them instead: no session took place."""


class Use(Struct, frozen=True, gc=False):
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


class Hold(Struct, frozen=True, gc=False):
    """Units of one line reserved for a booking."""

    line: int
    quantity: int
    service_id: str
    participant_id: str
    session_at: datetime
    held_at: datetime


class Payment(Struct, frozen=True, gc=False):
    """A payment, and what was refunded of it; minor units."""

    amount: int
    refunded: int
    method: PaymentMethod


class Freeze(Struct, frozen=True, gc=False):
    """No use from `frozen_at` to the end of the day `until`, or to `ended_at` if that came first."""

    frozen_at: datetime
    frozen_on: date
    until: date
    ended_at: datetime | None = None


class Reminder(Struct, frozen=True, gc=False):
    """The latest reminder, due or sent, of one last valid day."""

    expires_on: date
    lead_days: int | None
    sent_at: datetime | None = None
    """None: it is due."""


class Move(Struct, frozen=True, gc=False):
    """A change of a line's available units, in business time. A hold lowers them, its release raises them."""

    effective_at: datetime
    line: int
    change: int


Status = Literal["active", "expired", "fully_used", "cancelled"]
PaymentStatus = Literal["unpaid", "partial", "paid"]


class Package(Struct, frozen=True, gc=False):
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
    bought_at: datetime = datetime.min
    """The moment of the purchase, which orders packages. `purchased_at` of an imported one is that of the import."""
    external_ref: ExternalRef | None = None
    import_id: str | None = None
    """The batch that it was imported with, if it was."""
    transfer_id: str | None = None
    """The transfer that made it, if one did."""
    membership_id: str | None = None
    """The membership that granted it, if one did."""
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
    lapse_recorded: date | None = None
    """The latest last valid day whose passing was recorded; the clock alone decides what has expired."""
    reminder: Reminder | None = None
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
        return sum([line.states.count(AVAILABLE) for line in self.lines])

    @property
    def is_spent(self) -> bool:
        """Whether nothing is left of it: no unit is available or held. Another fact may give units back."""
        for line in self.lines:  # noqa: SIM110 (asked of every package of a customer: no generator for each)
            if AVAILABLE in line.states:
                return False
        return True

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

    @property
    def was_bought(self) -> bool:
        """Whether it counts towards the offer's limit per customer: sold here, and not by mistake."""
        return self.transfer_id is None and self.import_id is None and not self.voided

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
