"""Open a location, in its own time zone or the business's."""

from domain.actor import Circumstances
from domain.business.commands import OpenLocation
from domain.business.locations import open_location
from domain.decision import Books, Decision, UseCase, one_stream
from domain.use_cases.own_stream import business_id_of, the_business


def decide(command: OpenLocation, books: Books, at: Circumstances) -> Decision:
    """Raises what `open_location` raises."""
    return one_stream("business", books.business_id, open_location(books.business, command))


OPEN_LOCATION = UseCase(OpenLocation, the_business, decide, business_id_of)
