"""The day: the house and its catalogue, people, packages, bookings and points; then the books."""

from pathlib import Path

from tests.examples.bookings import bookings
from tests.examples.books import books
from tests.examples.house import catalogue, house
from tests.examples.memberships import memberships
from tests.examples.packages import packages
from tests.examples.people import people
from tests.examples.recording import Recording, opened
from tests.examples.top_ups import top_ups


def played(folder: Path) -> Recording:
    """Every request of the day, on a new business in memory."""
    with opened(folder) as tell:
        place, member = house(tell)
        service, offer = catalogue(tell, place)
        anna = people(tell)
        packages(tell, anna, service, offer, member, place)
        top_ups(tell, service)
        bookings(tell, anna, service, member)
        memberships(tell, anna, service)
        books(tell, anna)
        return tell
