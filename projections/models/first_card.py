"""The card of a package as its first fact makes it."""

from typing import assert_never

from domain.ledger.mapper import Recorded
from domain.moments import local_day
from domain.package.fact_parts import SoldLine
from domain.package.facts import OpeningFact
from domain.package.opening_facts import PackageImported, PackagePurchased, PeriodGranted, UnitsTransferredIn
from domain.package.state import payment_status
from domain.values import Value
from projections.engine.definition import Row
from projections.models.card_columns import COUNTS
from projections.models.remembered import of_the_same

UNTOUCHED: Row = {
    "refunded": 0,
    "frozen_on": None,
    "frozen_until": None,
    "valid_until": None,
    "thaws_at": None,
    "rules": "",
    "thawed_expires_on": None,
    "lapse_recorded": None,
    "reminder_of": None,
    "reminder_lead": None,
    "reminder_due_at": None,
    "reminder_sent_at": None,
    "lapses_at": None,
    "reminded_lead": None,
    "cancelled": False,
    "voided": False,
    "revoked": False,
    "state": "open",
    **dict.fromkeys(COUNTS, 0),
    "notes_count": 0,
    "last_used_at": None,
}
"""What the card of every package begins with."""


def first_card(fact: OpeningFact, recorded: Recorded) -> Row:
    """The columns of a package that has its first fact alone."""
    paid = fact.paid if isinstance(fact, PackageImported) else 0
    used, bought_at = fact.begins_used, fact.bought_at
    bought_on = local_day(bought_at, fact.time_zone).isoformat()
    return {
        **UNTOUCHED,
        "package_id": recorded.stream_id,
        "customer_id": fact.customer_id,
        **_origin(fact),
        "offer_id": fact.offer_id,
        "offer_version": fact.offer_version,
        "name": fact.name,
        "purchase_number": fact.purchase_number,
        "location_id": fact.location_id,
        "locations": list(fact.locations),
        "external_ref": fact.external_ref and str(fact.external_ref),
        "purchased_at": bought_at,
        "purchased_on": bought_on,
        "recorded_at": recorded.recorded_at,
        "position": recorded.position,
        "currency": fact.currency,
        "price": fact.price,
        "list_price": fact.list_price,
        "paid": paid,
        "unused_value": fact.price - sum(fact.first_values(used)),
        "validity": _dumped(fact.validity),
        # The day of purchase, unless the validity waits for the first use.
        "started_on": None if fact.validity.rule == "after_first_use" else bought_on,
        "expires_on": fact.expires_on and fact.expires_on.isoformat(),
        "time_zone": fact.time_zone,
        "sharing": fact.sharing,
        "beneficiaries": list(fact.beneficiaries),
        "cancellation": _dumped(fact.cancellation),
        "payment": payment_status(fact.price, paid),
        "owing": fact.price > paid,
        "lines": [
            {**line, "used_before": before, "remaining": line["granted"] - before}
            for line, before in zip(_lines(fact.lines), used, strict=True)
        ],
        "version": recorded.version,
    }


def _origin(fact: OpeningFact) -> Row:
    """Where its units came from, and what of its price is settled there."""
    match fact:
        case PackagePurchased():
            return {
                "purchased_by": fact.purchased_by,
                "origin": "sale" if fact.top_up_id is None else "top_up",
                "origin_id": fact.top_up_id,
                "covered": 0,
            }
        case UnitsTransferredIn():
            return {
                "purchased_by": None,
                "origin": "transfer",
                "origin_id": fact.transfer_id,
                "covered": fact.price,
            }
        case PackageImported():
            return {"purchased_by": None, "origin": "import", "origin_id": fact.import_id, "covered": 0}
        case PeriodGranted():
            return {
                "purchased_by": None,
                "origin": "membership",
                "origin_id": fact.membership_id,
                "covered": fact.rolled_value,
            }
        case _:
            assert_never(fact)


@of_the_same
def _lines(sold: tuple[SoldLine, ...]) -> list[Row]:
    """The lines with all their counts, as if none of their units had been used before."""
    return [
        {
            "label": line.label,
            "services": [
                {"id": service.id, "name": service.name, "service_type": service.service_type}
                for service in line.services
            ],
            "tax_rate": line.rate,
            **dict.fromkeys(COUNTS, 0),
            "granted": line.quantity,
        }
        for line in sold
    ]


@of_the_same
def _dumped(part: Value) -> Row:
    return part.model_dump(mode="json")
