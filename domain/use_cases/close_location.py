"""Close a location; what happened there stays as it was."""

from domain.actor import Circumstances
from domain.business.commands import CloseLocation
from domain.business.locations import close_location
from domain.decision import Books, Decision, UseCase, one_stream
from domain.use_cases.own_stream import business_id_of, the_business


def decide(command: CloseLocation, books: Books, at: Circumstances) -> Decision:
    """Raises what `close_location` raises."""
    return one_stream("business", books.business_id, close_location(books.business, command))


CLOSE_LOCATION = UseCase(CloseLocation, the_business, decide, business_id_of)
