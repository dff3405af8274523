"""The filters of the customer list; a segment saves them under a name.

The search text is not among them: it may be a person's name, and a fact holds no personal data.
"""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from domain.moments import DayOrMoment
from domain.people.facts import ConsentName
from domain.values import (
    Category,
    CategoryName,
    Name,
    OfferId,
    ServiceId,
    SourceAndReference,
    ThingName,
    Value,
)

VALUES_MAX = 50
"""Values of one filter."""
SEGMENTS_MAX = 100

BookingState = Literal["active", "pending", "confirmed", "completed", "cancelled"]
"""active: pending or confirmed."""
_Some = Field(max_length=VALUES_MAX)


class CustomerFilters(Value):
    """Filters combine with AND. Of several values any will do; of what is unused, none may be there."""

    category: Annotated[tuple[Category, ...], _Some] = ()
    status: Annotated[tuple[Literal["active", "inactive"], ...], _Some] = ()
    blocked: bool | None = None
    consent: Annotated[tuple[ConsentName, ...], _Some] = ()
    service_type: Annotated[tuple[Name, ...], _Some] = ()
    """A service that is of this type now was used, or booked by a booking that was not cancelled."""
    service_id: Annotated[tuple[ServiceId, ...], _Some] = ()
    """This service was used, or booked by a booking that was not cancelled."""
    unused_service_type: Annotated[tuple[Name, ...], _Some] = ()
    """No service of this type was ever booked or used."""
    unused_service_id: Annotated[tuple[ServiceId, ...], _Some] = ()
    """This service was never booked nor used."""
    offer_id: Annotated[tuple[OfferId, ...], _Some] = ()
    """This offer was ever bought, by them or for them; voided sales do not count."""
    booking_from: DayOrMoment | None = None
    """The first start of a booking, or the first day: its `local_date`, in the zone of its location."""
    booking_to: DayOrMoment | None = None
    """The last start of a booking, or its last `local_date`."""
    booking_status: Annotated[tuple[BookingState, ...], _Some] = ()
    """Of a booking in that range; empty: any but cancelled."""
    external_ref: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z._-]{1,50}:.{1,100}$")] | None = None
    """`source:ref`"""


class CustomerFiltersBody(CustomerFilters):
    """The filters of a request: names and references in their one form."""

    category: Annotated[tuple[CategoryName, ...], _Some] = ()
    service_type: Annotated[tuple[ThingName, ...], _Some] = ()
    unused_service_type: Annotated[tuple[ThingName, ...], _Some] = ()
    external_ref: SourceAndReference | None = None
