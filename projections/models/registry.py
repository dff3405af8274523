"""Every read model there is. A new one is a file of its own, a line here, and its version in `versions.py`."""

from projections.engine.definition import Projection
from projections.models.bookings import BOOKING_PACKAGES, BOOKINGS
from projections.models.customers import CUSTOMERS
from projections.models.memberships import MEMBERSHIPS
from projections.models.offers import OFFERS
from projections.models.package_history import HISTORY
from projections.models.package_services import PACKAGE_SERVICES
from projections.models.packages import CARDS
from projections.models.plans import PLANS
from projections.models.points import POINTS, POINTS_ENTRIES
from projections.models.services import SERVICES
from projections.models.staff import STAFF
from projections.models.top_up_attempts import TOP_UP_ATTEMPTS
from projections.models.units_in_use import UNITS_IN_USE

READ_MODELS: tuple[Projection, ...] = (
    CARDS,
    UNITS_IN_USE,
    HISTORY,
    BOOKINGS,
    BOOKING_PACKAGES,
    PACKAGE_SERVICES,
    SERVICES,
    OFFERS,
    PLANS,
    MEMBERSHIPS,
    CUSTOMERS,
    STAFF,
    POINTS,
    TOP_UP_ATTEMPTS,
    POINTS_ENTRIES,
)
