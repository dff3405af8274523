"""Every read model there is. A new one is a file of its own and a line here."""

from projections.bookings import BOOKING_PACKAGES, BOOKINGS
from projections.cards import CARDS
from projections.customer_list import CUSTOMERS
from projections.definition import Projection
from projections.history import HISTORY
from projections.offer_list import OFFERS
from projections.package_services import PACKAGE_SERVICES
from projections.points import POINTS
from projections.service_list import SERVICES
from projections.staff_list import STAFF
from projections.units import UNITS

READ_MODELS: tuple[Projection, ...] = (
    CARDS,
    UNITS,
    HISTORY,
    BOOKINGS,
    BOOKING_PACKAGES,
    PACKAGE_SERVICES,
    SERVICES,
    OFFERS,
    CUSTOMERS,
    STAFF,
    POINTS,
)
