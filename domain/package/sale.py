"""Selling a package: the sale fixes the snapshot of the offer, the value of every unit, the expiry and the price.

Later revisions of the offer never touch what was sold. A custom package has its own name, lines and price. The
offer's price and expiry are prefilled, and either may be adjusted (S98).
"""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from domain.actor import Circumstances
from domain.business.state import Business
from domain.business.zones import desk_zone
from domain.calendar_rules import ExpiryOnDate, NoExpiry, expiry_at_sale
from domain.catalogue.facts import OfferTerms
from domain.catalogue.state import Offer, Service
from domain.moments import as_moment, local_day
from domain.package.checks import amount_in, check_expiry, check_moment, earliest_in
from domain.package.commands import SellPackage
from domain.package.evolution import evolve
from domain.package.facts import NoteAdded, PackageFact
from domain.package.opening_facts import PackagePurchased
from domain.package.payment import record_payment
from domain.package.sharing import check_beneficiaries
from domain.package.sold_lines import check_sold, sold_lines
from domain.people.state import Customer
from domain.refusals import (
    CustomerIsBlocked,
    CustomerIsInactive,
    Invalid,
    LimitReached,
    NotFound,
    OfferIsRetired,
)


class Sale(Struct, frozen=True, gc=False):
    """The states a sale is decided on, beside the command."""

    business: Business
    customer: Customer
    purchaser: Customer | None
    """The customer who buys it for another; None: nobody else does."""
    offer: Offer | None
    services: Mapping[str, Service | None]
    purchase_number: int
    """1, 2, 3 … per customer and offer; per customer and name for a custom package (S66)."""
    bought_before: int
    """Packages of this offer that the customer bought, voided ones excluded."""
    top_up_id: str | None = None
    """The rule that sells it by itself; None: somebody does."""


def sell(command: SellPackage, sale: Sale, at: Circumstances) -> list[PackageFact]:
    """package.purchased, then its payment and its note if there are any.

    Raises CustomerIsBlocked, CustomerIsInactive, NotFound and OfferIsRetired (offer), LimitReached (per
    customer), Overpayment, Invalid, EffectiveAtOutOfRange, BackDatingNotAllowed.
    """
    check_may_buy(command.customer_id, sale.customer)
    if command.purchased_by is not None and sale.purchaser is not None:
        check_may_buy(command.purchased_by, sale.purchaser)
    moment, zone = at.now, desk_zone(sale.business, at, command.location_id)
    if command.effective_at is not None:
        moment = check_moment(as_moment(command.effective_at, zone), earliest_in(zone), at, zone)
    purchased = _purchased(command, _terms(command, sale), sale, moment, zone, at)
    facts: list[PackageFact] = [purchased]
    if command.payment is not None:
        facts.append(record_payment(evolve(None, purchased), command.payment, moment, at))
    if command.note is not None:
        facts.append(NoteAdded(effective_at=moment, note=command.note.ref))
    return facts


def check_may_buy(customer_id: str, customer: Customer) -> None:
    if customer.blocked:
        raise CustomerIsBlocked(customer_id)
    if not customer.active:
        raise CustomerIsInactive(customer_id)


def _terms(command: SellPackage, sale: Sale) -> OfferTerms:
    """The terms that are sold: the offer's, or those of a custom package."""
    if command.offer_id is not None:
        if command.name is not None or command.lines is not None:
            raise Invalid(
                "/offer_id", "not-allowed", "cannot be combined with name and lines of a custom package"
            )
        if sale.offer is None:
            raise NotFound("offer", command.offer_id)
        if sale.offer.retired:
            raise OfferIsRetired(command.offer_id)
        limit = sale.offer.terms.max_per_customer
        if limit is not None and sale.bought_before >= limit:
            raise LimitReached("offer-packages", limit)
        return sale.offer.terms
    if command.name is None or command.lines is None or command.price is None:
        raise Invalid("/offer_id", "missing", "is needed, or name, lines and price of a custom package")
    check_sold(command.lines, sale.services)
    price = amount_in(command.price, sale.business.currency, "/price")
    return OfferTerms(name=command.name, price=price, lines=command.lines)


def _purchased(
    command: SellPackage, terms: OfferTerms, sale: Sale, moment: datetime, zone: str, at: Circumstances
) -> PackagePurchased:
    """The sale. `zone`, that of the selling location, is fixed for good."""
    business = sale.business
    price = terms.price if command.price is None else amount_in(command.price, business.currency, "/price")
    business.check_location(command.location_id)
    validity, expires_on = terms.validity, expiry_at_sale(terms.validity, local_day(moment, zone))
    if command.expires_on != "by rule":
        expires_on = command.expires_on
        validity = NoExpiry() if expires_on is None else ExpiryOnDate(date=expires_on)
    if expires_on is not None:
        check_expiry(expires_on, moment, zone)
    return PackagePurchased(
        effective_at=moment,
        customer_id=command.customer_id,
        purchased_by=command.purchased_by,
        top_up_id=sale.top_up_id,
        offer_id=command.offer_id,
        offer_version=sale.offer.version if sale.offer else None,
        name=terms.name,
        purchase_number=sale.purchase_number,
        currency=business.currency,
        price=price,
        list_price=terms.price,
        lines=sold_lines(terms.lines, sale.services, price),
        validity=validity,
        expires_on=expires_on,
        time_zone=zone,
        entered_on=local_day(at.now, zone),
        sharing=terms.sharing,
        beneficiaries=check_beneficiaries(command.beneficiaries, sale.customer, moment),
        cap_per_participant=terms.cap_per_participant,
        cancellation=terms.cancellation or business.policies.cancellation,
        policy_version=None if terms.cancellation else business.policy_version,
        locations=terms.locations,
        location_id=command.location_id,
        paid_with=command.payment.method if command.payment else None,
        external_ref=command.external_ref,
    )
