"""A booking as an answer: the one shape that commands, queries and lists share (api.md, Booking).

It is made from its row (projections/models/bookings.py) and from the names of what it mentions. Names of
people come from the directory, only for readers who may see them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from api.http.ledger_types import Books
from api.http.new_values import NewId, NewMoment
from api.http.query import Query
from api.http.request import Call
from api.resources.packages.numbers import as_numbered
from api.resources.parts import (
    NOBODY,
    HouseholdMember,
    NamedThing,
    People,
    SignedMoney,
    Start,
    beneficiary,
    granted_by,
    kinds_of,
    known,
    local,
    named,
    with_kinds,
)
from domain.booking.state import owing
from domain.catalogue.facts import ServiceTerms
from domain.decision import Decision, NotLoaded, Reads
from domain.moments import rfc3339
from domain.package.state import PaymentStatus, payment_status
from domain.values import RECORDED_AT, ExternalRef, Value, Wording
from projections.engine.definition import Row

# The answer


class BookedCustomer(Value):
    """Who booked; all but the id null to those who may not see people's data (S138)."""

    id: str
    name: str | None
    email: str | None
    mobile: str | None
    country_code: str | None


class BookedService(NamedThing):
    service_type: str | None


class BookingSource(Value):
    """A package whose units pay for the booking, and how many of them."""

    package_id: str
    membership_id: str | None
    name: str | None
    """Null, like the number, only while a list has not caught up with the sale."""
    purchase_number: int | None
    quantity: int


class CancellationRules(Value):
    """The rules that were in force when it was booked (S93), and what became of the units under them."""

    notice_hours: int
    late: Literal["forfeit", "restore"]
    text: str | None
    """The rules in words, for the customer."""
    free_until: str
    """A cancellation until this moment gives every unit back."""
    local_date: str
    """The day of `free_until`, in the zone of the booking."""
    local_time: str
    time_zone: str
    policy_version: int | None
    """That of the business when these rules were agreed; null for the rules of an offer."""
    outcome: Literal["restored", "forfeited", "partly_forfeited"] | None
    """Null while the booking stands, and if no unit was to go back."""
    usable: int | None
    """Units that went back and can be used again."""
    unusable: Literal["package-expired", "package-cancelled"] | None
    """The reason why not all of them can."""
    overridden: bool
    """Whether staff overrode the rules."""
    reason: str | None
    reason_code: str | None
    """The reason of the cancellation, by a code of the business."""
    reason_text: str | None
    """The text that the code had then."""
    in_time: bool | None
    """Null unless the booking was cancelled."""
    by: Literal["customer", "business"] | None


class BookingSeries(Value):
    """The place of a booking in its series; the id is that of the first booking."""

    id: NewId
    number: int
    count: int


class Booking(Value):
    id: NewId
    status: Literal["pending", "confirmed", "completed", "cancelled"]
    customer: BookedCustomer
    service: BookedService
    participant: HouseholdMember
    staff: NamedThing | None
    location: NamedThing | None
    starts_at: str
    local_date: str
    """The day of its start, in the zone of its location, else of the business."""
    local_time: str
    time_zone: str
    quantity: int
    attendance: Literal["unmarked", "attended", "late", "no_show"]
    attendance_reason: str | None
    price: SignedMoney | None
    """In money: the list price when it was booked × quantity, or what a payment said; null where neither is known."""
    paid: SignedMoney
    """Paid in money, other than with units: payments less refunds."""
    refunded: SignedMoney
    owing: SignedMoney | None
    """0 where units pay for it, and where what was paid is to be refunded; null where no price is known."""
    to_refund: SignedMoney
    """Paid for a booking that did not take place, and to be given back by the terms or their override."""
    payment_status: PaymentStatus | None
    """Of what is paid in money; null where units pay for it or no price is known."""
    payment_method: str | None
    """Of the latest payment."""
    payment_id: str | None
    """The latest payment; `…/payments` has all."""
    credits_used: int
    """Units of packages it has used, holds or has forfeited; what was restored no longer counts."""
    uses_package: bool
    """Whether it was booked with units of a package: the badge (S94)."""
    sources: tuple[BookingSource, ...]
    deduct: Literal["at_booking", "at_attendance"]
    redemption_id: str | None
    """The redemption that took its units; null until they are used."""
    cancellation: CancellationRules
    series: BookingSeries | None
    made_by: Literal["customer", "business"]
    recorded_at: NewMoment
    external_ref: ExternalRef | None
    version: int


