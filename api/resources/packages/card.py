"""Package cards as answers: the one shape that commands, queries and lists share (api.md, Card).

A card is rendered from the facts of its package, those of a command under way included, or from a row of the
list. Names come from the directory, only for readers who may see them.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from operator import itemgetter
from typing import Any, Literal

from pydantic import JsonValue

from api.http.ledger_types import Books, Recorder, View
from api.http.request import Call
from api.resources.packages.numbers import as_numbered
from api.resources.parts import (
    NOBODY,
    HouseholdMember,
    People,
    SignedMoney,
    beneficiary,
    kinds_of,
    known,
    with_kinds,
)
from domain.business.facts import Policies
from domain.calendar_rules import expires_at
from domain.decision import Decision
from domain.moments import local_day, rfc3339
from domain.package.reminders import remind_on
from domain.package.state import Status, payment_status
from domain.people.directory import Person
from domain.values import RECORDED_AT, ExternalRef, Value
from projections.engine.definition import Row
from projections.models import bookings, memberships
from projections.models.availability import Unavailable, unavailable_because
from projections.models.card_columns import COUNTS, card_status, expiry_of, is_inconsistent, owed_for, summed
from projections.models.packages import moved

BALANCE, USES = COUNTS[:5], COUNTS[5:]
of_balance, of_uses = itemgetter(*BALANCE), itemgetter(*USES)
"""What is left comes first, what became of the units after it; `available` stands between them."""


def render(
    card: Row,
    moment: datetime,
    people: Mapping[str, Mapping[str, Any]],
    *,
    recorded_at: str,
    terms: Policies,
) -> Row:
    """A card as api.md shows it, at a moment. `people`: the directory as the reader may see it, by id.

    `terms`: the policies of the business then.
    """
    day, expiry, state = local_day(moment, card["time_zone"]), expiry_of(card), card_status(card, moment)
    currency = card["currency"]
    expires_on, frozen = expiry.on(day), expiry.is_frozen(day)
    reason = unavailable_because(card, moment, state, payment_required=terms.payment_required)
    customer = people.get(card["customer_id"], {})

    ends_at = None if expires_on is None else expires_at(expires_on, card["time_zone"])

    def money(amount: int) -> Row:
        return {"amount": amount, "currency": currency}

    def counts(of: Row) -> Row:
        counted = dict(zip(BALANCE, of_balance(of), strict=True))
        counted["available"] = 0 if reason else _available(of)
        counted.update(zip(USES, of_uses(of), strict=True))
        return counted

    return {
        "id": card["package_id"],
        "name": card["name"],
        "offer_id": card["offer_id"],
        "offer_version": card["offer_version"],
        "purchase_number": card["purchase_number"],
        "customer": {
            "id": card["customer_id"],
            "name": customer.get("name"),
            "email": customer.get("email"),
            "mobile": customer.get("mobile"),
        },
        "purchased_by": card["purchased_by"],
        "beneficiaries": [beneficiary(id, card["customer_id"], people) for id in card["beneficiaries"]],
        "sharing": card["sharing"],
        "origin": {"kind": card["origin"], "id": card["origin_id"]},
        "location_id": card["location_id"],
        "locations": card["locations"],
        "external_ref": _external_ref(card["external_ref"]),
        "purchased_on": card["purchased_on"],
        "recorded_at": recorded_at,
        "status": state,
        "payment_status": payment_status(card["price"], card["covered"] + card["paid"]),
        "price": money(card["price"]),
        "list_price": money(card["list_price"]),
        "paid": money(card["paid"]),
        "refunded": money(card["refunded"]),
        "owing": money(owed_for(card)),
        "unused_value": money(card["unused_value"]),
        "validity": {**card["validity"], "started_on": card["started_on"]},
        "expires_on": expires_on and expires_on.isoformat(),
        "time_zone": card["time_zone"],
        "expires_at": ends_at and rfc3339(ends_at),
        "frozen_until": card["frozen_until"] if frozen else None,
        "cancellation": card["cancellation"],
        "reminder": _reminder(card, state, expires_on, terms),
        **counts(card),
        "unavailable_because": reason,
        "lines": [
            {
                "line": number,
                "label": line["label"],
                "services": line["services"],
                **counts(line),
                "progress": round(line["used"] / line["total"], 4) if line["total"] else 0.0,
            }
            for number, line in enumerate(card["lines"], 1)
        ],
        "collapsed": state != "active",
        "notes_count": card["notes_count"],
        "last_used_at": _last_used_at(card),
        "version": card["version"],
    }


def _reminder(card: Row, state: Status, expires_on: date | None, terms: Policies) -> Row:
    """That of the last valid day as it stands: the one that was due or sent, else the one to come."""
    if expires_on is not None and card["reminder_of"] == expires_on.isoformat():
        lead, sent_at = card["reminder_lead"], card["reminder_sent_at"]
        status = "due" if sent_at is None else "sent"
    else:
        lead, sent_at, status = terms.reminder_lead_days if state == "active" else None, None, "none"
    due_on = None if expires_on is None or lead is None else remind_on(expires_on, lead)
    return {
        "status": status,
        "due_on": due_on and due_on.isoformat(),
        "sent_at": sent_at and rfc3339(sent_at),
    }


def _available(counts: Row) -> int:
    available: int = counts["remaining"] - counts["held"]
    return available


def _last_used_at(card: Row) -> str | None:
    """The moment of the latest use, even if it was given back since; None if no unit is in use."""
    return rfc3339(card["last_used_at"]) if card["redeemed"] else None


def _external_ref(text: str | None) -> Row | None:
    if text is None:
        return None
    source, _, ref = text.partition(":")
    return {"source": source, "ref": ref}


class CustomerOnCard(Value):
    """Who the package belongs to; all but the id null to those who may not see people's data."""

    id: str
    name: str | None
    email: str | None
    mobile: str | None


