"""Remove a segment; its id is never given again."""

from domain.actor import Circumstances
from domain.business.commands import RemoveSegment
from domain.business.segments import remove_segment
from domain.decision import Books, Decision, UseCase, one_stream
from domain.use_cases.own_stream import business_id_of, the_business


def decide(command: RemoveSegment, books: Books, at: Circumstances) -> Decision:
    """Raises what `remove_segment` raises."""
    return one_stream("business", books.business_id, remove_segment(books.business, command))


REMOVE_SEGMENT = UseCase(RemoveSegment, the_business, decide, business_id_of)