# From a row


@dataclass(frozen=True, slots=True)
class Names:
    """Names of the things and people that bookings mention, by id. An absent name is not told."""

    currency: str
    services: Mapping[str, ServiceTerms] = field(default_factory=dict)
    locations: Mapping[str, str] = field(default_factory=dict)
    packages: Mapping[str, Row] = field(default_factory=dict)
    """Package → name, purchase_number, origin, origin_id."""
    people: People = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)


def shown_booking(booking: Row, names: Names, *, recorded_at: str | None = None) -> Booking:
    """A row as an answer. `recorded_at` replaces a moment that is not known yet."""
    customer_id, location_id = booking["customer_id"], booking["location_id"]
    owed = owing(
        booking["price"],
        booking["paid"],
        with_units=bool(booking["sources"]),
        refund_due=booking["refund_due"],
    )

    def money(amount: int) -> SignedMoney:
        return SignedMoney(amount=amount, currency=names.currency)

    return Booking(
        id=booking["booking_id"],
        status=booking["status"],
        customer=booked_customer(customer_id, names.people),
        service=_service(booking["service_id"], names.services),
        participant=HouseholdMember(**beneficiary(booking["participant_id"], customer_id, names.people)),
        staff=named(booking["staff_id"], names.people),
        location=None
        if location_id is None
        else NamedThing(id=location_id, name=names.locations.get(location_id)),
        starts_at=rfc3339(booking["starts_at"]),
        **local(booking["starts_at"], booking["time_zone"]),
        quantity=booking["quantity"],
        attendance=booking["attendance"],
        attendance_reason=names.texts.get(booking["attendance_reason_id"] or ""),
        price=None if booking["price"] is None else money(booking["price"]),
        paid=money(booking["paid"]),
        refunded=money(booking["refunded"]),
        owing=None if owed is None else money(owed),
        to_refund=money(booking["paid"] if booking["refund_due"] else 0),
        payment_status=_payment_status(booking),
        payment_method=booking["payment_method"],
        payment_id=booking["payment_id"],
        credits_used=booking["credits_used"],
        uses_package=bool(booking["sources"]),
        sources=tuple(_source(source, names.packages) for source in booking["sources"]),
        deduct=booking["deduct"],
        redemption_id=booking["redemption_id"] if booking["redeemed"] else None,
        cancellation=_cancellation(booking, names),
        series=_series(booking),
        made_by=booking["made_by"],
        recorded_at=recorded_at or rfc3339(booking["made_at"]),
        external_ref=_external_ref(booking["external_ref"]),
        version=booking["version"],
    )


def _payment_status(booking: Row) -> PaymentStatus | None:
    if booking["price"] is None or booking["sources"] or booking["refund_due"]:
        return None
    return payment_status(booking["price"], booking["paid"])


def booked_customer(id: str, people: People) -> BookedCustomer:
    told = people.get(id, {})
    contacts = {name: told.get(name) for name in ("name", "email", "mobile", "country_code")}
    return BookedCustomer(id=id, **contacts)


def _service(id: str, services: Mapping[str, ServiceTerms]) -> BookedService:
    terms = services.get(id)
    if terms is None:
        return BookedService(id=id, name=None, service_type=None)
    return BookedService(id=id, name=terms.name, service_type=terms.service_type)


def _source(source: Row, packages: Mapping[str, Row]) -> BookingSource:
    package = packages.get(source["package_id"], {})
    return BookingSource(
        package_id=source["package_id"],
        membership_id=granted_by(package),
        name=package.get("name"),
        purchase_number=package.get("purchase_number"),
        quantity=source["quantity"],
    )


def _cancellation(booking: Row, names: Names) -> CancellationRules:
    alike = (
        "notice_hours",
        "late",
        "policy_version",
        "outcome",
        "usable",
        "unusable",
        "overridden",
        "reason_code",
        "reason_text",
        "in_time",
    )
    return CancellationRules(
        **{name: booking[name] for name in alike},
        text=booking["terms_text"],
        free_until=rfc3339(booking["free_until"]),
        **local(booking["free_until"], booking["time_zone"]),
        by=booking["cancelled_by"],
        reason=names.texts.get(booking["reason_id"] or ""),
    )


