"""Sell a package, from an offer or a custom one; payment and note may come with it (S35, S95–S99)."""

from domain.actor import Circumstances
from domain.catalogue.facts import OfferLine
from domain.catalogue.state import Offer
from domain.claims import Claim, bought_claims, claim_of, purchase_claims
from domain.decision import Books, Decision, NewStream, Peek, Reads, UseCase
from domain.package.commands import SellPackage
from domain.package.sale import Sale, sell
from domain.use_cases.checks import (
    check_external_ref,
    check_unused,
    claims_external_ref,
    counts_external_ref,
    known_customer,
)
from domain.use_cases.offer_lines import service_ids, services_of
from domain.use_cases.own_stream import id_in
from domain.use_cases.payment_claims import claims_payment, counts_payment
from domain.use_cases.texts import texts_of


def reads(command: SellPackage, business_id: str, peek: Peek) -> Reads:
    streams = [business_id, command.customer_id, command.package_id]
    streams += [id for id in (command.offer_id, command.purchased_by) if id]
    offer = peek(command.offer_id) if command.offer_id else None
    streams += service_ids(_lines(command, offer if isinstance(offer, Offer) else None))
    counted = [purchase_claims(command.customer_id, command.offer_id, command.name)]
    counted += counts_external_ref("package", command.external_ref)
    if command.payment is not None:
        counted += counts_payment(command.payment)
    return Reads(dict.fromkeys(streams, 0), counted=tuple(counted))


def decide(command: SellPackage, books: Books, at: Circumstances) -> Decision:
    """Raises IdTaken, DuplicateExternalRef, NotFound, and what `sell` raises."""
    check_unused(books, command.package_id)
    check_external_ref(books, "package", command.external_ref)
    numbers = purchase_claims(command.customer_id, command.offer_id, command.name)
    offer = books.offer(command.offer_id) if command.offer_id else None
    sale = Sale(
        business=books.business,
        customer=known_customer(books, command.customer_id),
        purchaser=known_customer(books, command.purchased_by) if command.purchased_by else None,
        offer=offer,
        services=services_of(_lines(command, offer), books),
        purchase_number=books.count(numbers) + 1,
        bought_before=_bought_before(command, offer, books),
    )
    facts = sell(command, sale, at)
    claims = [Claim(f"{numbers}{sale.purchase_number}", command.package_id)]
    if command.purchased_by not in (None, command.customer_id):
        claims.append(
            Claim(claim_of(bought_claims(command.purchased_by), command.package_id), command.package_id)
        )
    claims += claims_external_ref("package", command.external_ref, command.package_id)
    if command.payment is not None:
        claims += claims_payment(command.payment, command.package_id, books)
    return Decision(
        {command.package_id: ("package", facts)},
        claims=tuple(claims),
        streams=(NewStream("package", command.package_id, command.customer_id),),
        texts=texts_of(command, command.customer_id),
    )


def _lines(command: SellPackage, offer: Offer | None) -> tuple[OfferLine, ...]:
    return offer.terms.lines if offer else command.lines or ()


def _bought_before(command: SellPackage, offer: Offer | None, books: Books) -> int:
    """Packages of the offer that count towards its limit per customer; read only where there is one."""
    if offer is None or offer.terms.max_per_customer is None:
        return 0
    held = books.packages_of(command.customer_id)
    return sum(package.offer_id == command.offer_id and package.was_bought for _, package, _ in held)


SELL_PACKAGE = UseCase(SellPackage, reads, decide, id_in("package_id"))
