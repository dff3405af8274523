"""The customer list: search while typing, and every filter of the desk (S106–S108, S114–S125).

Names and numbers are searched in the directory, everything else in the read models, which may be in another
database. Only ids are passed between them, some hundreds at a time.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal, NamedTuple

from pydantic import StringConstraints

from api.http.date_ranges import OWN_DAYS, check_range
from api.http.permissions import CUSTOMER_READERS
from api.http.problems import Problem
from api.http.query import Found, ListParameters, ListReads, Page, Query
from api.http.query_route import query
from api.resources.customers.answer import Counts, Customer, counts_in, in_list, people_in
from api.resources.customers.kept_customers import customer_texts
from domain.business.customer_filters import CustomerFilters, CustomerFiltersBody
from domain.business.state import Business
from domain.decision import Reads
from domain.people.name_search import matches, words
from domain.people.profile import searched
from domain.refusals import NotFound
from domain.values import SegmentId
from projections.engine.definition import Row
from projections.engine.snapshot import Snapshot
from projections.models.packages import CARDS
from projections.models.points import POINTS
from projections.queries.customer_places import PlacesOf, places_in
from projections.queries.customers import CustomerFilter, customers_among, find_customers, reads
from projections.queries.merged import absorbed_by
from projections.queries.ranges import Range

LOOKED_THROUGH_FIRST = 200
"""Customers whose names are compared before the index is asked: a common word fills the page with them."""
LOOKED_THROUGH = 500
FOUND_MAX = 2_000
"""Customers that the index may name. A word with more is so common that comparing in order is quicker."""
AT_ONCE = 100
AT_ONCE_MAX = 500


class CustomerPage(Page[Customer]):
    pass


class CustomerSearch(CustomerFiltersBody):
    """Filters combine with AND; a parameter that is repeated matches any of its values."""

    search: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None
    """Parts of the name's words or of the mobile number, or an e-mail or its beginning, ignoring case, accents and
    spaces; only for readers who may see them."""
    segment_id: SegmentId | None = None
    """Adds the filters that are saved under this id."""


class CustomerParameters(ListParameters, CustomerSearch):
    """Filters combine with AND; a parameter that is repeated matches any of its values."""


def list_reads(call: Query[CustomerParameters]) -> ListReads[PlacesOf] | None:
    """None where the directory or the ledger has to be asked first. Raises Problem."""
    asked = call.parameters
    if asked.search is not None or asked.segment_id is not None:
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
    if asked.search is not None and not call.sees_people:
        raise Problem("forbidden", "only those who may see names may search for them")
    check_range(asked.booking_from, asked.booking_to, OWN_DAYS, "/booking_to")
    searched_for = () if asked.search is None else words(asked.search)
    business = None if asked.segment_id is None else call.look(Reads({call.business_id: 0})).business
    filters = customer_filters(asked, business)
    after = (call.after() or [None])[0]
    limit, now = asked.limit + 1, call.frame.carnet.clock()
    first = None if searched_for else PlacesOf(filters, now, after, limit).first
    with call.snapshot(*_models(filters), first=first) as snapshot:
        places, position = places_in(snapshot), snapshot.position
        if places is not None:
            # One more than is shown tells that there are more.
            texts = customer_texts(call, snapshot, places[: asked.limit])
        elif searched_for:
            found = _beside(call, snapshot, _searched(call, snapshot, filters, searched_for, after), now)
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
    filters = [filter_of(asked)]
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


# The search


def _searched(
    call: Query[CustomerParameters],
    snapshot: Snapshot,
    filters: Sequence[CustomerFilter],
    searched_for: Sequence[str],
    after: str | None,
) -> list[Row]:
    """The customers who pass the filters and match these words."""
    wanted, window = call.parameters.limit + 1, LOOKED_THROUGH_FIRST
    found: list[Row] = []
    asked_index = False
    while True:
        rows = find_customers(snapshot, call.business_id, filters, after, window)
        found += _named(call, rows, searched_for)
        if len(found) >= wanted or len(rows) < window:
            return found[:wanted]
        after = rows[-1]["customer_id"]
        if not asked_index:
            asked_index, window = True, LOOKED_THROUGH
            ids = call.ledger.recorder.search(searched_for, after or "", FOUND_MAX + 1)
            if len(ids) <= FOUND_MAX:
                return (found + _among(call, snapshot, filters, ids, wanted - len(found)))[:wanted]


def _named(call: Query[CustomerParameters], rows: Sequence[Row], searched_for: Sequence[str]) -> list[Row]:
    people = call.ledger.recorder.people([row["customer_id"] for row in rows])
    found = {person.id for person in people if matches(searched(person) or "", searched_for)}
    return [row for row in rows if row["customer_id"] in found]


def _among(
    call: Query[CustomerParameters],
    snapshot: Snapshot,
    filters: Sequence[CustomerFilter],
    ids: Sequence[str],
    wanted: int,
) -> list[Row]:
    """The customers of these ids who pass the filters, in order, until there are as many as wanted."""
    found: list[Row] = []
    in_order, some = sorted(ids), AT_ONCE
    while in_order and len(found) < wanted:
        found += customers_among(snapshot, call.business_id, filters, in_order[:some])
        in_order, some = in_order[some:], min(2 * some, AT_ONCE_MAX)
    return found


HANDLERS = (list_customers,)
