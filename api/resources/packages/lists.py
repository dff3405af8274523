"""Lists of packages: across customers with every filter, and the cards of one customer in display order."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from api.http.date_ranges import OWN_DAYS, check_range
from api.http.gathered_lists import terms_of
from api.http.ledger_types import Books
from api.http.permissions import READERS_OR_OWN
from api.http.problems import Flaw, invalid
from api.http.query import Found, ListParameters, ListReads, Page, Query, TravelParameters
from api.http.query_route import query
from api.resources.packages.at_a_moment import kinds_at, policies_at
from api.resources.packages.card import PackageCard, past_row, people_of_cards, shown_row
from api.resources.packages.kept_cards import card_texts
from api.resources.packages.numbers import as_numbered
from api.resources.packages.units import Unit, units_of_cards
from api.resources.parts import NOBODY, with_kinds
from domain.claims import bought_claims
from domain.decision import Reads
from domain.moments import Day, from_milliseconds, to_milliseconds
from domain.package.state import PaymentStatus, Status
from domain.refusals import NotFound
from domain.values import CustomerId, ImportId, LocationId, OfferId, ServiceId, SourceAndReference, Value
from projections.engine.definition import Row
from projections.models.card_columns import card_status
from projections.models.customers import CUSTOMERS
from projections.models.packages import CARDS, card_of
from projections.queries.package_places import PlacesOf, places_in
from projections.queries.packages import (
    READS,
    DisplayKey,
    PackageFilter,
    display_key,
    find_packages,
    kinds_in,
    packages_of_customer,
)
from replay.as_of import Past, as_it_was, position_before

VALUES_MAX = 50
"""Values of one repeated parameter."""


class PackagePage(Page[PackageCard]):
    pass


# Across customers


class PackageFilters(Value):
    """Filters combine with AND; a parameter that is repeated matches any of its values."""

    status: Annotated[tuple[Status, ...], Field(max_length=VALUES_MAX)] = ()
    payment_status: Annotated[tuple[PaymentStatus, ...], Field(max_length=VALUES_MAX)] = ()
    customer_id: Annotated[tuple[CustomerId, ...], Field(max_length=VALUES_MAX)] = ()
    offer_id: Annotated[tuple[OfferId, ...], Field(max_length=VALUES_MAX)] = ()
    service_id: Annotated[tuple[ServiceId, ...], Field(max_length=VALUES_MAX)] = ()
    location_id: Annotated[tuple[LocationId, ...], Field(max_length=VALUES_MAX)] = ()
    """The locations of sale."""
    expires_from: Day | None = None
    """The first `expires_on`: the last valid day in the package's own `time_zone`."""
    expires_to: Day | None = None
    """The last `expires_on`."""
    purchased_from: Day | None = None
    """The first `purchased_on`: the day of the sale in the package's own `time_zone`."""
    purchased_to: Day | None = None
    """The last `purchased_on`."""
    owing: bool | None = None
    external_ref: SourceAndReference | None = None
    """`source:ref`"""
    import_id: ImportId | None = None
    """The batch that they were imported with."""


class PackageParameters(ListParameters, PackageFilters):
    """Filters combine with AND; a parameter that is repeated matches any of its values."""


def list_reads(call: Query[PackageParameters]) -> ListReads[PlacesOf]:
    """Raises Problem."""
    now, limit = call.frame.carnet.clock(), call.parameters.limit + 1
    places = PlacesOf(package_filter(call.parameters), now, _purchase_key(call.after()), limit)
    return ListReads(READS, places)


@query(
    "/v1/packages",
    "packages.list",
    "Packages across customers, latest purchase first",
    roles=READERS_OR_OWN,
    answer=PackagePage,
    parameters=PackageParameters,
    kept=True,
    reads=list_reads,
)
def list_packages(call: Query[PackageParameters]) -> Found:
    """All filters combine with AND; a repeated parameter matches any of its values."""
    reads = call.at_first(list_reads)
    books, of_places = call.look(terms_of(call.business_id), facts=False), reads.places
    wanted, now, after, limit = of_places.wanted, of_places.now, of_places.after, of_places.limit
    with call.snapshot(*reads.names, first=of_places.first) as snapshot:
        places, position = places_in(snapshot), snapshot.position
        if places is None:
            rows = find_packages(snapshot, call.business_id, wanted, now=now, after=after, limit=limit)
            kinds = kinds_in(snapshot, call.business_id, rows)
        else:
            # One more than is shown tells that there are more.
            cards = card_texts(call, snapshot, places[: limit - 1], books, now)
    if places is not None:
        texts = cards.by_id()
        return call.page_of_texts(
            places,
            key=lambda place: [to_milliseconds(place.purchased_at), place.package_id],
            shown=lambda place: texts[place.package_id],
            position=position,
        )
    people = people_of_cards(call.ledger.recorder, rows) if call.sees_people else NOBODY
    people, terms = with_kinds(people, kinds), books.business.policies
    return call.page_of_rendered(
        rows,
        key=lambda row: [to_milliseconds(row["purchased_at"]), row["package_id"]],
        shown=lambda row: shown_row(row, now, people, terms=terms),
        position=position,
    )


