"""The version of every read model, and what commands need that only ask how far each is.

A change of its table, of the facts it takes or of what a row says raises it.
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
    "customers": 5,
    "staff": 1,
    "points": 1,
    "top_up_attempts": 1,
    "points_entries": 1,
}
SUMS_OF_DAYS = f"1.{VERSIONS[CARDS]}"
"""Of the sums that reports are answered from (`replay/reports/kept_days.py`): their own version, raised by a change of
what is summed up, and that of the cards, by which packages are folded."""
