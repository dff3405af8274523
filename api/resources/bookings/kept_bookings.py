"""The bookings of a list as texts, each kept until something it follows from changes.

A booking follows from its own facts, its service, the locations of the business, the household and names of its
customer, and the name of the member of staff, which is looked up each time. A booking with another name, and every
booking of a list that is behind the ledger, is made anew: a name that was erased since would show.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.http.ledger_types import Books
from api.http.query import Query
from api.resources.bookings.answer import Names, shown_booking
from api.resources.parts import NOBODY, People, known
from projections.engine.definition import Row
from projections.engine.snapshot import Snapshot
from projections.queries.booking_places import Place
from projections.queries.rows_by_id import WithHouseholds

Key = tuple[str, str, str, bool]
"""That it is a booking, the business, the booking, and whether the reader sees names."""


@dataclass(frozen=True, slots=True)
class BookingTexts:
    """The bookings of some places that are known, and the ids of the others."""

    call: Query[Any]
    books: Books
    """With the business, whose locations are named."""
    places: Mapping[Key, Place]
    known: Mapping[Key, bytes]

    @property
    def lacking(self) -> list[str]:
        return [place.booking_id for key, place in self.places.items() if key not in self.known]

    def with_(self, anew: WithHouseholds, names: Names, *, keeps: bool) -> dict[str, bytes]:
        """Booking → as the list shows it. `keeps`: whether the rows are as fresh as the ledger."""
        made = {row["booking_id"]: shown_booking(row, names).model_dump_json().encode() for row in anew.rows}
        vouched = {row["booking_id"] for row in anew.rows if _is_vouched_for(row, anew.households)}
        if keeps:
            self.call.frame.texts.keep(
                {
                    key: (_mark(place, self.books, names.people), made[place.booking_id])
                    for key, place in self.places.items()
                    if place.booking_id in vouched and place.customer_version is not None
                }
            )
        return {key[2]: text for key, text in self.known.items()} | made


def booking_texts(
    call: Query[Any], snapshot: Snapshot, places: Sequence[Place], books: Books
) -> BookingTexts:
    """What is known of these bookings."""
    sees = call.sees_people
    at: dict[Key, Place] = {("booking", call.business_id, each.booking_id, sees): each for each in places}
    if snapshot.is_stale:
        return BookingTexts(call, books, at, {})
    staff = {each.staff_id for each in places if each.staff_id is not None}
    people = known(call.ledger.recorder.people(sorted(staff))) if sees and staff else NOBODY
    marks = {key: _mark(place, books, people) for key, place in at.items()}
    return BookingTexts(call, books, at, call.frame.texts.known(marks))


def _mark(place: Place, books: Books, people: People) -> tuple[Any, ...]:
    staff = None if place.staff_id is None else people.get(place.staff_id, {}).get("name")
    return (*place.row, place.customer_version, staff, books.version(books.business_id))


def _is_vouched_for(row: Row, households: Mapping[str, Sequence[Row]]) -> bool:
    """Whether the participant is of the household of the customer."""
    household = households.get(row["customer_id"], ())
    return any(each["id"] == row["participant_id"] and not each["left"] for each in household)
