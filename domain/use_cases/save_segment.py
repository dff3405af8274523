"""Save filters of customers under a name (S125)."""

from domain.actor import Circumstances
from domain.business.commands import SaveSegment
from domain.business.segments import save_segment
from domain.decision import Books, Decision, UseCase, one_stream
from domain.use_cases.own_stream import business_id_of, the_business


def decide(command: SaveSegment, books: Books, at: Circumstances) -> Decision:
    """Raises what `save_segment` raises."""
    return one_stream("business", books.business_id, save_segment(books.business, command))


SAVE_SEGMENT = UseCase(SaveSegment, the_business, decide, business_id_of)
