"""Package cards as answers: the one shape that commands, queries and lists share (api.md, Card).

A card is rendered from the facts of its package, also from those that a command has only just decided, or
from a row of the list; the names on it come from the directory, and only for those who may see them.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import JsonValue
from pydantic_core import from_json

from api.http.request import Call
from domain.customer import Customer
from domain.ledger.books import Books, View
from domain.ledger.commands import Decision
from domain.ledger.contract import LedgerRecorder, Person
from domain.values import RECORDED_AT, ExternalRef, Value, rfc3339
from projections.engine.definition import Row
from projections.models import bookings
from projections.models.packages import is_inconsistent, moved, render, summed

People = Mapping[str, Mapping[str, Any]]
"""What the directory tells the reader, by id."""
NOBODY: People = {}


class SignedMoney(Value):
    """Minor units of an ISO 4217 currency; below zero only in the steps of an explanation."""

    amount: int
    currency: str


class CustomerOnCard(Value):
    """Who the package belongs to; all but the id null to those who may not see people's data."""

    id: str
    name: str | None
    email: str | None
    mobile: str | None


class HouseholdMember(Value):
    """Who uses units: a member of the household."""

    id: str
    name: str | None
    kind: str
    photo_url: str | None


class NamedThing(Value):
    """A thing or a member of staff by id, with its name where there is one to show."""

    id: str
    name: str | None


class BookingRef(Value):
    id: str
    starts_at: str | None


class Origin(Value):
    kind: Literal["sale"]
    id: str | None


class ServiceOnLine(Value):
    """A service as it was called when it was sold."""

    id: str
    name: str
    service_type: str


class Reminder(Value):
    due_on: str | None
    sent_at: str | None


class LineOnCard(Value):
    """Units: total = used + remaining; used = redeemed + forfeited + corrected."""

    line: int
    label: str
    services: list[ServiceOnLine]
    granted: int
    total: int
    used: int
    held: int
    remaining: int
    available: int
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
    redeemed: int
    forfeited: int
    corrected: int
    transferred: int
    lapsed: int
    lines: list[LineOnCard]
    collapsed: bool
    notes_count: int
    last_used_at: str | None
    version: int
    inconsistent: bool = False
    """Whether the order of business time shows a line below zero; only where the effective past was asked."""


# Rendering


def known(people: Iterable[Person]) -> dict[str, dict[str, Any]]:
    """What the directory rows tell, by id."""
    return {person.id: from_json(person.data) for person in people}


def named(id: str | None, people: People) -> NamedThing | None:
    return None if id is None else NamedThing(id=id, name=people.get(id, {}).get("name"))


def booking(id: str | None, starts_at: datetime | None) -> BookingRef | None:
    """A booking, of ours or of another system, and when it was to start as the use was entered."""
    if id is None:
        return None
    return BookingRef(id=id, starts_at=None if starts_at is None else rfc3339(starts_at))


def people_of_cards(recorder: LedgerRecorder, cards: Iterable[Row]) -> dict[str, dict[str, Any]]:
    """What the directory tells of the customers and beneficiaries on these cards, in one look-up."""
    ids = {id for card in cards for id in (card["customer_id"], *card["beneficiaries"])}
    return known(recorder.people(sorted(ids)))


def with_kinds(people: People, kinds: Mapping[str, str]) -> People:
    """The same with what participants are (person, dog …): a fact, shown to everybody."""
    return {**people, **{id: {**people.get(id, {}), "kind": kind} for id, kind in kinds.items()}}


def kinds_of(customer: Customer | None) -> dict[str, str]:
    """Participant → kind, those who left included."""
    return {} if customer is None else {id: each.kind for id, each in customer.participants.items()}


def shown(card: Row, moment: datetime, people: People) -> PackageCard:
    """A stored row as a card."""
    return PackageCard(**render(card, moment, people, recorded_at=rfc3339(card["recorded_at"])))


def past_shown(card: Row, moment: datetime, people: People) -> PackageCard:
    """A card of the past. Texts of the directory may change or go, so `people` tells kinds alone."""
    rendered = render(card, moment, people, recorded_at=rfc3339(card["recorded_at"]))
    return PackageCard(**rendered, inconsistent=is_inconsistent(card))


VIEWS: Mapping[str, View] = {"package": moved, "booking": bookings.moved}
"""What the process folds beside the states of streams, so that a command's answer need not fold anew."""


def in_books(books: Books, package_id: str, call: Call) -> Row:
    """The members of a `Card` as the books stand, the facts of the command under way included.

    No `Card` is built of them: it would check what was just made here, for every command of a till. The
    tests hold every answer against its description instead (tests/api/desk.py).
    """
    stream = books.stream(package_id)
    assert stream is not None, "the command has read this package"
    card = summed(stream.view)
    people = known(_on_card(books, card)) if call.sees_people else NOBODY
    people = with_kinds(people, kinds_of(books.customer(card["customer_id"])))
    now = call.frame.carnet.clock()
    sold_before = stream.position > 0
    recorded_at = rfc3339(card["recorded_at"]) if sold_before else RECORDED_AT
    rendered = render(card, now, people, recorded_at=recorded_at)
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
