"""Values that several facts of a package hold, and the moment that all of them have."""

from typing import Annotated

from pydantic import Field

from domain.fact import Fact
from domain.moments import Moment
from domain.unit_values import Run
from domain.values import (
    UNITS_PER_LINE_MAX,
    Amount,
    BasisPoints,
    BookingId,
    LineNumber,
    Name,
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
