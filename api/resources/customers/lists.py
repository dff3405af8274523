"""The customer list: search while typing, and every filter of the desk (S106–S108, S114–S125).

Names and numbers are searched in the directory, everything else in the read models, which may be in another
database. Only ids are passed between them, some hundreds at a time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal, NamedTuple

from api.http.date_ranges import OWN_DAYS, check_range
from api.http.permissions import CUSTOMER_READERS
from api.http.problems import Problem
from api.http.query import Found, ListParameters, ListReads, Page, Query
from api.http.query_route import query
from api.resources.customers.answer import Counts, Customer, counts_in, in_list, people_in
from api.resources.customers.directory_search import PeopleSearch, asks_for_people, found_in_directory, sought
from api.resources.customers.kept_customers import customer_texts
from domain.business.customer_filters import CustomerFilters, CustomerFiltersBody
from domain.business.state import Business
from domain.decision import Reads
from domain.refusals import NotFound
from domain.values import ImportId, SegmentId
from projections.engine.definition import Row
from projections.engine.snapshot import Snapshot
from projections.models.packages import CARDS
from projections.models.points import POINTS
from projections.queries.customer_places import PlacesOf, places_in
from projections.queries.customers import CustomerFilter, find_customers, reads
from projections.queries.merged import absorbed_by
from projections.queries.ranges import Range


class CustomerPage(Page[Customer]):
    pass


class CustomerSearch(CustomerFiltersBody, PeopleSearch):
    """Filters combine with AND; a parameter that is repeated matches any of its values."""

    segment_id: SegmentId | None = None
    """Adds the filters that are saved under this id."""
    import_id: ImportId | None = None
    """The import that the customer came by."""


class CustomerParameters(ListParameters, CustomerSearch):
    """Filters combine with AND; a parameter that is repeated matches any of its values."""


def list_reads(call: Query[CustomerParameters]) -> ListReads[PlacesOf] | None:
    """None where the directory or the ledger has to be asked first. Raises Problem."""
    asked = call.parameters
    if asked.segment_id is not None or asks_for_people(asked):
        return None
    check_range(asked.booking_from, asked.booking_to, OWN_DAYS, "/booking_to")
    filters = customer_filters(asked, None)
    after, now = (call.after() or [None])[0], call.frame.carnet.clock()
    return ListReads(_models(filters), PlacesOf(filters, now, after, asked.limit + 1))


def _models(filters: Sequence[CustomerFilter]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*reads(filters), CARDS.name, POINTS.name)))


@query(
    "/v1/customers",
    "customers.list",
    "Customers, in the order of their ids: that in which they were registered, where the ids were made here",
    roles=CUSTOMER_READERS,
    answer=CustomerPage,
    parameters=CustomerParameters,
    reads=list_reads,
)
def list_customers(call: Query[CustomerParameters]) -> Found:
    """All filters combine with AND; a repeated parameter matches any of its values. `search` finds parts of
    names and numbers while they are typed.
    """
    asked = call.parameters
    if asks_for_people(asked) and not call.sees_people:
        raise Problem("forbidden", "only those who may see names and birthdays may look for them")
    check_range(asked.booking_from, asked.booking_to, OWN_DAYS, "/booking_to")
    who = sought(asked)
    business = None if asked.segment_id is None else call.look(Reads({call.business_id: 0})).business
    filters = customer_filters(asked, business)
    after = (call.after() or [None])[0]
    limit, now = asked.limit + 1, call.frame.carnet.clock()
    first = None if who else PlacesOf(filters, now, after, limit).first
    with call.snapshot(*_models(filters), first=first) as snapshot:
        places, position = places_in(snapshot), snapshot.position
        if places is not None:
            # One more than is shown tells that there are more.
            texts = customer_texts(call, snapshot, places[: asked.limit])
        elif who:
            rows = found_in_directory(call.ledger.recorder, snapshot, filters, who, after, limit)
            found = _beside(call, snapshot, rows, now)
        else:
            rows = find_customers(snapshot, call.business_id, filters, after, limit)
            found = _beside(call, snapshot, rows, now)
    if places is not None:
        written = texts.by_id()
        return call.page_of_texts(
            places,
            key=lambda place: [place.customer_id],
            shown=lambda place: written[place.customer_id],
            position=position,
        )
    people = people_in(call.ledger.recorder, found.rows[: asked.limit]) if call.sees_people else {}
    return call.page(
        CustomerPage,
        found.rows,
        key=lambda row: [row["customer_id"]],
        shown=lambda row: in_list(
            row, people, found.counts[row["customer_id"]], found.absorbed.get(row["customer_id"], ())
        ),
        position=position,
    )


class Matching(NamedTuple):
    """The rows of a page, one more if there is one, and what is shown beside them."""

    rows: list[Row]
    counts: Mapping[str, Counts]
    absorbed: Mapping[str, Sequence[str]]


def _beside(call: Query[CustomerParameters], snapshot: Snapshot, rows: list[Row], now: datetime) -> Matching:
    counts = counts_in(snapshot, call.business_id, rows, now)
    absorbed = absorbed_by(snapshot, call.business_id, [row["customer_id"] for row in rows])
    return Matching(rows, counts, absorbed)


def customer_filters(asked: CustomerSearch, business: Business | None) -> list[CustomerFilter]:
    """The filters asked for, and those of the segment. `business` is needed for a segment. Raises NotFound."""
    filters = [replace(filter_of(asked), import_id=asked.import_id)]
    if asked.segment_id is not None:
        segment = None if business is None else business.segments.get(asked.segment_id)
        if segment is None or segment.removed:
            raise NotFound("segment", asked.segment_id)
        filters.append(filter_of(segment.filters))
    return filters


def filter_of(given: CustomerFilters) -> CustomerFilter:
    """Filters for the read models."""
    status: set[Literal["active", "inactive"]] = {*given.status}
    return CustomerFilter(
        category=given.category,
        active=None if len(status) != 1 else status == {"active"},
        blocked=given.blocked,
        consent=given.consent,
        service_type=given.service_type,
        service_id=given.service_id,
        unused_service_type=given.unused_service_type,
        unused_service_id=given.unused_service_id,
        offer_id=given.offer_id,
        bookings=Range(given.booking_from, given.booking_to),
        booking_status=given.booking_status,
        external_ref=given.external_ref,
    )


HANDLERS = (list_customers,)
