"""Sell the package of an attempt to top up, with the payment that the payment system took (S88, S89)."""

from domain.actor import Circumstances
from domain.catalogue.state import Offer
from domain.claims import Claim, purchase_claims
from domain.decision import Books, Decision, NewStream, Peek, Reads, UseCase
from domain.package.commands import NewPayment, SellPackage
from domain.package.facts import PackageFact
from domain.package.sale import Sale, sell
from domain.top_up.attempts import settled
from domain.top_up.commands import SettleTopUp
from domain.top_up.state import TopUp
from domain.use_cases.checks import check_unused, known_customer
from domain.use_cases.offer_lines import service_ids, services_of
from domain.use_cases.one_top_up import known_top_up, reads_top_up
from domain.use_cases.own_stream import id_in
from domain.use_cases.payment_claims import claims_payment, counts_payment
from domain.values import Money


def reads(command: SettleTopUp, business_id: str, peek: Peek) -> Reads:
    known = peek(command.top_up_id)
    streams = {command.package_id: 0}
    counted: tuple[str, ...] = ()
    if isinstance(known, TopUp):
        streams |= dict.fromkeys(service_ids(known.terms.lines), 0)
        counted = (_numbers(known), *counts_payment(_payment(known, command)))
    return reads_top_up(command, business_id, peek) | Reads(streams, counted=counted)


def decide(command: SettleTopUp, books: Books, at: Circumstances) -> Decision:
    """The pinned version is sold, also where the offer was retired or revised since: the customer has paid for it.

    Raises NotFound, IdTaken, DuplicateExternalRef, and what `settled` and `sell` raise.
    """
    rule = known_top_up(books, command.top_up_id, at)
    answered = settled(rule, command, at.now)
    check_unused(books, command.package_id)
    number = books.count(_numbers(rule)) + 1
    payment = _payment(rule, command)
    claims = Claim(f"{_numbers(rule)}{number}", command.package_id)
    return Decision(
        {
            command.package_id: ("package", _sold(rule, command, payment, number, books, at)),
            command.top_up_id: ("top_up", [answered]),
        },
        claims=(claims, *claims_payment(payment, command.package_id, books)),
        streams=(NewStream("package", command.package_id, rule.customer_id),),
    )


def _sold(
    rule: TopUp, command: SettleTopUp, payment: NewPayment, number: int, books: Books, at: Circumstances
) -> list[PackageFact]:
    sale = Sale(
        business=books.business,
        customer=known_customer(books, rule.customer_id),
        purchaser=None,
        offer=Offer(rule.terms, rule.offer_version),
        services=services_of(rule.terms.lines, books),
        purchase_number=number,
        bought_before=0,  # the limit per customer was looked at when the attempt opened
        top_up_id=command.top_up_id,
    )
    asked = SellPackage(
        package_id=command.package_id,
        customer_id=rule.customer_id,
        offer_id=rule.offer_id,
        payment=payment,
    )
    return sell(asked, sale, at)


def _payment(rule: TopUp, command: SettleTopUp) -> NewPayment:
    """The whole price, as it was when the rule was set."""
    return NewPayment(
        payment_id=command.payment_id,
        amount=Money(amount=rule.terms.price, currency=rule.currency),
        method=command.method,
        external_ref=command.external_ref,
    )


def _numbers(rule: TopUp) -> str:
    return purchase_claims(rule.customer_id, rule.offer_id, None)


SETTLE_TOP_UP = UseCase(SettleTopUp, reads, decide, id_in("top_up_id"))
