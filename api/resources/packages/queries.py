"""Questions about one package: card, payments, facts, refund quote and explanation.

All are folded from the package's own facts, so they are always true.
"""

from pydantic import JsonValue
from pydantic_core import to_json

from api.http.ledger_fact import LedgerFact, shown_fact
from api.http.permissions import BOOKKEEPERS, BOOKKEEPERS_OR_OWN, READERS, READERS_OR_OWN
from api.http.query import Found, ListParameters, NoParameters, Page, Query, TravelParameters
from api.http.query_route import query
from api.resources.packages.at_a_moment import PastPage, ask, ask_renewed, is_as_tagged, package_reads
from api.resources.packages.card import PackageCard, in_books, past_row, shown_row
from api.resources.parts import SignedMoney
from api.resources.payments.answer import (
    PaymentPage,
    actors_of,
    payments_after,
    reasons_in,
    shown_payment,
)
from domain.package.payment import refund_quote
from domain.refusals import NotFound
from domain.values import Value
from replay.explanation import explain, quote_steps
from replay.payments import payments_of

# The card


async def present_card(call: Query[TravelParameters]) -> Found:
    """The card now, from the streams that are kept."""
    id = call.id("package_id")
    books = await call.present(package_reads(call, id))
    package = books.package(id)
    if package is None:
        raise NotFound("package", id)
    return Found(
        lambda: to_json(in_books(books, id, call)),
        books.head.position,
        package.version,
        is_as_tagged=lambda: is_as_tagged(call, books, id),
    )


@query(
    "/v1/packages/{package_id}",
    "packages.show",
    "One package",
    roles=READERS_OR_OWN,
    answer=PackageCard,
    parameters=TravelParameters,
    payers=True,
    present=present_card,
)
def show_package(call: Query[TravelParameters]) -> Found:
    """The card: everything a screen shows, without arithmetic. Now, or with `at_version`, `as_of` and
    `effective_as_of` as it was.
    """
    asked = ask(call, call.past())
    show = past_row if asked.past else shown_row
    return asked.found(to_json(show(asked.card, asked.moment, asked.people(), terms=asked.terms)))


# Payments


@query(
    "/v1/packages/{package_id}/payments",
    "packages.payments",
    "The payments of a package, with their refunds",
    roles=READERS_OR_OWN,
    answer=PaymentPage,
    parameters=PastPage,
    payers=True,
)
def list_payments(call: Query[PastPage]) -> Found:
    """Each payment with what was refunded and what still can be."""
    asked = ask(call, call.past())
    page = payments_after(payments_of(asked.facts), call.after())
    people = asked.people(actors_of(page[: call.parameters.limit]))
    texts = asked.texts(sorted(reasons_in(page)))
    currency, zone = asked.card["currency"], asked.card["time_zone"]
    return call.page(
        PaymentPage,
        page,
        key=lambda paid: [paid.fact.payment_id],
        shown=lambda paid: shown_payment(paid, currency, zone, people, texts),
        position=asked.position,
    )


# For the books


class PackageFactPage(Page[LedgerFact]):
    pass


@query(
    "/v1/packages/{package_id}/facts",
    "packages.facts",
    "The facts of a package as they are stored",
    roles=BOOKKEEPERS_OR_OWN,
    answer=PackageFactPage,
    parameters=ListParameters,
)
def list_package_facts(call: Query[ListParameters]) -> Found:
    """For auditors: ids and numbers, no personal data."""
    asked, (after,) = ask(call), call.after() or [0]
    facts = [recorded for recorded in asked.facts if recorded.version > after]
    return call.page(
        PackageFactPage,
        facts,
        key=lambda recorded: [recorded.version],
        shown=lambda recorded: shown_fact(recorded.stored),
        position=asked.position,
    )


class QuoteStep(Value):
    rule: str
    amount: SignedMoney


class RefundQuote(Value):
    """What a refund would be by the rule: max(0, paid - refunded - value of units used)."""

    package_id: str
    quote: SignedMoney
    steps: tuple[QuoteStep, ...]
    version: int


@query(
    "/v1/packages/{package_id}/refund-quote",
    "packages.refund_quote",
    "What would be refunded by the rule, step by step",
    roles=READERS,
    answer=RefundQuote,
)
def quote_refund(call: Query[NoParameters]) -> Found:
    """A proposal: refund another amount if you like."""
    asked = ask_renewed(call)
    package = asked.books.package(asked.id)
    assert package is not None, "it was found"
    quote = refund_quote(package)
    steps = tuple(QuoteStep(**step) for step in quote_steps(quote, package.currency))
    return asked.found(
        RefundQuote(package_id=asked.id, quote=asked.money(quote.quote), steps=steps, version=package.version)
    )


class Explanation(Value):
    """Why the balance, the status, the expiry and the payment status are what they are."""

    package_id: str
    version: int
    balance: dict[str, JsonValue]
    status: dict[str, JsonValue]
    expiry: dict[str, JsonValue]
    payment_status: dict[str, JsonValue]


@query(
    "/v1/packages/{package_id}/explanation",
    "packages.explain",
    "Why a package stands as it does: facts, rules and numbers",
    roles=BOOKKEEPERS,
    answer=Explanation,
)
def explain_package(call: Query[NoParameters]) -> Found:
    """Balance, status, expiry and payment status, each from the facts and by the rule that made it."""
    asked = ask(call)
    told = explain(asked.facts, asked.card, asked.moment)
    # It names the moment it was made at, so each answer is another one.
    explanation = Explanation(package_id=asked.id, version=asked.card["version"], **told)
    return Found(explanation, asked.position, explanation.version)


HANDLERS = (
    show_package,
    list_payments,
    list_package_facts,
    quote_refund,
    explain_package,
)
