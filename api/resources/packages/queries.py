"""Questions about one package: card, stamps, payments, facts, refund quote and explanation.

All are folded from the package's own facts, so they are always true.
"""

from collections.abc import Iterable

from pydantic import JsonValue

from api.http.permissions import BOOKKEEPERS, BOOKKEEPERS_OR_OWN, READERS, READERS_OR_OWN
from api.http.query_route import Found, ListParameters, NoParameters, Page, Query, TravelParameters, query
from api.resources.authors import EnteredBy, entered_by
from api.resources.bookings.answer import starts_of
from api.resources.ledger import LedgerFact, shown_fact
from api.resources.packages.at_a_moment import PackageAsked, PastPage, ask
from api.resources.packages.card import PackageCard, past_shown, shown
from api.resources.parts import (
    HouseholdMember,
    LocalTime,
    LocalTimeIfAny,
    NamedThing,
    People,
    SignedMoney,
    Start,
    local,
    moment_or_none,
    named,
)
from domain.moments import rfc3339
from domain.package.payment import refund_quote
from domain.values import ExternalRef, Value
from projections.engine.definition import Row
from replay.explanation import explain, quote_steps
from replay.package import Paid, payments_of, units_of

# The card


@query(
    "/v1/packages/{package_id}",
    "packages.show",
    "One package",
    roles=READERS_OR_OWN,
    answer=PackageCard,
    parameters=TravelParameters,
    payers=True,
)
def show_package(call: Query[TravelParameters]) -> Found:
    asked = ask(call, call.past())
    show = past_shown if asked.past else shown
    card = show(asked.card, asked.moment, asked.people(), payment_required=asked.payment_required)
    return asked.found(card)


# The stamps


class Unit(LocalTimeIfAny):
    """The local time is that of `used_at`, or of `deducted_at` where there was no session."""

    line: int
    unit: int
    state: str
    value: SignedMoney
    used_at: str | None
    """The session: the present start of its booking."""
    deducted_at: str | None
    service_id: str | None
    participant: HouseholdMember | None
    booking_id: str | None
    redemption_id: str | None
    staff_id: str | None


class UnitPage(Page[Unit]):
    pass


@query(
    "/v1/packages/{package_id}/units",
    "packages.units",
    "The units of a package: its stamps",
    roles=READERS_OR_OWN,
    answer=UnitPage,
    parameters=PastPage,
)
def list_units(call: Query[PastPage]) -> Found:
    asked, after = ask(call, call.past()), call.after() or [0, 0]
    rows = [row for row in units_of(asked.facts) if [row["line"], row["unit"]] > after]
    people, zone = asked.people(), asked.card["time_zone"]
    booked = [row["booking_id"] for row in rows[: call.parameters.limit] if row["used_at"]]
    starts = starts_of(call, asked.card["customer_id"], booked) if asked.tells_texts else {}

    def unit(row: Row) -> Unit:
        deducted_at, start = row["deducted_at"], Start(row["used_at"] or row["deducted_at"], zone)
        if row["used_at"]:
            start = starts.get(row["booking_id"], start)
        names = ("line", "unit", "state", "service_id", "booking_id", "redemption_id", "staff_id")
        return Unit(
            **{name: row[name] for name in names},
            value=asked.money(row["value"]),
            used_at=moment_or_none(start.moment if row["used_at"] else None),
            deducted_at=moment_or_none(deducted_at),
            **local(start.moment, start.zone),
            participant=asked.participant(row["participant_id"], people),
        )

    return call.page(
        UnitPage, rows, key=lambda row: [row["line"], row["unit"]], shown=unit, position=asked.position
    )


# Payments


class Refund(LocalTime):
    version: int
    amount: SignedMoney
    recorded_at: str
    staff: NamedThing | None
    entered_by: EnteredBy


class Payment(LocalTime):
    """The local time is that of `effective_at`, in the package's zone."""

    payment_id: str
    version: int
    amount: SignedMoney
    method: str
    effective_at: str
    recorded_at: str
    staff: NamedThing | None
    entered_by: EnteredBy
    external_ref: ExternalRef | None
    refunded: SignedMoney
    refundable: SignedMoney
    """The part of it that can still be refunded."""
    refunds: tuple[Refund, ...]


class PaymentPage(Page[Payment]):
    pass


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
    asked = ask(call, call.past())
    payments = payments_of(asked.facts)
    if (after := call.after()) is not None:
        ids = [paid.fact.payment_id for paid in payments]
        payments = payments[ids.index(after[0]) + 1 :] if after[0] in ids else []
    people = asked.people(actors_of(payments[: call.parameters.limit]))
    return call.page(
        PaymentPage,
        payments,
        key=lambda paid: [paid.fact.payment_id],
        shown=lambda paid: shown_payment(asked, paid, people),
        position=asked.position,
    )


def actors_of(payments: Iterable[Paid]) -> list[str]:
    """Who took these payments and gave the refunds."""
    facts = [(paid.recorded, *(recorded for recorded, _ in paid.refunds)) for paid in payments]
    return [recorded.author.id for each in facts for recorded in each]


def shown_payment(asked: PackageAsked, paid: Paid, people: People) -> Payment:
    fact = paid.fact
    return Payment(
        payment_id=fact.payment_id,
        version=paid.recorded.version,
        amount=asked.money(fact.amount),
        method=fact.method.value,
        effective_at=rfc3339(fact.effective_at),
        recorded_at=rfc3339(paid.recorded.recorded_at),
        **local(fact.effective_at, asked.card["time_zone"]),
        staff=named(paid.recorded.staff_id, people),
        entered_by=entered_by(paid.recorded, people),
        external_ref=fact.external_ref,
        refunded=asked.money(paid.refunded),
        refundable=asked.money(fact.amount - paid.refunded),
        refunds=tuple(
            Refund(
                version=recorded.version,
                amount=asked.money(refund.amount),
                recorded_at=rfc3339(recorded.recorded_at),
                **local(recorded.recorded_at, asked.card["time_zone"]),
                staff=named(recorded.staff_id, people),
                entered_by=entered_by(recorded, people),
            )
            for recorded, refund in paid.refunds
        ),
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
    asked = ask(call)
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
    asked = ask(call)
    told = explain(asked.facts, asked.card, asked.moment)
    return asked.found(Explanation(package_id=asked.id, version=asked.card["version"], **told))


HANDLERS = (
    show_package,
    list_units,
    list_payments,
    list_package_facts,
    quote_refund,
    explain_package,
)
