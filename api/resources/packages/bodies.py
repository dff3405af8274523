"""Bodies that sell a package or change one."""

from typing import Annotated

from pydantic import Field

from api.http.parsing import Price
from api.resources.catalogue.bodies import GivenLines
from api.resources.payments.bodies import PaymentBody
from domain.business.reasons import ReasonCodeName
from domain.moments import Day, DayOrMoment
from domain.people.facts import PARTICIPANTS_MAX
from domain.values import (
    CustomerId,
    GivenRef,
    LocationId,
    LongText,
    OfferId,
    PackageId,
    ParticipantId,
    PaymentId,
    ThingName,
    Value,
)


class SaleBody(Value):
    """From an offer, or a custom package with its own name, lines and price."""

    id: PackageId | None = None
    customer_id: CustomerId
    offer_id: OfferId | None = None
    name: ThingName | None = None
    lines: GivenLines | None = None
    price: Price | None = None
    """If absent, that of the offer."""
    expires_on: Day | None = None
    """If absent, by the offer's rule; null: never."""
    effective_at: DayOrMoment | None = None
    payment: PaymentBody | None = None
    beneficiaries: Annotated[tuple[ParticipantId, ...], Field(max_length=PARTICIPANTS_MAX)] = ()
    """Participants it is for; if empty, the customer in person."""
    purchased_by: CustomerId | None = None
    location_id: LocationId | None = None
    note: LongText | None = None
    external_ref: GivenRef | None = None


class CancellationRefund(Value):
    amount: Price
    payment_id: PaymentId


class PackageCancellationBody(Value):
    reason: LongText
    reason_code: ReasonCodeName | None = None
    release_holds: bool = False
    """Also release units that are held for bookings; without it, held units refuse the cancellation."""
    refund: CancellationRefund | None = None
