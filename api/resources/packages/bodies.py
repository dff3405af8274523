"""What is sent to sell a package and to change one."""

from typing import Annotated

from pydantic import Field

from api.http.parsing import Price
from api.resources.payments import PaymentBody
from domain.catalogue.facts import Lines, Sharing
from domain.moments import Day, DayOrMoment
from domain.people.facts import PARTICIPANTS_MAX
from domain.values import (
    UNITS_PER_LINE_MAX,
    CustomerId,
    ExternalRef,
    LineNumber,
    LocationId,
    LongText,
    Name,
    OfferId,
    PackageId,
    ParticipantId,
    PaymentId,
    Value,
)


class SaleBody(Value):
    """From an offer, or a custom package with its own name, lines and price."""

    id: PackageId | None = None
    customer_id: CustomerId
    offer_id: OfferId | None = None
    name: Name | None = None
    lines: Lines | None = None
    price: Price | None = None
    """The offer's own when it is left out."""
    expires_on: Day | None = None
    """By the offer's rule when it is left out; null: never."""
    effective_at: DayOrMoment | None = None
    payment: PaymentBody | None = None
    beneficiaries: Annotated[tuple[ParticipantId, ...], Field(max_length=PARTICIPANTS_MAX)] = ()
    """Participants it is for; the customer in person when none is named."""
    purchased_by: CustomerId | None = None
    location_id: LocationId | None = None
    note: LongText | None = None
    external_ref: ExternalRef | None = None


class CorrectionBody(Value):
    line: LineNumber
    """From 1."""
    change: Annotated[int, Field(ge=-UNITS_PER_LINE_MAX, le=UNITS_PER_LINE_MAX)]
    """Units given back (+) or taken (-); not 0."""
    reason: LongText | None = None


class ExpiryBody(Value):
    expires_on: Day | None
    """The last valid day; null: it never expires."""
    reason: LongText | None = None


class ReinstatementBody(Value):
    expires_on: Day
    reason: LongText


class FreezeBody(Value):
    until: Day
    """The last day without use; the expiry moves by the days frozen."""
    reason: LongText


class PriceBody(Value):
    price: Price
    reason: LongText


class SharingBody(Value):
    sharing: Sharing
    beneficiaries: Annotated[tuple[ParticipantId, ...], Field(max_length=PARTICIPANTS_MAX)] | None = None
    """Those it was for when it is left out."""


class NoteBody(Value):
    text: LongText


class CancellationRefund(Value):
    amount: Price
    payment_id: PaymentId


class PackageCancellationBody(Value):
    reason: LongText
    release_holds: bool = False
    """Also release units that are held for bookings; refused while any are held otherwise."""
    refund: CancellationRefund | None = None


class VoidingBody(Value):
    reason: LongText
    release_holds: bool = False
