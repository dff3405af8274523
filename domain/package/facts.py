"""The facts of a package, with those of `opening_facts.py` and `money_facts.py`. Each carries what was decided: the
units it moves, their value in minor units, and the balance of its line afterwards, so that a replay never recomputes a
rule that has since changed.
"""

from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field

from domain.business.facts import ReminderLead
from domain.business.reasons import ReasonedFact
from domain.catalogue.facts import Sharing
from domain.fact import Fact
from domain.moments import Day, Moment
from domain.package.fact_parts import (
    EffectiveFact,
    FreedUse,
    LineUnits,
    Units,
)
from domain.package.money_facts import PaymentRecorded, PaymentRefunded
from domain.package.opening_facts import PackageImported, PackagePurchased, PeriodGranted, UnitsTransferredIn
from domain.unit_values import Run
from domain.values import (
    UNITS_PER_LINE_MAX,
    Amount,
    BookingId,
    CancellationTerms,
    CustomerId,
    LineNumber,
    LocationId,
    MembershipId,
    PackageId,
    ParticipantId,
    Quantity,
    RedemptionId,
    ServiceId,
    StaffId,
    TextRef,
    TransferId,
)


class UnitsTransferredOut(EffectiveFact, ReasonedFact):
    stored_name: ClassVar = "package.transferred_out"
    transfer_id: TransferId
    to_package_id: PackageId
    to_customer_id: CustomerId
    line: LineNumber
    units: Units
    value: Amount
    remaining: int
    membership_id: MembershipId | None = None
    """The membership whose next period they rolled over into; None: they went to another customer."""
    reason: TextRef | None = None


class TransferUndone(EffectiveFact, ReasonedFact):
    """Transferred units are back in the package they came from."""

    stored_name: ClassVar = "package.transfer_undone"
    transfer_id: TransferId
    line: LineNumber
    units: Units
    value: Amount
    remaining: int
    reason: TextRef | None = None


class TransferRevoked(EffectiveFact, ReasonedFact):
    """The package that a transfer made gave all its units back, and is cancelled."""

    stored_name: ClassVar = "package.transfer_revoked"
    transfer_id: TransferId
    returned: tuple[LineUnits, ...]
    reason: TextRef | None = None


class PriceAdjusted(EffectiveFact, ReasonedFact):
    stored_name: ClassVar = "package.price_adjusted"
    price: Amount
    previous: Amount
    values: tuple[tuple[Run, ...], ...]
    """The values of all units, line by line."""
    unused_value: Amount
    """The value of the available units at the new price."""
    reason: TextRef


class ValidityStarted(EffectiveFact):
    stored_name: ClassVar = "package.validity_started"
    started_on: Day
    expires_on: Day | None = None


class ValidityReset(EffectiveFact):
    """The only session was given back: the validity waits for a first one again."""

    stored_name: ClassVar = "package.validity_reset"
    expires_on: Day | None = None
    """The last valid day, where it was set by hand."""


class UnitsRedeemed(EffectiveFact):
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
    """Who performed the session."""
    location_id: LocationId | None = None
    booking_id: BookingId | None = None
    session_at: Moment | None = None


class UnitsRestored(EffectiveFact, ReasonedFact):
    stored_name: ClassVar = "package.restored"
    redemption_id: RedemptionId
    allocation: int
    line: LineNumber
    units: Units
    value: Amount
    remaining: int
    usable: int
    """Units of them that can be used: 0 when the package has expired or is cancelled."""
    lapsed: bool = False
    """Whether they lapsed at once, because the package is cancelled."""
    forfeiture: BookingId | None = None
    """The booking for which they were forfeited; None: they were in use."""
    reason: TextRef | None = None


class SessionMoved(EffectiveFact):
    """The booking for which units were used when it was made has another start."""

    stored_name: ClassVar = "package.session_moved"
    redemption_id: RedemptionId
    booking_id: BookingId
    units: tuple[LineUnits, ...]
    """The units that it uses of this package."""
    session_at: Moment
    previous: Moment


class UnitsHeld(EffectiveFact):
    """Units reserved for a booking: a number on a line, not particular units."""

    stored_name: ClassVar = "package.held"
    booking_id: BookingId
    line: LineNumber
    quantity: Quantity
    held: int
    """Held units of the line after this fact, for all bookings."""
    remaining: int
    service_id: ServiceId
    participant_id: ParticipantId
    session_at: Moment


ReleasedFor = Literal["attended", "no_show", "cancelled", "rescheduled", "package_cancelled"]


class HoldReleased(EffectiveFact):
    stored_name: ClassVar = "package.hold_released"
    booking_id: BookingId
    line: LineNumber
    quantity: Quantity
    held: int
    remaining: int
    why: ReleasedFor


class UnitsForfeited(EffectiveFact):
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
    redemption_id: RedemptionId
    """The redemption that had used them, or was to use them at attendance."""
    allocation: int
    """As in `package.redeemed`; that of the use where there was one."""
    terms: CancellationTerms


