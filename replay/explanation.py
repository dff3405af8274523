"""The explanation of a package: its balance, status, expiry and payment status, step by step.

Each step gives the version of its fact, the rule and the numbers, so that a person can follow the arithmetic. It is
derived from the same facts and card as every other answer.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Any, assert_never, cast

from domain.business.reasons import ReasonedFact
from domain.calendar_rules import ExpiryAfterFirstUse, ExpiryAfterPurchase, ExpiryOnDate, NoExpiry, Validity
from domain.ledger.mapper import Recorded
from domain.moments import local_day, rfc3339
from domain.package.fact_parts import PackageOpened
from domain.package.facts import (
    ExpiryChanged,
    ExpiryFact,
    ExpiryRemoved,
    FreezeFact,
    HoldFact,
    LineCorrected,
    MoneyFact,
    OpeningFact,
    OtherFact,
    PackageCancelled,
    PackageExpired,
    PackageFact,
    PackageFrozen,
    PackageReinstated,
    PackageUnfrozen,
    PackageVoided,
    PriceAdjusted,
    TransferFact,
    TransferRevoked,
    TransferUndone,
    UnitsForfeited,
    UnitsRedeemed,
    UnitsRestored,
    UnitsTransferredOut,
    UseFact,
    ValidityReset,
    ValidityStarted,
)
from domain.package.money_facts import PaymentRecorded, PaymentRefunded
from domain.package.opening_facts import PackageImported, PackagePurchased, PeriodGranted, UnitsTransferredIn
from domain.package.payment import RefundQuote
from domain.package.state import payment_status
from projections.engine.definition import Row
from projections.models.card_columns import card_status, expiry_of
from replay.package import history_of

Step = dict[str, Any]


def explain(facts: Sequence[Recorded], card: Row, moment: datetime) -> Row:
    """The explanation of a package whose card these facts make, judged at `moment`. JSON values only."""
    expiry_steps = list(_expiry_steps(facts))
    last = expiry_of(card).on(local_day(moment, card["time_zone"]))
    expires_on = None if last is None else last.isoformat()
    if expires_on != (expiry_steps[-1]["expires_on"] if expiry_steps else None):
        rule = "the last day of the freeze has passed; the expiry moves by the days frozen"
        expiry_steps.append({"version": None, "rule": rule, "reason_code": None, "expires_on": expires_on})
    return {
        "balance": _balance(facts, card),
        "status": _status(card, moment),
        "expiry": {"result": expires_on, "time_zone": card["time_zone"], "steps": expiry_steps},
        "payment_status": _payment(facts, card),
    }


def quote_steps(quote: RefundQuote, currency: str) -> list[Step]:
    """The arithmetic of a refund quote, in the order in which it is done."""

    def step(rule: str, amount: int) -> Step:
        return {"rule": rule, "amount": {"amount": amount, "currency": currency}}

    return [
        step("payments", quote.payments),
        step("less refunds", -quote.refunded),
        step(
            "less the value of units used, forfeited, transferred or taken by corrections", -quote.used_value
        ),
        step("refund quote, never below zero", quote.quote),
    ]


def _code(recorded: Recorded) -> Step | None:
    """The reason of a step that a person took, by a code of the business."""
    code = recorded.fact.reason_code if isinstance(recorded.fact, ReasonedFact) else None
    return None if code is None else {"code": code.code, "text": code.text}


# Balance


def _balance(facts: Sequence[Recorded], card: Row) -> Row:
    steps: list[Step] = []
    remaining = 0
    for recorded, row in zip(facts, history_of(facts), strict=True):
        if row["change"]:
            remaining += row["change"]
            steps.append(
                {
                    "version": row["version"],
                    "effective_at": rfc3339(row["effective_at"]),
                    "rule": _unit_rule(cast(PackageFact, recorded.fact)),
                    "reason_code": _code(recorded),
                    "line": row["line"],
                    "change": row["change"],
                    "remaining": remaining,
                }
            )
    counts = (
        "granted",
        "total",
        "used",
        "used_before",
        "redeemed",
        "forfeited",
        "corrected",
        "transferred",
        "lapsed",
        "held",
        "remaining",
    )
    return {
        "result": card["remaining"],
        "rule": "remaining = the sum of all changes; total = used + remaining;"
        " used = used_before + redeemed + forfeited + corrected",
        **{count: card[count] for count in counts},
        "steps": steps,
    }


def _unit_rule(fact: PackageFact) -> str:
    """The rule by which a fact changes what remains."""
    if isinstance(fact, PriceAdjusted | HoldFact | MoneyFact | ExpiryFact | FreezeFact | OtherFact):
        raise AssertionError(f"{fact.stored_name} moves no unit")
    match fact:
        case PackagePurchased():
            return "the units of the lines that were sold"
        case PackageImported():
            return "the units that were left of the lines when they were imported"
        case UnitsTransferredIn():
            return "the units that were moved here from another customer's package"
        case PeriodGranted():
            return "the units of the period, and those that rolled over from the one before"
        case UnitsTransferredOut() if fact.membership_id is not None:
            return "unused units roll over into the next period, lowest numbers first"
        case UnitsTransferredOut():
            return "a transfer takes the lowest available numbers"
        case TransferUndone():
            return "a transfer that is undone gives its units back"
        case TransferRevoked():
            return "a transfer that is undone takes all units back"
        case UnitsRedeemed():
            return "a redemption takes the lowest available numbers"
        case UnitsRestored():
            return "a restored use or forfeiture gives its units back"
        case UnitsForfeited():
            return "a late cancellation or a no-show forfeits units, by the terms in force when it was booked"
        case LineCorrected():
            return "a correction changes the units of its line"
        case PackageCancelled() | PackageVoided():
            return "the remaining units lapse"
        case PackageReinstated():
            return "reinstating brings lapsed units back"
        case _:
            assert_never(fact)


# Status and expiry


def _status(card: Row, moment: datetime) -> Row:
    """The rules in their order: the first that holds decides."""
    valid_until = card["valid_until"]
    rules: list[Step] = [
        {"status": "cancelled", "rule": "cancelled or voided", "holds": card["cancelled"]},
        {
            "status": "fully_used",
            "rule": "no unit remains",
            "holds": card["remaining"] == 0,
            "remaining": card["remaining"],
        },
        {
            "status": "expired",
            "rule": "the moment lies at or behind the end of the last valid day",
            "holds": expiry_of(card).has_passed(moment),
            "moment": rfc3339(moment),
            "expires_at": valid_until and rfc3339(valid_until),
        },
        {"status": "active", "rule": "otherwise", "holds": True},
    ]
    return {"result": card_status(card, moment), "steps": rules}


def _expiry_steps(facts: Sequence[Recorded]) -> Iterator[Step]:
    for recorded in facts:
        step = _expiry_step(cast(PackageFact, recorded.fact))
        if step is not None:
            rule, expires_on = step
            yield {
                "version": recorded.version,
                "rule": rule,
                "reason_code": _code(recorded),
                "expires_on": None if expires_on is None else expires_on.isoformat(),
            }


def _expiry_step(fact: PackageFact) -> tuple[str, date | None] | None:
    """The rule and the last valid day that a fact sets or tells; None for another fact."""
    if isinstance(fact, PackageExpired):
        units = sum(len(part.units) for part in fact.lapsed)
        return f"it has passed: {units} units can no longer be used", fact.expires_on
    if isinstance(fact, PriceAdjusted | UseFact | HoldFact | TransferFact | MoneyFact | OtherFact):
        return None
    match fact:
        case PackageOpened():
            purchased_on = local_day(fact.effective_at, fact.time_zone)
            return _rule(fact.validity, purchased_on), fact.expires_on
        case ValidityStarted():
            return f"the first session started the validity on {fact.started_on}", fact.expires_on
        case ValidityReset():
            return "the only session was given back: it waits for the first use again", fact.expires_on
        case ExpiryChanged():
            return "changed by hand", fact.expires_on
        case ExpiryRemoved():
            return "removed by hand: it never expires", None
        case PackageReinstated():
            return "reinstated with a new last day", fact.expires_on
        case PackageUnfrozen():
            return f"unfrozen: moved by the {fact.days} days frozen", fact.expires_on
        case PackageFrozen() | PackageCancelled() | PackageVoided():
            return None
        case _:
            assert_never(fact)


def _rule(validity: Validity, purchased_on: date) -> str:
    match validity:
        case NoExpiry():
            return "never"
        case ExpiryOnDate():
            return f"on {validity.date}"
        case ExpiryAfterPurchase():
            return f"{validity.count} {validity.unit} after the purchase on {purchased_on}"
        case ExpiryAfterFirstUse():
            return f"{validity.count} {validity.unit} after the first use; until then it never expires"


# Payment


def _payment(facts: Sequence[Recorded], card: Row) -> Row:
    steps: list[Step] = []
    price = paid = covered = 0
    for recorded in facts:
        fact = cast(PackageFact, recorded.fact)
        if not isinstance(fact, OpeningFact | PriceAdjusted | MoneyFact):
            continue
        match fact:
            case PackagePurchased():
                rule, price, amount = "price at sale", fact.price, fact.price
            case PackageImported():
                rule, price, amount = (
                    "price and payment in the system it was imported from",
                    fact.price,
                    fact.paid,
                )
                paid = fact.paid
            case UnitsTransferredIn():
                rule, price, amount = "settled where the units came from", fact.price, fact.price
                covered = fact.price
            case PeriodGranted():
                rule, price, amount = "price of the period, and of what rolled over", fact.price, fact.price
                covered = fact.rolled_value
            case PriceAdjusted():
                rule, price, amount = "price adjusted", fact.price, fact.price
            case PaymentRecorded():
                rule, paid, amount = f"payment · {fact.method.value}", paid + fact.amount, fact.amount
            case PaymentRefunded():
                rule, paid, amount = f"refund · {fact.method.value}", paid - fact.amount, -fact.amount
            case _:
                assert_never(fact)
        steps.append(
            {
                "version": recorded.version,
                "rule": rule,
                "reason_code": _code(recorded),
                "amount": _money(amount, card),
                "price": _money(price, card),
                "paid": _money(paid, card),
                "payment_status": payment_status(price, covered + paid),
            }
        )
    return {
        "result": payment_status(card["price"], card["covered"] + card["paid"]),
        "rule": "paid when payments less refunds reach the price, partial above 0, else unpaid",
        "steps": steps,
    }


def _money(amount: int, card: Row) -> Row:
    return {"amount": amount, "currency": card["currency"]}