OriginKind = Literal["sale", "transfer", "import", "membership", "top_up"]


class Origin(Value):
    """Where its units came from."""

    kind: OriginKind
    id: str | None
    """The transfer, the batch of the import, the membership, or the rule that sold it by itself; null for any other
    sale."""


class ServiceOnLine(Value):
    """A service as it was called when it was sold."""

    id: str
    name: str
    service_type: str


class Reminder(Value):
    """The reminder of `expires_on`; another last valid day has a reminder of its own."""

    status: Literal["none", "due", "sent"]
    """`due`: the customer is to be told now."""
    due_on: str | None
    """The day on which it is or was due; null where none will come."""
    sent_at: str | None


class LineOnCard(Value):
    """Units: total = used + remaining; used = used_before + redeemed + forfeited + corrected."""

    line: int
    label: str
    services: list[ServiceOnLine]
    granted: int
    total: int
    used: int
    held: int
    remaining: int
    available: int
    used_before: int
    """Units used in the system that the package was imported from."""
    redeemed: int
    forfeited: int
    corrected: int
    transferred: int
    lapsed: int
    progress: float
    """used / total, from 0 to 1."""


class PackageCard(Value):
    """Everything a screen shows of a package, without arithmetic."""

    id: str
    name: str
    offer_id: str | None
    offer_version: int | None
    purchase_number: int
    customer: CustomerOnCard
    purchased_by: str | None
    beneficiaries: list[HouseholdMember]
    sharing: Literal["purchaser", "household"]
    origin: Origin
    location_id: str | None
    locations: list[str]
    external_ref: ExternalRef | None
    purchased_on: str
    recorded_at: str
    status: Literal["active", "expired", "fully_used", "cancelled"]
    payment_status: Literal["unpaid", "partial", "paid"]
    price: SignedMoney
    list_price: SignedMoney
    paid: SignedMoney
    refunded: SignedMoney
    owing: SignedMoney
    unused_value: SignedMoney
    validity: dict[str, JsonValue]
    expires_on: str | None
    time_zone: str
    expires_at: str | None
    frozen_until: str | None
    cancellation: dict[str, JsonValue]
    reminder: Reminder
    granted: int
    total: int
    used: int
    held: int
    remaining: int
    available: int
    used_before: int
    """Units used in the system that the package was imported from."""
    redeemed: int
    forfeited: int
    corrected: int
    transferred: int
    lapsed: int
    unavailable_because: Unavailable | None
    """Why no unit can be used now, as a use would be refused; null where `available` is above 0."""
    lines: list[LineOnCard]
    collapsed: bool
    """Whether a screen shows it folded, at the end of a customer's packages: it is not active."""
    notes_count: int
    last_used_at: str | None
    version: int
    inconsistent: bool = False
    """Whether a line falls below zero in the order of business time; told of the effective past alone."""


def people_of_cards(recorder: Recorder, cards: Iterable[Row]) -> dict[str, dict[str, Any]]:
    """The customers and beneficiaries on these cards, by id, in one look-up of the directory."""
    ids = {id for card in cards for id in (card["customer_id"], *card["beneficiaries"])}
    return known(recorder.people(sorted(ids)))


def shown(card: Row, moment: datetime, people: People, *, terms: Policies) -> PackageCard:
    """A stored row as a card."""
    return PackageCard(**shown_row(card, moment, people, terms=terms))


def shown_row(card: Row, moment: datetime, people: People, *, terms: Policies) -> Row:
    """The members of a `PackageCard`, of a stored row. Facts in the order they were recorded are never inconsistent."""
    rendered = render(card, moment, people, recorded_at=rfc3339(card["recorded_at"]), terms=terms)
    return {**rendered, "inconsistent": False}


def past_row(card: Row, moment: datetime, people: People, *, terms: Policies) -> Row:
    """The same of the past. Texts of the directory may change or go, so `people` holds kinds alone."""
    return {**shown_row(card, moment, people, terms=terms), "inconsistent": is_inconsistent(card)}


VIEWS: Mapping[str, View] = {
    "package": moved,
    "booking": bookings.moved,
    "membership": memberships.row,
}
"""Views folded beside the states of streams, so that a command's answer need not fold anew."""


def in_books(books: Books, package_id: str, call: Call) -> Row:
    """The members of a `PackageCard` as the books stand, the facts of the command under way included.

    No `PackageCard` is built: for every command it would check what was just made here. The tests check every
    answer instead (tests/api/desk.py).
    """
    stream = books.stream(package_id)
    assert stream is not None, "the command has read this package"
    card = as_numbered(books, summed(stream.view))
    people = known(_on_card(books, card)) if call.sees_people else NOBODY
    people = with_kinds(people, kinds_of(books.customer(card["customer_id"])))
    now = call.frame.carnet.clock()
    sold_before = stream.position > 0
    recorded_at = rfc3339(card["recorded_at"]) if sold_before else RECORDED_AT
    rendered = render(card, now, people, recorded_at=recorded_at, terms=books.business.policies)
    rendered["inconsistent"] = is_inconsistent(card)
    return rendered


def _on_card(books: Books, card: Row) -> Iterable[Person]:
    for id in (card["customer_id"], *card["beneficiaries"]):
        if person := books.person(id):
            yield person


def owners(books: Books, decision: Decision) -> tuple[str, ...]:
    """The customers whose names and contacts the cards of a decision hold."""
    packages = (books.package(id) for id in decision.packages)
    return tuple(dict.fromkeys(package.customer_id for package in packages if package is not None))
