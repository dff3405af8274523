"""Questions about bookings: one, now or in the past; lists across customers, and of one customer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from api.http.conditions import is_untouched
from api.http.date_ranges import OWN_DAYS, check_range
from api.http.gathered_lists import terms_of
from api.http.ledger_types import Books, BookStream, RecordedFact
from api.http.permissions import READERS_OR_OWN
from api.http.query import Found, ListParameters, ListReads, Page, Query, TravelParameters
from api.http.query_route import query
from api.resources.authors import actors_known
from api.resources.bookings.answer import (
    BookedCustomer,
    Booking,
    Names,
    booked_customer,
    names_in,
    reasons_of,
    shown_booking,
)
from api.resources.bookings.kept_bookings import BookingTexts, booking_texts
from api.resources.packages.at_a_moment import kinds_at
from api.resources.packages.numbers import as_numbered
from api.resources.parts import NOBODY, People, known, with_kinds
from api.resources.payments.answer import PaymentPage, actors_of, payments_after, reasons_in, shown_payment
from domain.booking.facts import Status
from domain.booking.state import Booking as BookingState
from domain.catalogue.state import Service
from domain.claims import booking_claims
from domain.decision import Reads
from domain.moments import DayOrMoment, from_milliseconds, to_milliseconds
from domain.refusals import NotFound
from domain.values import (
    CustomerId,
    LocationId,
    PackageId,
    ParticipantId,
    ServiceId,
    SourceAndReference,
    StaffId,
    Value,
)
from projections.engine.definition import Row
from projections.engine.snapshot import Snapshot
from projections.models.bookings import booking_of
from projections.queries.booking_places import PlacesOf, bookings_at, places_in
from projections.queries.bookings import (
    READS,
    BookingFilter,
    StartKey,
    count_upcoming,
    find_bookings,
    paying_in,
    services_in,
)
from projections.queries.packages import kinds_in
from projections.queries.ranges import Range
from projections.queries.rows_by_id import WithHouseholds
from replay.as_of import Past, position_of, state_at
from replay.booking import booking_facts
from replay.payments import payments_of

NOTHING_FOUND = "No Data Found"
VALUES_MAX = 50
"""Values of one repeated parameter."""

# One booking


@query(
    "/v1/bookings/{booking_id}",
    "bookings.show",
    "One booking",
    roles=READERS_OR_OWN,
    answer=Booking,
    parameters=TravelParameters,
)
def show_booking(call: Query[TravelParameters]) -> Found:
    """Now, or with `at_version`, `as_of` and `effective_as_of` as it was."""
    asked = ask(call)
    booking, state = asked.booking, asked.stream.state
    spoken_of = [state.service_id, state.customer_id, state.staff_id]
    beside = call.look(asked.wanted | Reads({each: 0 for each in spoken_of if each is not None}))
    booking = beside.owned(booking)
    names = _names(beside, booking, call, asked.past, asked.position)
    return Found(
        shown_booking(booking, names),
        asked.position,
        booking["version"],
        is_as_tagged=lambda: bool(asked.past) or is_untouched(beside, call.id("booking_id")),
    )


@dataclass(frozen=True, slots=True)
class BookingAsked:
    """A booking at the moment asked about."""

    wanted: Reads
    stream: BookStream
    past: Past
    facts: list[RecordedFact]
    booking: Row
    position: int


def ask(call: Query[Any]) -> BookingAsked:
    """The booking of the path. Raises NotFound, validation-failed."""
    past, id = call.past(), call.id("booking_id")
    wanted = Reads({id: 0, call.business_id: 0}, claimed=(booking_claims(id),), with_customers=True)
    books = call.look(wanted)
    stream = books.stream(id)
    if stream is None or not isinstance(stream.state, BookingState):
        raise NotFound("booking", id)
    call.check_version(past, stream.version, "booking")
    facts = booking_facts(stream.facts, past)
    booking = booking_of(facts)
    if booking is None:
        raise NotFound("booking", id)
    position = position_of(call.ledger.recorder, past, stream.facts, books.head.position)
    return BookingAsked(wanted, stream, past, facts, booking, position)


class PastPage(ListParameters, TravelParameters):
    """A page of a list of one booking, now or in the past."""


@query(
    "/v1/bookings/{booking_id}/payments",
    "bookings.payments",
    "The payments for a booking, with their refunds",
    roles=READERS_OR_OWN,
    answer=PaymentPage,
    parameters=PastPage,
)
def list_payments(call: Query[PastPage]) -> Found:
    """In the order of recording, each with its refunds; now, or as it was."""
    asked = ask(call)
    page = payments_after(payments_of(asked.facts), call.after())
    zone, people, texts = asked.booking["time_zone"], NOBODY, None
    if call.sees_people and not asked.past:
        people = actors_known(call, actors_of(page))
        texts = {text.id: text.text for text in call.ledger.recorder.texts(sorted(reasons_in(page)))}
    return call.page(
        PaymentPage,
        page,
        key=lambda paid: [paid.fact.payment_id],
        shown=lambda paid: shown_payment(paid, call.currency, zone, people, texts),
        position=asked.position,
    )


def _names(books: Books, booking: Row, call: Query[Any], past: Past, position: int) -> Names:
    if past:
        return names_at(books, booking, call, position)
    return names_in(books, booking, call, reasons_of(call, [booking]))


def names_at(books: Books, booking: Row, call: Query[Any], position: int) -> Names:
    """Names of what a booking mentions, at a position of the ledger: from facts, not from the directory."""
    service = _state_at(books, booking["service_id"], position)
    business = _state_at(books, books.business_id, position)
    packages = [(id, books.stream(id)) for id in (source["package_id"] for source in booking["sources"])]
    return Names(
        currency=call.currency,
        services={booking["service_id"]: service.terms} if isinstance(service, Service) else {},
        locations={id: location.name for id, location in business.locations.items()},
        packages={id: as_numbered(books, stream.view) for id, stream in packages if stream is not None},
        people=with_kinds(NOBODY, kinds_at(books, booking["customer_id"], position)),
    )


def _state_at(books: Books, id: str, position: int) -> Any:
    stream = books.stream(id)
    return None if stream is None else state_at(stream.facts, position)


# Lists


class BookingPage(Page[Booking]):
    empty_text: str | None
    """The text of a screen with nothing to show; null otherwise (S142)."""


class CustomerBookingPage(BookingPage):
    customer: BookedCustomer
    upcoming_count: int
    """Pending and confirmed bookings of the customer that have not begun, whatever the filters and the page: the badge
    of the tab."""


Some = Field(max_length=VALUES_MAX)


class CustomerBookingFilters(Value):
    """Filters combine with AND; a parameter that is repeated matches any of its values."""

    from_: Annotated[DayOrMoment | None, Field(alias="from")] = None
    """The first start, or the first day: the `local_date` of each booking, in the zone of its location."""
    to: DayOrMoment | None = None
    """The last start, or the last `local_date`."""
    service_id: Annotated[tuple[ServiceId, ...], Some] = ()
    status: Annotated[tuple[Status, ...], Some] = ()
    participant_id: Annotated[tuple[ParticipantId, ...], Some] = ()


class CustomerBookingParameters(ListParameters, CustomerBookingFilters):
    """Filters combine with AND; a parameter that is repeated matches any of its values."""


class BookingFilters(CustomerBookingFilters):
    customer_id: Annotated[tuple[CustomerId, ...], Some] = ()
    staff_id: Annotated[tuple[StaffId, ...], Some] = ()
    location_id: Annotated[tuple[LocationId, ...], Some] = ()
    package_id: Annotated[tuple[PackageId, ...], Some] = ()
    """Paid with units of these packages."""
    attendance: Annotated[tuple[Literal["unmarked", "attended", "late", "no_show"], ...], Some] = ()
    external_ref: SourceAndReference | None = None
    """`source:ref`"""


class BookingParameters(ListParameters, BookingFilters):
    """Filters combine with AND; a parameter that is repeated matches any of its values."""


def list_reads(call: Query[BookingParameters]) -> ListReads[PlacesOf]:
    """Raises Problem."""
    places = PlacesOf(booking_filter(call.parameters), start_key(call.after()), call.parameters.limit + 1)
    return ListReads(READS, places)


@query(
    "/v1/bookings",
    "bookings.list",
    "Bookings across customers, by their start",
    roles=READERS_OR_OWN,
    answer=BookingPage,
    parameters=BookingParameters,
    reads=list_reads,
)
def list_bookings(call: Query[BookingParameters]) -> Found:
    """All filters combine with AND; a repeated parameter matches any of its values."""
    reads = call.at_first(list_reads)
    return _page(call, BookingPage, reads.places, call.look(terms_of(call.business_id), facts=False))


@query(
    "/v1/customers/{customer_id}/bookings",
    "bookings.list_of_customer",
    "The bookings of a customer and their household, past and upcoming, by their start",
    roles=READERS_OR_OWN,
    answer=CustomerBookingPage,
    parameters=CustomerBookingParameters,
)
def list_bookings_of_customer(call: Query[CustomerBookingParameters]) -> Found:
    """Filter by range, service, status and participant. `upcoming_count` is for the badge of the tab."""
    customer_id = call.id("customer_id")
    books = call.look(Reads({call.business_id: 0, customer_id: 0}), facts=False)
    if books.customer(customer_id) is None:
        raise NotFound("customer", customer_id)
    people = known(books.people(customer_id)) if call.sees_people else NOBODY
    wanted = _filter(call.parameters, customer_id=(customer_id,))
    places = PlacesOf(wanted, start_key(call.after()), call.parameters.limit + 1)
    now = call.frame.carnet.clock()

    def counted(snapshot: Snapshot) -> dict[str, Any]:
        return {"upcoming_count": count_upcoming(snapshot, call.business_id, customer_id, now)}

    customer = booked_customer(customer_id, people)
    return _page(call, CustomerBookingPage, places, books, counted, customer=customer)


def booking_filter(asked: BookingFilters) -> BookingFilter:
    """Raises validation-failed."""
    ref = () if asked.external_ref is None else (asked.external_ref,)
    named = ("customer_id", "staff_id", "location_id", "package_id", "attendance")
    return _filter(asked, external_ref=ref, **{name: getattr(asked, name) for name in named})


def _filter(asked: CustomerBookingFilters, **more: Any) -> BookingFilter:
    check_range(asked.from_, asked.to, OWN_DAYS, "/to")
    return BookingFilter(
        service_id=asked.service_id,
        status=asked.status,
        participant_id=asked.participant_id,
        starts=Range(asked.from_, asked.to),
        **more,
    )


def _page(
    call: Query[Any],
    page: type[BookingPage],
    of_places: PlacesOf,
    books: Books,
    counted: Callable[[Snapshot], Mapping[str, Any]] = lambda snapshot: {},
    **more: Any,
) -> Found:
    wanted, after, limit = of_places.wanted, of_places.after, of_places.limit
    with call.snapshot(*READS, first=of_places.first) as snapshot:
        places, position = places_in(snapshot), snapshot.position
        more |= counted(snapshot)
        if places is not None:
            # One more than is shown tells that there are more.
            known = booking_texts(call, snapshot, places[: limit - 1], books)
            texts = known.with_(*_anew(call, snapshot, known, books), keeps=not snapshot.is_stale)
        else:
            rows = find_bookings(snapshot, call.business_id, wanted, after=after, limit=limit)
            names = names_of(call, snapshot, rows, books)
    if places is not None:
        return call.page_of_texts(
            places,
            key=lambda place: [to_milliseconds(place.starts_at), place.booking_id],
            shown=lambda place: texts[place.booking_id],
            position=position,
            empty_text=None,
            **more,
        )
    return call.page(
        page,
        rows,
        key=place_of,
        shown=lambda row: shown_booking(row, names),
        position=position,
        empty_text=None if rows else NOTHING_FOUND,
        **more,
    )


def _anew(
    call: Query[Any], snapshot: Snapshot, known: BookingTexts, books: Books
) -> tuple[WithHouseholds, Names]:
    """The bookings that are not known, and the names of what they mention."""
    if not known.lacking:
        return WithHouseholds([], {}), Names(call.currency)
    anew = bookings_at(snapshot, call.business_id, known.lacking)
    return anew, names_of(call, snapshot, anew.rows, books)


def place_of(row: Row) -> list[Any]:
    """The place of a booking in a list by start, as a cursor holds it."""
    return [to_milliseconds(row["starts_at"]), row["booking_id"]]


def start_key(place: list[Any] | None) -> StartKey | None:
    return None if place is None else (from_milliseconds(place[0]), place[1])


def names_of(call: Query[Any], snapshot: Snapshot, rows: Sequence[Row], books: Books) -> Names:
    """Names of what the bookings of a page mention. `books` hold the business, whose locations they name."""
    services = services_in(snapshot, call.business_id, rows)
    packages = paying_in(snapshot, call.business_id, rows)
    people = with_kinds(_people(call, rows), kinds_in(snapshot, call.business_id, rows))
    locations: Mapping[str, str] = {id: each.name for id, each in books.business.locations.items()}
    return Names(call.currency, services, locations, packages, people, reasons_of(call, rows))


def _people(call: Query[Any], rows: Sequence[Row]) -> People:
    ids = {row[name] for row in rows for name in ("customer_id", "participant_id", "staff_id")}
    if not rows or not call.sees_people:
        return NOBODY
    return known(call.ledger.recorder.people(sorted(id for id in ids if id is not None)))


HANDLERS = (show_booking, list_payments, list_bookings, list_bookings_of_customer)
