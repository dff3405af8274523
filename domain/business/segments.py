"""Saving and removing segments: customer filters under a name (S106)."""

from domain.business.commands import RemoveSegment, SaveSegment
from domain.business.customer_filters import SEGMENTS_MAX, CustomerFilters
from domain.business.facts import BusinessFact, SegmentRemoved, SegmentSaved
from domain.business.state import Business
from domain.refusals import IdTaken, Invalid, LimitReached, NotFound


def save_segment(state: Business, command: SaveSegment) -> list[BusinessFact]:
    """Raises IdTaken, LimitReached, and Invalid for the name of another segment or for no filter."""
    if command.segment_id in state.segments:
        raise IdTaken(command.segment_id)
    live = [segment for segment in state.segments.values() if not segment.removed]
    if command.name.casefold() in [segment.name.casefold() for segment in live]:
        raise Invalid("/name", "duplicate", "is the name of another segment")
    if len(live) >= SEGMENTS_MAX:
        raise LimitReached("segments", SEGMENTS_MAX)
    if command.filters == CustomerFilters():
        raise Invalid("/filters", "empty", "must narrow the list by something")
    return [SegmentSaved(segment_id=command.segment_id, name=command.name, filters=command.filters)]


def remove_segment(state: Business, command: RemoveSegment) -> list[BusinessFact]:
    """Raises NotFound."""
    segment = state.segments.get(command.segment_id)
    if segment is None:
        raise NotFound("segment", command.segment_id)
    return [] if segment.removed else [SegmentRemoved(segment_id=command.segment_id)]
