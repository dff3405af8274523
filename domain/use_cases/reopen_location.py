"""Open a closed location again."""

from domain.actor import Circumstances
from domain.business.commands import ReopenLocation
from domain.business.locations import reopen_location
from domain.decision import Books, Decision, UseCase, one_stream
from domain.use_cases.own_stream import business_id_of, the_business


def decide(command: ReopenLocation, books: Books, at: Circumstances) -> Decision:
    """Raises what `reopen_location` raises."""
    return one_stream("business", books.business_id, reopen_location(books.business, command))


REOPEN_LOCATION = UseCase(ReopenLocation, the_business, decide, business_id_of)