def package_filter(asked: PackageFilters) -> PackageFilter:
    """Raises validation-failed."""
    check_range(asked.expires_from, asked.expires_to, OWN_DAYS, "/expires_to")
    check_range(asked.purchased_from, asked.purchased_to, OWN_DAYS, "/purchased_to")
    given = {name: getattr(asked, name) for name in PackageFilters.model_fields}
    for name in ("external_ref", "import_id"):
        del given[name]
    return PackageFilter(
        **given,
        external_ref=() if asked.external_ref is None else (asked.external_ref,),
        origin_id=() if asked.import_id is None else (asked.import_id,),
    )


def _purchase_key(after: list[Any] | None) -> tuple[datetime, str] | None:
    return None if after is None else (from_milliseconds(after[0]), after[1])


# Of one customer


class CustomerPackageParameters(ListParameters, TravelParameters):
    """The packages of one customer, now or in the past."""

    include: Annotated[tuple[Literal["units"], ...], Field(max_length=1)] = ()
    """`units`: with the units of each package that has at most 100 of them."""


class CardWithUnits(PackageCard):
    """A card where `include=units` was asked for."""

    units: tuple[Unit, ...] | None
    """As `/v1/packages/{package_id}/units` lists them; null of a package with more than 100 units, and for a customer
    of what they bought for others."""


class CustomerPackagePage(Page[CardWithUnits | PackageCard]):
    active_count: int
    """Active packages of the customer, on all pages: the badge of the tab (S62). Gifts to others do not count."""


@query(
    "/v1/customers/{customer_id}/packages",
    "packages.list_of_customer",
    "The packages of a customer, and those they bought for others: usable first, soonest expiry first; expired,"
    " cancelled and used up at the end",
    roles=READERS_OR_OWN,
    answer=CustomerPackagePage,
    parameters=CustomerPackageParameters,
    kept=True,
)
def list_packages_of_customer(call: Query[CustomerPackageParameters]) -> Found:
    """Also what they bought for others. `active_count` is for the badge of the tab. `include=units` tells the stamps
    of each card with it.
    """
    past, customer_id = call.past(), call.id("customer_id")
    if past.at_version is not None:
        detail = "is a question about one package; ask as_of or effective_as_of"
        raise invalid([Flaw("/at_version", "not-for-lists", detail)])
    wanted = Reads({call.business_id: 0, customer_id: 0})
    if past:
        bought = bought_claims(customer_id)
        wanted |= Reads(packages_of=(customer_id,), claimed=(bought,), with_customers=True)
    books = call.look(wanted) if past else call.look_renewed(wanted, facts=False)
    if books.customer(customer_id) is None:
        raise NotFound("customer", customer_id)
    cards, kinds, position = _past_cards(call, books, past) if past else _present_cards(call)
    now, after = past.judged_at or call.frame.carnet.clock(), call.after()
    terms = policies_at(books, past, position, now)

    def place(card: Row) -> DisplayKey:
        return display_key(card, now, payment_required=terms.payment_required)

    cards.sort(key=place)
    cards_behind = [card for card in cards if after is None or list(place(card)) > after]
    people, page = NOBODY, cards_behind[: call.parameters.limit]
    asked_units = "units" in call.parameters.include
    units = units_of_cards(call, page, past, position) if asked_units else {}
    if not past:
        theirs = [card for card in page if call.sees_people_of(card["customer_id"])]
        people = people_of_cards(call.ledger.recorder, theirs) if theirs else NOBODY
    people = with_kinds(people, kinds)
    show = past_row if past else shown_row

    def shown(card: Row) -> Row:
        stamps = {"units": units.get(card["package_id"])} if asked_units else {}
        return {**show(card, now, people, terms=terms), **stamps}

    return call.page_of_rendered(
        cards_behind,
        key=place,
        shown=shown,
        position=position,
        active_count=sum(
            card["customer_id"] == customer_id and card_status(card, now) == "active" for card in cards
        ),
    )


Cards = tuple[list[Row], dict[str, dict[str, str]], int]
"""Cards, the kinds of their participants, and the position they are true for."""


def _present_cards(call: Query[CustomerPackageParameters]) -> Cards:
    with call.snapshot(CARDS.name, CUSTOMERS.name) as snapshot:
        cards = packages_of_customer(
            snapshot, call.business_id, call.id("customer_id"), bought_for_others=True
        )
        return cards, kinds_in(snapshot, call.business_id, cards), snapshot.position


def _past_cards(call: Query[CustomerPackageParameters], books: Books, past: Past) -> Cards:
    """The cards as they were, folded from their facts, and the position the question resolves to."""
    packages = books.packages_that(lambda package: True)
    streams = [books.stream(id) for id in packages]
    folded = [card_of(as_it_was(stream.facts, past)) for stream in streams if stream is not None]
    owned = [books.owned(card) for card in folded if card is not None]
    cards = [as_numbered(books, card) for card in owned]
    position = books.head.position
    if past.recorded_before is not None:
        position = position_before(call.ledger.recorder, past.recorded_before, position)
    kinds: dict[str, dict[str, str]] = {}
    for customer_id in {card["customer_id"] for card in cards}:
        kinds |= kinds_at(books, customer_id, position)
    return cards, kinds, position


HANDLERS = (list_packages, list_packages_of_customer)
