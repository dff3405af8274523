"""Every kind of stream, and the function that folds its facts."""

from collections.abc import Callable, Mapping
from typing import Any

from domain.booking.state import evolve as evolve_booking
from domain.business.state import evolve as evolve_business
from domain.catalogue.state import evolve_offer, evolve_plan, evolve_service
from domain.membership.state import evolve as evolve_membership
from domain.package.evolution import evolve as evolve_package
from domain.people.state import evolve as evolve_customer
from domain.points.state import evolve as evolve_points
from domain.staff.state import evolve as evolve_staff
from domain.top_up.state import evolve as evolve_top_up

EVOLVE: Mapping[str, Callable[[Any, Any], Any]] = {
    "business": evolve_business,
    "staff": evolve_staff,
    "service": evolve_service,
    "offer": evolve_offer,
    "plan": evolve_plan,
    "customer": evolve_customer,
    "package": evolve_package,
    "points": evolve_points,
    "booking": evolve_booking,
    "membership": evolve_membership,
    "top_up": evolve_top_up,
}
"""Stream kind → its `evolve`: (state before or None, fact) → state."""
