"""Segments: filters of the customer list under a name, for everybody at the desk (S122–S125)."""

from typing import Annotated

from pydantic import StringConstraints

from api.http.command_route import Command, CommandRequest, command
from api.http.date_ranges import OWN_DAYS, check_range
from api.http.ledger_types import Books
from api.http.new_values import NewId
from api.http.parsing import EmptyBody
from api.http.permissions import CUSTOMER_READERS, REGISTRARS
from api.http.query import Found, ListParameters, Page, Query
from api.http.query_route import query
from domain.business.commands import RemoveSegment, SaveSegment
from domain.business.customer_filters import CustomerFilters, CustomerFiltersBody
from domain.decision import Reads
from domain.text import name_of_thing
from domain.use_cases.remove_segment import REMOVE_SEGMENT
from domain.use_cases.save_segment import SAVE_SEGMENT
from domain.values import SegmentId, Value, as_stored, in_form

SegmentName = Annotated[str, StringConstraints(min_length=1, max_length=100), in_form(name_of_thing)]


class SegmentBody(Value):
    id: SegmentId | None = None
    name: SegmentName
    """Unique among segments, ignoring case."""
    filters: Annotated[CustomerFiltersBody, as_stored(CustomerFilters)]
    """The filters of `GET /v1/customers` under the same names, except `search`, which may hold a name."""


class Segment(Value):
    id: NewId
    name: str
    filters: CustomerFilters
    removed: bool


class SegmentPage(Page[Segment]):
    pass


def _shown(books: Books, id: str) -> Segment:
    segment = books.business.segments[id]
    return Segment(id=id, name=segment.name, filters=segment.filters, removed=segment.removed)


@command(
    "/v1/segments",
    "segments.save",
    "Save filters of the customer list under a name",
    roles=REGISTRARS,
    body=SegmentBody,
    answer=Segment,
)
def save(call: Command[SegmentBody]) -> CommandRequest:
    """A segment holds filters, not customers: whoever passes them is in it."""
    body = call.body
    filters = body.filters
    check_range(filters.booking_from, filters.booking_to, OWN_DAYS, "/filters/booking_to")
    id = call.new("seg", body.id)
    asked = SaveSegment(segment_id=id, name=body.name, filters=filters)
    return CommandRequest(SAVE_SEGMENT, asked, lambda books, _: _shown(books, id))


@command(
    "/v1/segments/{segment_id}/removal",
    "segments.remove",
    "Remove a segment; the customers in it stay",
    roles=REGISTRARS,
    body=EmptyBody,
    answer=Segment,
)
def remove(call: Command[EmptyBody]) -> CommandRequest:
    """It is no longer listed, and cannot be named as a filter."""
    id = call.id("segment_id")
    return CommandRequest(REMOVE_SEGMENT, RemoveSegment(segment_id=id), lambda books, _: _shown(books, id))


@query(
    "/v1/segments",
    "segments.list",
    "Segments, in the order they were saved",
    roles=CUSTOMER_READERS,
    answer=SegmentPage,
    parameters=ListParameters,
)
def list_segments(call: Query[ListParameters]) -> Found:
    """Use one with `GET /v1/customers?segment_id=…`."""
    books = call.look(Reads({call.business_id: 0}))
    first = (call.after() or [0])[0]
    numbered = list(enumerate(books.business.segments.items(), 1))
    rows = [(number, id) for number, (id, each) in numbered if number > first and not each.removed]
    return call.page(
        SegmentPage,
        rows[: call.parameters.limit + 1],
        key=lambda row: [row[0]],
        shown=lambda row: _shown(books, row[1]),
        position=books.head.position,
    )


HANDLERS = (save, remove, list_segments)
