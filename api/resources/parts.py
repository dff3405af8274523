"""Parts that several answers show: money, people, names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic_core import from_json

from domain.moments import rfc3339
from domain.people.directory import Person
from domain.people.state import Customer, in_person
from domain.values import Value
from domain.zone_rules import zone as rules_of
from projections.engine.definition import Row


def beneficiary(id: str, customer_id: str, people: Mapping[str, Mapping[str, Any]]) -> Row:
    """A participant as a screen shows them; number 0 has the customer's name."""
    id = people.get(id, {}).get("same_as", id)
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


Kinds = Mapping[str, Mapping[str, str]]
"""Participant → `kind`; or `same_as`, the participant who is the same person since a merge."""
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


class LocalTime(Value):
    """A moment as a clock on the wall shows it, beside the moment in UTC."""

    local_date: str
    local_time: str
    """Hours and minutes."""
    time_zone: str


class LocalTimeIfAny(Value):
    """As `LocalTime`, of a moment that may be missing."""

    local_date: str | None
    local_time: str | None
    time_zone: str


class BookingRef(LocalTimeIfAny):
    """A booking, and when it starts, in its own zone. That of a booking kept elsewhere is the package's."""

    id: str
    starts_at: str | None


@dataclass(frozen=True, slots=True)
class Start:
    """When a session starts, and the zone of the place."""

    moment: datetime
    zone: str


def known(people: Iterable[Person]) -> dict[str, dict[str, Any]]:
    """The data of rows of the directory, by id."""
    return {person.id: from_json(person.data) for person in people}


def named(id: str | None, people: People) -> NamedThing | None:
    return None if id is None else NamedThing(id=id, name=people.get(id, {}).get("name"))


def local(moment: datetime | None, zone: str) -> dict[str, Any]:
    """The members of a `LocalTime` or `LocalTimeIfAny`: the one place that says how people read a moment."""
    if moment is None:
        return {"local_date": None, "local_time": None, "time_zone": zone}
    there = moment.astimezone(rules_of(zone))
    return {"local_date": there.date().isoformat(), "local_time": f"{there:%H:%M}", "time_zone": zone}


def moment_or_none(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)


def booking(
    id: str | None, starts: Mapping[str, Start], session_at: datetime | None, zone: str
) -> BookingRef | None:
    """A booking with its present start; one kept elsewhere with the session that was named, in `zone`."""
    if id is None:
        return None
    start = starts.get(id)
    moment, zone = (session_at, zone) if start is None else (start.moment, start.zone)
    return BookingRef(id=id, starts_at=moment_or_none(moment), **local(moment, zone))


def with_kinds(people: People, kinds: Kinds) -> People:
    """`people` with the kinds of participants (person, dog …), which are facts and shown to everybody."""
    return {**people, **{id: {**people.get(id, {}), **kind} for id, kind in kinds.items()}}


def kinds_of(customer: Customer | None) -> dict[str, dict[str, str]]:
    """Participant → kind, including those who left. Absorbed customers in person are the customer in person."""
    if customer is None:
        return {}
    kinds = {id: {"kind": each.kind} for id, each in customer.participants.items()}
    return kinds | {in_person(name): {"same_as": customer.in_person.id} for name in customer.absorbed}


def granted_by(card: Mapping[str, Any]) -> str | None:
    """The membership that granted a package, of its `origin` and `origin_id`; None where it was not granted."""
    id: str | None = card["origin_id"] if card.get("origin") == "membership" else None
    return id
