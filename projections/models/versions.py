"""The names and versions of all read models, for commands that ask how far each is and need no more of them.

A test holds them equal to `projections.models.registry`.
"""

from collections.abc import Mapping

CARDS = "cards"
VERSIONS: Mapping[str, int] = {
    CARDS: 8,
    "units": 5,
    "history": 4,
    "bookings": 4,
    "booking_packages": 1,
    "package_services": 3,
    "services": 2,
    "offers": 1,
    "plans": 1,
    "memberships": 2,
    "customers": 4,
    "staff": 1,
    "points": 1,
    "top_up_attempts": 1,
    "points_entries": 1,
}
