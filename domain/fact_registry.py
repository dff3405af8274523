"""Every fact this code can read: the closed registry, checked when it is imported."""

from domain.booking.facts import FACTS as BOOKING_FACTS
from domain.business.facts import FACTS as BUSINESS_FACTS
from domain.catalogue.facts import FACTS as CATALOGUE_FACTS
from domain.fact import Registry
from domain.membership.facts import FACTS as MEMBERSHIP_FACTS
from domain.package.facts import FACTS as PACKAGE_FACTS
from domain.people.facts import FACTS as CUSTOMER_FACTS
from domain.points.facts import FACTS as POINTS_FACTS
from domain.staff.facts import FACTS as STAFF_FACTS
from domain.top_up.facts import FACTS as TOP_UP_FACTS

FACTS = Registry(
    (
        *BUSINESS_FACTS,
        *STAFF_FACTS,
        *CATALOGUE_FACTS,
        *CUSTOMER_FACTS,
        *PACKAGE_FACTS,
        *BOOKING_FACTS,
        *POINTS_FACTS,
        *MEMBERSHIP_FACTS,
        *TOP_UP_FACTS,
    )
)
