"""Commands on a package."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from domain.business.reasons import ReasonedCommand, ReasonGroup
from domain.catalogue.facts import Lines, Sharing
from domain.moments import Day, DayOrMoment, Moment
from domain.package.fact_parts import UnitsUsedBefore
from domain.values import (
    LINES_MAX,
    UNITS_PER_LINE_MAX,
    BasisPoints,
    BookingId,
    CustomerId,
    ExternalRef,
    ImportId,
    LineNumber,
    LocationId,
    Money,
    Name,
    OfferId,
    PackageId,
    ParticipantId,
    PaymentId,
    PaymentMethod,
    Quantity,
    RedemptionId,
    ServiceId,
    StaffId,
    TransferId,
    Value,
    Wording,
)


class NewPayment(Value):
    payment_id: PaymentId
    amount: Money
    method: PaymentMethod
    external_ref: ExternalRef | None = None


class SellPackage(Value):
    """A sale from an offer, or of a custom package with its own name, lines and price. Decided in `sale.py`."""

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


class ImportedLine(Value):
    """Units of one kind as another system kept them."""

    label: Name | None = None
    services: Annotated[tuple[ServiceId, ...], Field(min_length=1, max_length=50)]
    quantity: Quantity
    """The original number, with those used before."""
    used_before: UnitsUsedBefore = 0
    tax_rate: BasisPoints | None = None
    """Basis points; None: that of the services."""


class ImportPackage(Value):
    """A balance that another system kept. Decided in `imported_balance.py`."""

    import_id: ImportId
    package_id: PackageId
    customer_id: CustomerId
    external_ref: ExternalRef
    name: Name
    lines: Annotated[tuple[ImportedLine, ...], Field(min_length=1, max_length=LINES_MAX)]
    price: Money
    paid: Money
    payment_id: PaymentId
    """The payment that `paid` counts as."""
    purchased_on: Day
    expires_on: Day | None = None
    """None: it never expires."""
    location_id: LocationId | None = None


class Redemption(Value):
    """A use of a service: by whom and where. `allocation.py` decides which units pay for it."""

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


class RestoreUnits(ReasonedCommand):
    reason_group: ClassVar[ReasonGroup] = "restoration"
    redemption_id: RedemptionId
    quantity: Quantity | None = None
    """None: all units that are left of it."""
    package_id: PackageId | None = None
    reason: Wording | None = None


class UndoTransfer(ReasonedCommand):
    reason_group: ClassVar[ReasonGroup] = "transfer"
    transfer_id: TransferId
    reason: Wording | None = None


class OnPackage(Value):
    """A command on one package, which it names."""

    package_id: PackageId


class CorrectLine(OnPackage, ReasonedCommand):
    reason_group: ClassVar[ReasonGroup] = "correction"
    line: LineNumber
    change: Annotated[int, Field(ge=-UNITS_PER_LINE_MAX, le=UNITS_PER_LINE_MAX)]
    reason: Wording | None = None


class SetExpiry(OnPackage, ReasonedCommand):
    """None removes the expiry: the package never ends."""

    reason_group: ClassVar[ReasonGroup] = "expiry"
    expires_on: Day | None
    reason: Wording | None = None


class ReinstatePackage(OnPackage, ReasonedCommand):
    reason_group: ClassVar[ReasonGroup] = "reinstatement"
    expires_on: Day
    reason: Wording


class FreezePackage(OnPackage, ReasonedCommand):
    reason_group: ClassVar[ReasonGroup] = "freeze"
    until: Day
    reason: Wording


class UnfreezePackage(OnPackage):
    """The expiry moves by the days frozen so far."""


class RecordPayment(OnPackage):
    payment: NewPayment
    effective_at: DayOrMoment | None = None


class RefundPayment(ReasonedCommand):
    reason_group: ClassVar[ReasonGroup] = "refund"
    payment_id: PaymentId
    amount: Money
    reason: Wording


class Refund(Value):
    amount: Money
    payment_id: PaymentId


class CancelPackage(OnPackage, ReasonedCommand):
    reason_group: ClassVar[ReasonGroup] = "cancellation"
    reason: Wording
    release_holds: bool = False
    refund: Refund | None = None


class VoidPackage(OnPackage, ReasonedCommand):
    reason_group: ClassVar[ReasonGroup] = "voiding"
    reason: Wording
    release_holds: bool = False


class AdjustPrice(OnPackage, ReasonedCommand):
    reason_group: ClassVar[ReasonGroup] = "price"
    price: Money
    reason: Wording


class ChangeSharing(OnPackage):
    sharing: Sharing
    beneficiaries: tuple[ParticipantId, ...] | None = None


class ChangeLocations(OnPackage):
    """Where the package can be used; none: everywhere."""

    locations: tuple[LocationId, ...]
    reason: Wording


class AddNote(OnPackage):
    note: Wording


class RecordExpiry(OnPackage):
    """Record that the last valid day has passed."""


class RecordReminderDue(OnPackage):
    """Record that the customer is to be reminded of the last valid day."""


class RecordReminderSent(OnPackage):
    expires_on: Day | None = None
    """The last valid day that the customer was told; None: the present one."""
    effective_at: DayOrMoment | None = None


class TransferUnits(OnPackage, ReasonedCommand):
    reason_group: ClassVar[ReasonGroup] = "transfer"
    transfer_id: TransferId
    new_package_id: PackageId
    to_customer_id: CustomerId
    line: LineNumber
    quantity: Quantity
    expires_on: Day | Literal["as before"] | None = "as before"
    """None: it never expires."""
    reason: Wording | None = None