def _series(booking: Row) -> BookingSeries | None:
    if booking["series_id"] is None:
        return None
    return BookingSeries(
        id=booking["series_id"], number=booking["series_number"], count=booking["series_count"]
    )


def _external_ref(text: str | None) -> ExternalRef | None:
    if text is None:
        return None
    source, _, ref = text.partition(":")
    return ExternalRef(source=source, ref=ref)


def starts_of(call: Query[Any], customer_id: str, ids: Iterable[str | None]) -> dict[str, Start]:
    """Booking → its present start, for bookings of this customer; those of other systems are left out."""
    wanted = {id: 0 for id in ids if id is not None}
    if not wanted:
        return {}
    books = call.look(Reads(wanted))
    found = {id: books.booking(id) for id in wanted}
    return {
        id: Start(each.starts_at, each.time_zone)
        for id, each in found.items()
        if each and each.customer_id == customer_id
    }


def reasons_of(call: Query[Any], rows: Iterable[Row]) -> dict[str, str]:
    """Reasons of cancellations and marks by the id of the text; none for those who may not see people's data."""
    named = {row[name] for row in rows for name in ("reason_id", "attendance_reason_id")}
    ids = sorted(id for id in named if id is not None)
    if not ids or not call.sees_people:
        return {}
    return {text.id: text.text for text in call.ledger.recorder.texts(ids)}


# As the books stand


def in_books(books: Books, booking_id: str, call: Call, reason: Wording | None = None) -> Booking:
    """The booking, facts of the command under way included. Raises NotLoaded for names that were not read."""
    stream = books.stream(booking_id)
    assert stream is not None, "the command has read this booking"
    booking: Row = stream.view
    recorded_at = None if stream.position > 0 else RECORDED_AT
    names = names_in(books, booking, call, {} if reason is None else {reason.id: reason.text})
    return shown_booking(booking, names, recorded_at=recorded_at)


def names_in(books: Books, booking: Row, call: Call, texts: Mapping[str, str]) -> Names:
    """Present names of what a booking mentions. Raises NotLoaded, with all that was not read."""
    spoken_of = (booking["service_id"], booking["customer_id"], booking["staff_id"])
    _check_read(books, [id for id in spoken_of if id is not None])
    service = books.service(booking["service_id"])
    people = with_kinds(_people(books, booking) if call.sees_people else NOBODY, _kinds(books, booking))
    return Names(
        currency=call.currency,
        services={} if service is None else {booking["service_id"]: service.terms},
        locations={id: location.name for id, location in books.business.locations.items()},
        packages={
            source["package_id"]: _package(books, source["package_id"]) for source in booking["sources"]
        },
        people=people,
        texts=texts,
    )


def _check_read(books: Books, ids: Iterable[str]) -> None:
    """Raises NotLoaded once for all missing ids, so that they are read together."""
    missing = Reads()
    for id in ids:
        try:
            books.stream(id)
        except NotLoaded as lacking:
            missing |= lacking.reads
    if missing != Reads():
        raise NotLoaded(missing)


def _people(books: Books, booking: Row) -> dict[str, dict[str, Any]]:
    ids = (booking["customer_id"], booking["participant_id"], booking["staff_id"])
    return known(person for id in ids if id is not None and (person := books.person(id)) is not None)


def _kinds(books: Books, booking: Row) -> dict[str, dict[str, str]]:
    return kinds_of(books.customer(booking["customer_id"]))


def _package(books: Books, id: str) -> Row:
    stream = books.stream(id)
    assert stream is not None, "a booking's packages are read with it"
    return as_numbered(books, stream.view)


def in_answer(books: Books, decision: Decision) -> tuple[str, ...]:
    """The customers and members of staff named in the bookings of a decision."""
    ids: dict[str, None] = {}
    for id, (kind, _) in decision.facts.items():
        if kind == "booking" and (booking := books.booking(id)) is not None:
            ids[booking.customer_id] = None
            if booking.staff_id is not None:
                ids[booking.staff_id] = None
    return tuple(ids)
