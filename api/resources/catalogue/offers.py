"""Offers over HTTP: publishing, revising, retiring, and the list."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from api.http.command_route import Command, CommandRequest, command
from api.http.ledger_types import Books
from api.http.new_values import NewId
from api.http.parsing import EmptyBody, Price
from api.http.permissions import MANAGERS, READERS_AND_CUSTOMERS
from api.http.query import Found, NoParameters, Page, Query
from api.http.query_route import query
from api.resources.catalogue.bodies import GivenLines
from api.resources.catalogue.services import CatalogueFilter
from domain.calendar_rules import NoExpiry, Validity
from domain.catalogue.commands import PublishOffer, ReinstateOffer, RetireOffer, ReviseOffer
from domain.catalogue.facts import OfferLine, OfferTerms, Sharing
from domain.decision import Reads
from domain.refusals import NotFound
from domain.use_cases.publish_offer import PUBLISH_OFFER
from domain.use_cases.reinstate_offer import REINSTATE_OFFER
from domain.use_cases.retire_offer import RETIRE_OFFER
from domain.use_cases.revise_offer import REVISE_OFFER
from domain.values import CancellationTerms, LocationId, Money, OfferId, Quantity, ThingName, Value
from projections.engine.definition import Row
from projections.models.offers import offers


class OfferRevision(Value):
    """The terms of an offer as they are to be; what is left out, it does not have."""

    name: ThingName
    price: Price
    lines: GivenLines
    validity: Validity = NoExpiry()
    sharing: Sharing = "purchaser"
    cap_per_participant: Quantity | None = None
    cancellation: CancellationTerms | None = None
    max_per_customer: Annotated[int, Field(ge=1, le=10_000)] | None = None
    locations: tuple[LocationId, ...] = ()


class OfferBody(OfferRevision):
    id: OfferId | None = None


class CatalogueLine(Value):
    line: int
    quantity: int
    services: tuple[str, ...]
    label: str | None
    tax_rate: int | None
    """Basis points; null: that of the services."""


def catalogue_lines(lines: Sequence[OfferLine]) -> tuple[CatalogueLine, ...]:
    """The lines of an offer or a plan, numbered from 1."""
    return tuple(
        CatalogueLine(
            line=n,
            quantity=line.quantity,
            services=line.services,
            label=line.label,
            tax_rate=line.tax_rate,
        )
        for n, line in enumerate(lines, 1)
    )


class Offer(Value):
    id: NewId
    offer_version: int
    """Counts the revisions; a sale embeds the one it sold."""
    name: str
    price: Money
    lines: tuple[CatalogueLine, ...]
    validity: Validity
    sharing: Sharing
    cap_per_participant: int | None
    cancellation: CancellationTerms | None
    max_per_customer: int | None
    locations: tuple[str, ...]
    retired: bool
    version: int


def _offer_terms(call: Command[OfferBody] | Command[OfferRevision]) -> OfferTerms:
    body = call.body
    price = call.amount(body.price, "/price")
    assert price is not None, "an offer has a price"
    return OfferTerms(
        name=body.name,
        price=price,
        lines=body.lines,
        validity=body.validity,
        sharing=body.sharing,
        cap_per_participant=body.cap_per_participant,
        cancellation=body.cancellation,
        max_per_customer=body.max_per_customer,
        locations=body.locations,
    )


def shown_offer(books: Books, offer_id: str, currency: str) -> Offer:
    """Raises NotFound."""
    offer = books.offer(offer_id)
    if offer is None:
        raise NotFound("offer", offer_id)
    return _offer(offer_id, offer.version, offer.terms, offer.retired, books.version(offer_id), currency)


def _offer(
    id: str, offer_version: int, terms: OfferTerms, retired: bool, version: int, currency: str
) -> Offer:
    return Offer(
        id=id,
        offer_version=offer_version,
        name=terms.name,
        price=Money(amount=terms.price, currency=currency),
        lines=catalogue_lines(terms.lines),
        validity=terms.validity,
        sharing=terms.sharing,
        cap_per_participant=terms.cap_per_participant,
        cancellation=terms.cancellation,
        max_per_customer=terms.max_per_customer,
        locations=terms.locations,
        retired=retired,
        version=version,
    )


@command(
    "/v1/offers",
    "offers.publish",
    "Publish an offer",
    roles=MANAGERS,
    body=OfferBody,
    answer=Offer,
    location="/v1/offers/{id}",
)
def publish_offer(call: Command[OfferBody]) -> CommandRequest:
    """An offer is a package in the catalogue: its lines of units, its price, and how long it is good for."""
    id, currency = call.new("off", call.body.id), call.currency
    terms = _offer_terms(call)
    return CommandRequest(
        PUBLISH_OFFER,
        PublishOffer(offer_id=id, offer=terms),
        lambda books, _: shown_offer(books, id, currency),
    )


@command(
    "/v1/offers/{offer_id}/revisions",
    "offers.revise",
    "Revise an offer; packages that were sold keep the terms they were sold with",
    roles=MANAGERS,
    body=OfferRevision,
    answer=Offer,
    codes=("offer-retired",),
)
def revise_offer(call: Command[OfferRevision]) -> CommandRequest:
    """Send all terms as they are to be: what is left out, the offer no longer has."""
    id, currency = call.id("offer_id"), call.currency
    terms = _offer_terms(call)
    return CommandRequest(
        REVISE_OFFER, ReviseOffer(offer_id=id, offer=terms), lambda books, _: shown_offer(books, id, currency)
    )


@command(
    "/v1/offers/{offer_id}/retirement",
    "offers.retire",
    "Retire an offer: it is sold no more, what was sold of it stays good",
    roles=MANAGERS,
    body=EmptyBody,
    answer=Offer,
)
def retire_offer(call: Command[EmptyBody]) -> CommandRequest:
    """Retiring it again changes nothing."""
    id, currency = call.id("offer_id"), call.currency
    return CommandRequest(
        RETIRE_OFFER, RetireOffer(offer_id=id), lambda books, _: shown_offer(books, id, currency)
    )


@command(
    "/v1/offers/{offer_id}/reinstatement",
    "offers.reinstate",
    "Reinstate an offer: it is sold again, in its last version",
    roles=MANAGERS,
    body=EmptyBody,
    answer=Offer,
)
def reinstate_offer(call: Command[EmptyBody]) -> CommandRequest:
    """It can be sold again, on the terms of its last revision. Nothing happens if it is not retired."""
    id, currency = call.id("offer_id"), call.currency
    return CommandRequest(
        REINSTATE_OFFER, ReinstateOffer(offer_id=id), lambda books, _: shown_offer(books, id, currency)
    )


@query(
    "/v1/offers/{offer_id}",
    "offers.show",
    "One offer",
    roles=READERS_AND_CUSTOMERS,
    nobodys=True,
    answer=Offer,
)
def show_offer(call: Query[NoParameters]) -> Found:
    """With the number of its revision. Also when it is retired."""
    id = call.id("offer_id")
    books = call.look(Reads({id: 0}))
    return call.thing(shown_offer(books, id, call.currency), books, id)


class OfferPage(Page[Offer]):
    pass


@query(
    "/v1/offers",
    "offers.list",
    "Offers, in the order they were published",
    roles=READERS_AND_CUSTOMERS,
    nobodys=True,
    answer=OfferPage,
    parameters=CatalogueFilter,
)
def list_offers(call: Query[CatalogueFilter]) -> Found:
    """All offers, or with `retired` only those that are or are not retired."""
    asked, currency = call.parameters, call.currency

    def shown(row: Row) -> Offer:
        terms = OfferTerms.model_validate_json(row["terms"])
        return _offer(row["offer_id"], row["offer_version"], terms, row["retired"], row["version"], currency)

    with call.snapshot("offers") as snapshot:
        rows = offers(snapshot, call.business_id, call.after(), asked.limit + 1, retired=asked.retired)
        return call.page(
            OfferPage, rows, key=lambda row: [row["position"]], shown=shown, position=snapshot.position
        )


HANDLERS = (publish_offer, revise_offer, retire_offer, reinstate_offer, show_offer, list_offers)
