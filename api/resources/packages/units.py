"""The units of packages: the stamps of one, a page at a time, and those of the cards on a page."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from api.http.ledger_types import Books
from api.http.permissions import READERS_OR_OWN
from api.http.query import Found, Page, Query
from api.http.query_route import query
from api.resources.bookings.answer import starts_of
from api.resources.packages.at_a_moment import PastPage, ask, kinds_at
from api.resources.parts import (
    NOBODY,
    HouseholdMember,
    LocalTimeIfAny,
    People,
    SignedMoney,
    Start,
    beneficiary,
    known,
    local,
    moment_or_none,
    with_kinds,
)
from domain.actor import Role
from domain.decision import Reads
from projections.engine.definition import Row
from replay.as_of import Past, as_it_was
from replay.package import units_of

UNITS_WITH_CARD_MAX = 100
"""Units of a package that come with its card; a package of more has a list of its own."""


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
    """Each unit with its state, value, and where it was used."""
    asked, after = ask(call, call.past()), call.after() or [0, 0]
    rows = [row for row in units_of(asked.facts) if [row["line"], row["unit"]] > after]
    people, customer_id = asked.people(), asked.card["customer_id"]
    booked = _booked(rows[: call.parameters.limit])
    starts = starts_of(call, customer_id, booked) if asked.tells_texts else {}
    return call.page(
        UnitPage,
        rows,
        key=lambda row: [row["line"], row["unit"]],
        shown=lambda row: _shown(row, asked.card, people, starts),
        position=asked.position,
    )


def _booked(units: Iterable[Row]) -> list[str | None]:
    return [unit["booking_id"] for unit in units if unit["used_at"]]


def _shown(unit: Row, card: Row, people: People, starts: Mapping[str, Start]) -> Unit:
    deducted_at = unit["deducted_at"]
    start = Start(unit["used_at"] or deducted_at, card["time_zone"])
    if unit["used_at"]:
        start = starts.get(unit["booking_id"], start)
    who = unit["participant_id"]
    names = ("line", "unit", "state", "service_id", "booking_id", "redemption_id", "staff_id")
    return Unit(
        **{name: unit[name] for name in names},
        value=SignedMoney(amount=unit["value"], currency=card["currency"]),
        used_at=moment_or_none(start.moment if unit["used_at"] else None),
        deducted_at=moment_or_none(deducted_at),
        **local(start.moment, start.zone),
        participant=None if who is None else HouseholdMember(**beneficiary(who, card["customer_id"], people)),
    )


def units_of_cards(
    call: Query[Any], cards: Sequence[Row], past: Past, position: int
) -> dict[str, tuple[Unit, ...]]:
    """Package → its units as the list `/units` tells them, as of the version of its card.

    Without packages of more than UNITS_WITH_CARD_MAX units and, for a customer, those that are somebody else's.
    """
    own = {call.caller.actor.id, *call.own_names()} if call.role is Role.CUSTOMER else None
    shown = [
        card
        for card in cards
        if card["total"] <= UNITS_WITH_CARD_MAX and (own is None or card["customer_id"] in own)
    ]
    if not shown:
        return {}
    packages = {card["package_id"]: 0 for card in shown}
    books = call.look(Reads({call.business_id: 0, **packages}, with_customers=True))
    units = {card["package_id"]: _units_on(books, card, past) for card in shown}
    made: dict[str, tuple[Unit, ...]] = {}
    for customer_id in dict.fromkeys(card["customer_id"] for card in shown):
        theirs = [card for card in shown if card["customer_id"] == customer_id]
        people = with_kinds(
            NOBODY if past or not call.sees_people_of(customer_id) else known(books.people(customer_id)),
            kinds_at(books, customer_id, position),
        )
        booked = _booked(unit for card in theirs for unit in units[card["package_id"]])
        starts = {} if past else starts_of(call, customer_id, booked)
        for card in theirs:
            id = card["package_id"]
            made[id] = tuple(_shown(unit, card, people, starts) for unit in units[id])
    return made


def _units_on(books: Books, card: Row, past: Past) -> list[Row]:
    stream = books.stream(card["package_id"])
    assert stream is not None, "it has a card"
    if past:
        return units_of(as_it_was(stream.facts, past))
    return units_of(fact for fact in stream.facts if fact.version <= card["version"])


HANDLERS = (list_units,)
