"""Values that several facts of a package hold, the moment that all of them have, and what every first fact holds."""

from typing import Annotated

from pydantic import Field

from domain.calendar_rules import Validity
from domain.catalogue.facts import Sharing
from domain.fact import Fact
from domain.moments import Day, Moment
from domain.tax import line_rate
from domain.unit_values import Run, unrolled
from domain.values import (
    UNITS_PER_LINE_MAX,
    Amount,
    BasisPoints,
    BookingId,
    CancellationTerms,
    Currency,
    CustomerId,
    ExternalRef,
    LineNumber,
    LocationId,
    Name,
    OfferId,
    ParticipantId,
    Quantity,
    RedemptionId,
    ServiceId,
    UnitNumber,
    Value,
)

Units = tuple[UnitNumber, ...]


UnitsUsedBefore = Annotated[int, Field(ge=0, le=UNITS_PER_LINE_MAX)]
"""How many units of a line were used in the system that it was imported from."""


class SoldService(Value):
    """A service as it was when it was sold."""

    id: ServiceId
    name: Name
    service_type: Name
    tax_rate: BasisPoints | None = None


class SoldLine(Value):
    """A line as it was sold: the services of its units, and their values as runs."""

    label: Name
    services: tuple[SoldService, ...]
    quantity: Quantity
    values: tuple[Run, ...]
    weight: Amount
    """The weight of one unit when a price is spread."""
    tax_rate: BasisPoints | None = None
    """That of the line itself, which wins over those of its services. Basis points."""

    @property
    def rate(self) -> int | None:
        """The rate at which the line is taxed, in basis points; None: none is known."""
        return line_rate(self.tax_rate, (service.tax_rate for service in self.services))


class LineUnits(Value):
    """Some units of one line, and their value together."""

    line: LineNumber
    units: Units
    value: Amount


class FreedUse(Value):
    """Units that a correction gave back although a redemption used them, or a booking had forfeited them."""

    redemption_id: RedemptionId
    allocation: int
    units: Units
    forfeiture: BookingId | None = None
    """The booking for which they were forfeited; None: they were in use."""


class EffectiveFact(Fact):
    """A fact with the moment it happened in the business, which may be earlier than its recording."""

    effective_at: Moment


class PackageOpened(EffectiveFact):
    """The members of every first fact of a package: all that was fixed when its units were granted."""

    customer_id: CustomerId
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
    """The local day on which the sale was recorded; a back-dated sale counts from an earlier one."""
    sharing: Sharing
    beneficiaries: tuple[ParticipantId, ...]
    cap_per_participant: Quantity | None = None
    cancellation: CancellationTerms
    policy_version: int | None = None
    """The version of the business's policies that set the cancellation terms; None: the offer set them."""
    locations: tuple[LocationId, ...] = ()
    location_id: LocationId | None = None
    external_ref: ExternalRef | None = None

    @property
    def begins_used(self) -> tuple[int, ...]:
        """Units of each line that count as used from the beginning on: those with the lowest numbers."""
        return (0,) * len(self.lines)

    @property
    def sold_elsewhere(self) -> tuple[int, ...]:
        """Units of each line, the first ones, that were sold before they came here: no sale counts them again."""
        return (0,) * len(self.lines)

    def first_values(self, units: tuple[int, ...]) -> tuple[int, ...]:
        """What the first so many units of each line are worth together, line by line, in minor units."""
        if not any(units):
            return (0,) * len(units)
        both = zip(self.lines, units, strict=True)
        return tuple(sum(unrolled(line.values)[:number]) if number else 0 for line, number in both)

    @property
    def bought_at(self) -> Moment:
        """The moment of the purchase, which orders packages; one that was imported counts only from a later one."""
        return self.effective_at