class LineCorrected(EffectiveFact, ReasonedFact):
    stored_name: ClassVar = "package.corrected"
    line: LineNumber
    change: Annotated[int, Field(ge=-UNITS_PER_LINE_MAX, le=UNITS_PER_LINE_MAX)]
    remaining: int
    value: Amount
    """The value of the moved units together."""
    taken: Units = ()
    """Units that a negative correction took."""
    returned: Units = ()
    """Units that earlier corrections had taken."""
    used_before: Units = ()
    """Units that were counted as used before the package was imported."""
    freed: tuple[FreedUse, ...] = ()
    added: Units = ()
    """New units, of value 0."""
    reason: TextRef | None = None


class ExpiryChanged(EffectiveFact, ReasonedFact):
    stored_name: ClassVar = "package.expiry_changed"
    expires_on: Day
    previous: Day | None = None
    reason: TextRef | None = None


class ExpiryRemoved(EffectiveFact, ReasonedFact):
    stored_name: ClassVar = "package.expiry_removed"
    previous: Day
    reason: TextRef | None = None


class PackageExpired(EffectiveFact):
    """The last valid day has passed: for the books. It moves no unit; the clock alone made the package expire."""

    stored_name: ClassVar = "package.expired"
    expires_on: Day
    lapsed: tuple[LineUnits, ...]
    """The units that remained when this was recorded."""
    value: Amount
    """Their value together."""


class PackageReinstated(EffectiveFact, ReasonedFact):
    stored_name: ClassVar = "package.reinstated"
    expires_on: Day
    previous: Day | None = None
    returned: tuple[LineUnits, ...] = ()
    """Units that lapsed when the package was cancelled."""
    revived: tuple[LineUnits, ...] = ()
    """Units that the expiry had made unusable; they never left their line."""
    reason: TextRef


class PackageFrozen(EffectiveFact, ReasonedFact):
    stored_name: ClassVar = "package.frozen"
    frozen_on: Day
    until: Day
    reason: TextRef


class PackageUnfrozen(EffectiveFact):
    stored_name: ClassVar = "package.unfrozen"
    days: int
    expires_on: Day | None = None


class ReminderDue(EffectiveFact):
    """The customer is to be told of the last valid day."""

    stored_name: ClassVar = "package.reminder_due"
    expires_on: Day
    lead_days: ReminderLead
    """The policy then in force: days between this reminder and the last valid day."""


class ReminderSent(EffectiveFact):
    """The customer was told of the last valid day."""

    stored_name: ClassVar = "package.reminder_sent"
    expires_on: Day
    lead_days: ReminderLead | None = None
    """That of the reminder that was due, else of the policy; None: there was no policy."""


class SharingChanged(EffectiveFact):
    stored_name: ClassVar = "package.sharing_changed"
    sharing: Sharing
    beneficiaries: tuple[ParticipantId, ...]


class LocationsChanged(EffectiveFact):
    stored_name: ClassVar = "package.locations_changed"
    locations: tuple[LocationId, ...]
    """Where it can be used from now on; empty: everywhere."""
    previous: tuple[LocationId, ...]
    reason: TextRef


class NoteAdded(EffectiveFact):
    stored_name: ClassVar = "package.note_added"
    note: TextRef


class PackageCancelled(EffectiveFact, ReasonedFact):
    stored_name: ClassVar = "package.cancelled"
    lapsed: tuple[LineUnits, ...]
    reason: TextRef


class PackageVoided(EffectiveFact, ReasonedFact):
    stored_name: ClassVar = "package.voided"
    lapsed: tuple[LineUnits, ...]
    reason: TextRef


# Groups, for folds that handle only some facts: mypy then reports a new fact in every fold of its group.

UseFact = UnitsRedeemed | UnitsRestored | UnitsForfeited | LineCorrected
"""Particular units of one line change their state."""
HoldFact = UnitsHeld | HoldReleased
"""A number of units is reserved for a booking, or no longer."""
EndFact = PackageCancelled | PackageVoided | PackageReinstated
"""All that remains lapses, or comes back."""
OpeningFact = PackagePurchased | UnitsTransferredIn | PackageImported | PeriodGranted
"""The first fact of a package."""
TransferFact = UnitsTransferredOut | TransferUndone | TransferRevoked
"""Units leave for a package of another customer, or come back from it."""
MoneyFact = PaymentRecorded | PaymentRefunded
ExpiryFact = ValidityStarted | ValidityReset | ExpiryChanged | ExpiryRemoved
FreezeFact = PackageFrozen | PackageUnfrozen
ReminderFact = ReminderDue | ReminderSent
OtherFact = SharingChanged | LocationsChanged | NoteAdded | SessionMoved | PackageExpired | ReminderFact
"""No unit, no money and no day moves."""

PackageFact = (
    OpeningFact
    | PriceAdjusted
    | UseFact
    | HoldFact
    | EndFact
    | TransferFact
    | MoneyFact
    | ExpiryFact
    | FreezeFact
    | OtherFact
)
FACTS: tuple[type[Fact], ...] = get_args(PackageFact)
