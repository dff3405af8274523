"""The cards of a list as texts, each kept until its package, its customer or the terms of the business change.

A card follows from the facts of its package, the policies of the business, the household and names of its customer,
and the day in its zone. Days, in every zone, end at whole quarters of an hour. A card with a name that the version of
its customer does not vouch for is made anew each time, and so is every card of a list that is behind the ledger: a name
that was erased since would show.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic_core import to_json

from api.http.ledger_types import Books
from api.http.query import Query
from api.resources.packages.card import people_of_cards, shown_row
from api.resources.parts import NOBODY, with_kinds
from projections.engine.definition import Row
from projections.engine.snapshot import Snapshot
from projections.queries.package_places import Place, cards_at
from projections.queries.rows_by_id import WithHouseholds

QUARTER_S = 900

Key = tuple[str, str, str, bool]
"""That it is a card, the business, the package, and whether the reader sees names."""


@dataclass(frozen=True, slots=True)
class CardTexts:
    """The cards of some places: those that are known, and the rows of the others."""

    call: Query[Any]
    now: datetime
    books: Books
    """With the business, whose terms count."""
    places: Mapping[Key, Place]
    known: Mapping[Key, bytes]
    anew: WithHouseholds
    keeps: bool
    """Whether they are as fresh as the ledger."""

    def by_id(self) -> dict[str, bytes]:
        """Package → its card. Reads the directory where one has to be made."""
        texts = {key[2]: text for key, text in self.known.items()}
        rows = self.anew.rows
        if not rows:
            return texts
        sees, recorder = self.call.sees_people, self.call.ledger.recorder
        people = people_of_cards(recorder, rows) if sees else NOBODY
        members = (each for household in self.anew.households.values() for each in household)
        people = with_kinds(people, {each["id"]: {"kind": each["kind"]} for each in members})
        terms = self.books.business.policies
        made = {row["package_id"]: to_json(shown_row(row, self.now, people, terms=terms)) for row in rows}
        if self.keeps:
            self._keep(made)
        return texts | made

    def _keep(self, made: Mapping[str, bytes]) -> None:
        vouched = {row["package_id"] for row in self.anew.rows if _is_vouched_for(row, self.anew.households)}
        kept = {
            key: (_mark(place, self.books, self.now), made[place.package_id])
            for key, place in self.places.items()
            if place.package_id in vouched and place.customer_version is not None
        }
        self.call.frame.texts.keep(kept)


def card_texts(
    call: Query[Any], snapshot: Snapshot, places: Sequence[Place], books: Books, now: datetime
) -> CardTexts:
    """Within the snapshot: what is known of these cards, and what is not."""
    sees = call.sees_people
    at: dict[Key, Place] = {("card", call.business_id, place.package_id, sees): place for place in places}
    known: dict[Key, bytes] = {}
    if not snapshot.is_stale:
        known = call.frame.texts.known({key: _mark(place, books, now) for key, place in at.items()})
    lacking = [place.package_id for key, place in at.items() if key not in known]
    anew = cards_at(snapshot, call.business_id, lacking) if lacking else WithHouseholds([], {})
    return CardTexts(call, now, books, at, known, anew, keeps=not snapshot.is_stale)


def _mark(place: Place, books: Books, now: datetime) -> tuple[Any, ...]:
    terms = books.version(books.business_id)
    return (*place.card, place.customer_version, terms, int(now.timestamp()) // QUARTER_S)


def _is_vouched_for(row: Row, households: Mapping[str, Sequence[Row]]) -> bool:
    """Whether every name on the card is of its customer's household."""
    present = {each["id"] for each in households.get(row["customer_id"], ()) if not each["left"]}
    return present.issuperset(row["beneficiaries"])
