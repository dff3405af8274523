"""Importing a package that another system kept: what was granted, used and paid there (domain.md, Import).

It counts from the moment of the import on: what is owed of it is opening liability, and no sale.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.actor import Circumstances
from domain.business.state import Business
from domain.business.zones import desk_zone
from domain.calendar_rules import ExpiryOnDate, NoExpiry
from domain.catalogue.facts import OfferLine
from domain.catalogue.state import Service
from domain.moments import local_day
from domain.package.checks import amount_in
from domain.package.commands import ImportPackage
from domain.package.opening_facts import PackageImported
from domain.package.sold_lines import check_sold, sold_lines
from domain.people.state import Customer
from domain.refusals import Invalid


@dataclass(frozen=True, slots=True)
class Receiving:
    """The states that an import is decided on, beside the command."""

    business: Business
    customer: Customer
    services: Mapping[str, Service | None]
    purchase_number: int
    """1, 2, 3 … per customer and name."""


def import_balance(command: ImportPackage, receiving: Receiving, at: Circumstances) -> PackageImported:
    """The package as it is here from now on; its customer may be blocked or inactive.

    Raises Invalid (services, currency, location, more used than granted, more paid than the price, days), LimitReached.
    """
    business = receiving.business
    business.check_location(command.location_id)
    zone = desk_zone(business, at, command.location_id)
    lines = tuple(
        OfferLine(label=line.label, services=line.services, quantity=line.quantity, tax_rate=line.tax_rate)
        for line in command.lines
    )
    check_sold(lines, receiving.services, retired_too=True)
    _check_used(command)
    price = amount_in(command.price, business.currency, "/price")
    paid = amount_in(command.paid, business.currency, "/paid")
    if paid > price:
        raise Invalid("/paid", "too-much", f"must be at most the price, {price}")
    _check_days(command, zone, at)
    expires_on = command.expires_on
    return PackageImported(
        effective_at=at.now,
        import_id=command.import_id,
        customer_id=command.customer_id,
        name=command.name,
        purchase_number=receiving.purchase_number,
        currency=business.currency,
        price=price,
        list_price=price,
        lines=sold_lines(lines, receiving.services, price),
        used_before=tuple(line.used_before for line in command.lines),
        paid=paid,
        payment_id=command.payment_id if paid else None,
        purchased_on=command.purchased_on,
        validity=NoExpiry() if expires_on is None else ExpiryOnDate(date=expires_on),
        expires_on=expires_on,
        time_zone=zone,
        entered_on=local_day(at.now, zone),
        sharing="purchaser",
        beneficiaries=(receiving.customer.in_person.id,),
        cancellation=business.policies.cancellation,
        policy_version=business.policy_version,
        location_id=command.location_id,
        external_ref=command.external_ref,
    )


def _check_used(command: ImportPackage) -> None:
    for n, line in enumerate(command.lines):
        if line.used_before > line.quantity:
            detail = f"must be at most {line.quantity}, the units that were granted"
            raise Invalid(f"/lines/{n}/used_before", "too-many", detail)


def _check_days(command: ImportPackage, zone: str, at: Circumstances) -> None:
    today = local_day(at.now, zone)
    if command.purchased_on > today:
        raise Invalid("/purchased_on", "in-the-future", f"must not lie after {today}, today")
    if command.expires_on is not None and command.expires_on < command.purchased_on:
        detail = f"must not lie before {command.purchased_on}, the purchase"
        raise Invalid("/expires_on", "before-purchase", detail)
