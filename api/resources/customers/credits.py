"""The credits tab of a customer: units available by service, and the history of use (S41–S46)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from api.http.ledger_types import Books, BookStream
from api.http.permissions import READERS_OR_OWN
from api.http.query import Found, ListParameters, Page, Query
from api.http.query_route import query
from api.resources.bookings.answer import starts_of
from api.resources.packages.card import PackageCard, shown
from api.resources.packages.numbers import as_numbered
from api.resources.parts import (
    NOBODY,
    HouseholdMember,
    LocalTime,
    NamedThing,
    People,
    Start,
    beneficiary,
    granted_by,
    kinds_of,
    known,
    local,
    with_kinds,
)
from domain.business.facts import Policies
from domain.decision import Reads
from domain.moments import local_day, rfc3339
from domain.refusals import NotFound
from domain.values import Value
from projections.engine.definition import Row
from projections.models.card_columns import summed
from projections.queries.credits import usage_of
from projections.queries.packages import display_key
from replay.package import services_of


class CreditPackage(Value):
    """A package that has units for the service."""

    package_id: str
    name: str
    purchase_number: int
    expires_on: str | None
    available: int
    membership_id: str | None
    """The membership that granted it."""


class ServiceCredits(Value):
    """What can be used for a service now. Units of a shared line count for each service they are good for."""

    id: str
    name: str
    service_type: str
    available: int
    packages: tuple[CreditPackage, ...]


class UsageRow(LocalTime):
    """The local time is that of the session, or of the deduction where no session was named."""

    deducted_on: str
    """The day the units were deducted, in the package's zone (S43)."""
    deducted_at: str
    booking_starts_at: str | None
    """The start of the session, if it was given; the present start of a booking (S44)."""
    service: NamedThing
    quantity: int
    package_id: str
    membership_id: str | None
    """The membership that granted the package."""
    source_name: str
    """The package they were deducted from."""
    purchase_number: int
    kind: Literal["used", "forfeited"]
    """Forfeited: a late cancellation or a no-show."""
    returned: int
    """Units of these that went back since."""
    participant: HouseholdMember
    booking_id: str | None
    redemption_id: str | None


class Credits(Value):
    services: tuple[ServiceCredits, ...]
    """Soonest expiry first, as the packages are shown."""
    usage: tuple[UsageRow, ...]
    """Latest deduction first."""
    next_cursor: str | None
    has_more: bool
    stale: bool
    """Whether the ledger has newer facts than `Ledger-Position`, which are not in here yet."""


class UsagePage(Page[UsageRow]):
    pass


@query(
    "/v1/customers/{customer_id}/credits",
    "credits.show",
    "The credits of a customer by service, and the history of their use",
    roles=READERS_OR_OWN,
    answer=Credits,
    parameters=ListParameters,
)
def show_credits(call: Query[ListParameters]) -> Found:
    """What can be used now, service by service, and every use with what was given back of it."""
    customer_id = call.id("customer_id")
    books = call.look_renewed(Reads({call.business_id: 0, customer_id: 0}, packages_of=(customer_id,)))
    check_known(books, customer_id)
    people = with_kinds(
        known(books.people(customer_id)) if call.sees_people else NOBODY,
        kinds_of(books.customer(customer_id)),
    )
    streams = {id: books.stream(id) for id, _, _ in books.packages_of(customer_id)}
    packages = {id: stream for id, stream in streams.items() if stream is not None}
    for stream in packages.values():
        stream.view = as_numbered(books, stream.view)
    rows = [row for stream in packages.values() for row in usage_of(stream.facts)]
    rows.sort(key=_place, reverse=True)
    after = call.after()
    rows = [row for row in rows if after is None or _place(row) < after]
    page = rows[: call.parameters.limit]
    starts = starts_of(call, customer_id, [row["booking_id"] for row in page])
    found = call.page(
        UsagePage,
        rows,
        key=_place,
        shown=lambda row: usage_row(row, packages[row["package_id"]], customer_id, people, starts),
        position=books.head.position,
    )
    assert isinstance(found.body, UsagePage)
    usage, now = found.body, call.frame.carnet.clock()
    services = tuple(_services(list(packages.values()), now, books.business.policies))
    told = Credits(
        services=services,
        usage=usage.data,
        next_cursor=usage.next_cursor,
        has_more=usage.has_more,
        stale=usage.stale,
    )
    return Found(told, found.position)


def check_known(books: Books, customer_id: str) -> None:
    if books.customer(customer_id) is None:
        raise NotFound("customer", customer_id)


def _place(row: Row) -> list[Any]:
    """The place of a deduction in the history; no two are equal."""
    return [rfc3339(row["deducted_at"]), row["position"]]


def usage_row(
    row: Row, package: BookStream, customer_id: str, people: People, starts: Mapping[str, Start]
) -> UsageRow:
    """`starts`: the present starts of bookings, which may have been moved since."""
    card = package.view
    start = starts.get(row["booking_id"], Start(row["session_at"] or row["deducted_at"], card["time_zone"]))
    has_session = row["session_at"] is not None or row["booking_id"] in starts
    service = services_of(package.facts).get(row["service_id"])
    return UsageRow(
        deducted_on=local_day(row["deducted_at"], card["time_zone"]).isoformat(),
        deducted_at=rfc3339(row["deducted_at"]),
        booking_starts_at=rfc3339(start.moment) if has_session else None,
        **local(start.moment, start.zone),
        service=NamedThing(id=row["service_id"], name=None if service is None else service.name),
        membership_id=granted_by(card),
        source_name=card["name"],
        purchase_number=card["purchase_number"],
        participant=HouseholdMember(**beneficiary(row["participant_id"], customer_id, people)),
        **{
            name: row[name]
            for name in ("quantity", "package_id", "kind", "returned", "booking_id", "redemption_id")
        },
    )


def _services(packages: Sequence[BookStream], now: datetime, terms: Policies) -> Iterator[ServiceCredits]:
    rows = sorted(
        (summed(stream.view) for stream in packages),
        key=lambda row: display_key(row, now, payment_required=terms.payment_required),
    )
    called: dict[str, tuple[str, str]] = {}
    parts: dict[str, list[CreditPackage]] = {}
    cards = [shown(row, now, NOBODY, terms=terms) for row in rows]
    for card in cards:
        for service_id, available in _available(card).items():
            parts.setdefault(service_id, []).append(
                CreditPackage(
                    package_id=card.id,
                    name=card.name,
                    purchase_number=card.purchase_number,
                    expires_on=card.expires_on,
                    available=available,
                    membership_id=card.origin.id if card.origin.kind == "membership" else None,
                )
            )
        for line in card.lines:
            called |= {service.id: (service.name, service.service_type) for service in line.services}
    for service_id, of in parts.items():
        name, service_type = called[service_id]
        yield ServiceCredits(
            id=service_id,
            name=name,
            service_type=service_type,
            available=sum(part.available for part in of),
            packages=tuple(of),
        )


def _available(card: PackageCard) -> dict[str, int]:
    """Service → units of the card that can be used for it now; services without any are left out."""
    found: dict[str, int] = {}
    for line in card.lines:
        for service in line.services if line.available else ():
            found[service.id] = found.get(service.id, 0) + line.available
    return found


HANDLERS = (show_credits,)
