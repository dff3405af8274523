"""Parts that several answers show: money, people, names."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pydantic_core import from_json

from domain.moments import rfc3339
from domain.people.directory import Person
from domain.people.state import Customer, in_person
from domain.values import Value
from projections.engine.definition import Row


def beneficiary(id: str, customer_id: str, people: Mapping[str, Mapping[str, Any]]) -> Row:
    """A participant as a screen shows them; number 0 has the customer's name."""
    known = people.get(customer_id if id == in_person(customer_id) else id, {})
    return {
        "id": id,
        "name": known.get("name"),
        "kind": known.get("kind", "person"),
        "photo_url": photo_url(known["photo"]) if "photo" in known else None,
    }


def photo_url(photo_id: str) -> str:
    """The address of a photo."""
    return f"/v1/photos/{photo_id}"


People = Mapping[str, Mapping[str, Any]]
"""The directory as the reader may see it, by id."""
NOBODY: People = {}
ERASED = "(erased)"
"""Stands for a text that was erased."""


class SignedMoney(Value):
    """Minor units of an ISO 4217 currency; below zero only in the steps of an explanation."""

    amount: int
    currency: str


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


def known(people: Iterable[Person]) -> dict[str, dict[str, Any]]:
    """The data of rows of the directory, by id."""
    return {person.id: from_json(person.data) for person in people}


def named(id: str | None, people: People) -> NamedThing | None:
    return None if id is None else NamedThing(id=id, name=people.get(id, {}).get("name"))


def booking(id: str | None, starts_at: datetime | None) -> BookingRef | None:
    """A booking, of ours or of another system, and its start if known."""
    if id is None:
        return None
    return BookingRef(id=id, starts_at=None if starts_at is None else rfc3339(starts_at))


def with_kinds(people: People, kinds: Mapping[str, str]) -> People:
    """`people` with the kinds of participants (person, dog …), which are facts and shown to everybody."""
    return {**people, **{id: {**people.get(id, {}), "kind": kind} for id, kind in kinds.items()}}


def kinds_of(customer: Customer | None) -> dict[str, str]:
    """Participant → kind, including those who left."""
    return {} if customer is None else {id: each.kind for id, each in customer.participants.items()}
