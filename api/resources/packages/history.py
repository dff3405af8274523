"""The history of a package: one row for each fact, and its notes (S31, S33, S76, S77)."""

from typing import Literal

from api.http.cursors import behind
from api.http.ledger_types import RecordedFact
from api.http.permissions import READERS, READERS_OR_OWN
from api.http.query import Found, ListParameters, Page, Query
from api.http.query_route import query
from api.resources.authors import EnteredBy, author, entered_by
from api.resources.bookings.answer import starts_of
from api.resources.packages.at_a_moment import PackageAsked, PastPage, ask
from api.resources.parts import (
    ERASED,
    BookingRef,
    HouseholdMember,
    LocalTime,
    NamedThing,
    People,
    SignedMoney,
    Start,
    booking,
    local,
    named,
)
from domain.moments import rfc3339
from domain.package.facts import NoteAdded
from projections.engine.definition import Row
from replay.package import history_of, reversed_versions, services_of

CODED = ("reason_code", "reason_text")


class HistoryParameters(PastPage):
    order: Literal["oldest", "newest"] = "oldest"
    """Which row comes first."""


class HistoryRow(LocalTime):
    """The local time is that of `effective_at`, in the package's zone."""

    version: int
    recorded_at: str
    effective_at: str
    date: str
    """The same as `local_date`."""
    entered_by: EnteredBy
    kind: str
    label: str
    text: str | None
    """The note or the reason given; notes are for the desk alone."""
    reason_code: str | None
    """The reason, by a code of the business."""
    reason_text: str | None
    """The text that the code had then."""
    line: int | None
    change: int
    remaining: int | None
    service: NamedThing | None
    participant: HouseholdMember | None
    booking: BookingRef | None
    staff: NamedThing | None
    """Who performed it; of what is not performed, the member of staff who entered it."""
    location: NamedThing | None
    business_name: str
    amount: SignedMoney | None
    """Money that came or went. In the row of a purchase it is the payment that came with it, whose own row follows."""
    price: SignedMoney | None
    """What the package costs from then on: in the rows of a purchase and of a change of price."""
    expires_on: str | None
    """The last valid day that the row sets, or tells of."""
    frozen_until: str | None
    """The last day of the freeze that the row begins."""
    payment_method: str | None
    payment_id: str | None
    redemption_id: str | None
    reverses: int | None
    """The version of the row whose use or payment this one gives back."""


class HistoryPage(Page[HistoryRow]):
    pass


@query(
    "/v1/packages/{package_id}/history",
    "packages.history",
    "Everything that happened to a package, one row for each fact",
    roles=READERS_OR_OWN,
    answer=HistoryPage,
    parameters=HistoryParameters,
)
def list_history(call: Query[HistoryParameters]) -> Found:
    """Oldest first unless `order` says otherwise, with what each row changed and what was left."""
    asked = ask(call, call.past())
    every = history_of(asked.facts)
    if call.parameters.order == "newest":
        every.reverse()
    rows = behind(every, call.after(), "version")
    page = rows[: call.parameters.limit]
    people = asked.people([id for row in page for id in (row["staff_id"], row["actor_id"])])
    texts = asked.texts([row["text_id"] for row in page])
    booked = [row["booking_id"] for row in page] if asked.tells_texts else []
    starts = starts_of(call, asked.card["customer_id"], booked)
    told = _Teller(asked, people, texts, reversed_versions(asked.facts), starts)
    return call.page(
        HistoryPage, rows, key=lambda row: [row["version"]], shown=told.row, position=asked.position
    )


class _Teller:
    """Adds names to the ids of history rows."""

    def __init__(
        self,
        asked: PackageAsked,
        people: People,
        texts: dict[str, str] | None,
        reverses: dict[int, int],
        starts: dict[str, Start],
    ) -> None:
        self._asked = asked
        self._people = people
        self._texts = texts
        self._reverses = reverses
        self._starts = starts
        self._services = services_of(asked.facts)

    def row(self, row: Row) -> HistoryRow:
        asked, business = self._asked, self._asked.books.business
        text, amount, service_id = self._text(row), row["amount"], row["service_id"]
        price = row["price"]
        told_at = local(row["effective_at"], asked.card["time_zone"])
        return HistoryRow(
            **{name: row[name] for name in ("version", "kind", "line", "change", "remaining", *CODED)},
            recorded_at=rfc3339(row["recorded_at"]),
            effective_at=rfc3339(row["effective_at"]),
            **told_at,
            date=told_at["local_date"],
            entered_by=author(row["actor_id"], row["actor_role"], self._people),
            label=_label(row, text),
            text=text,
            service=None if service_id is None else self._service(service_id),
            participant=asked.participant(row["participant_id"], self._people),
            booking=booking(row["booking_id"], self._starts, row["session_at"], asked.card["time_zone"]),
            staff=named(row["staff_id"], self._people),
            location=None if row["location_id"] is None else self._location(row["location_id"]),
            business_name=business.name,
            amount=None if amount is None else asked.money(amount),
            price=None if price is None else asked.money(price),
            expires_on=row["expires_on"],
            frozen_until=row["frozen_until"],
            payment_method=row["payment_method"],
            payment_id=row["payment_id"],
            redemption_id=row["redemption_id"],
            reverses=self._reverses.get(row["version"]),
        )

    def _service(self, id: str) -> NamedThing:
        sold = self._services.get(id)
        return NamedThing(id=id, name=None if sold is None else sold.name)

    def _location(self, id: str) -> NamedThing:
        location = self._asked.books.business.locations.get(id) if self._asked.tells_texts else None
        return NamedThing(id=id, name=None if location is None else location.name)

    def _text(self, row: Row) -> str | None:
        if row["text_id"] is None or self._texts is None:
            return None
        if row["kind"] == "note" and self._asked.call.role not in READERS:
            return None
        text: str = self._texts.get(row["text_id"], ERASED)
        return text


def _label(row: Row, text: str | None) -> str:
    """A correction says why: the text of its code, then the reason in words."""
    label: str = row["label"]
    if row["kind"] != "correction" or not text:
        return label
    return f"{label} · {text}" if row["reason_text"] else f"{label}: {text}"


# Notes


class Note(LocalTime):
    version: int
    recorded_at: str
    text: str | None
    """`(erased)` once it is; null to those who may not see people's data."""
    staff: NamedThing | None
    entered_by: EnteredBy


class NotePage(Page[Note]):
    pass


@query(
    "/v1/packages/{package_id}/notes",
    "packages.notes",
    "The notes on a package, oldest first, with author and date",
    roles=READERS,
    answer=NotePage,
    parameters=ListParameters,
)
def list_notes(call: Query[ListParameters]) -> Found:
    """A note that was erased says so."""
    asked, (after,) = ask(call), call.after() or [0]
    notes = [(r, r.fact) for r in asked.facts if isinstance(r.fact, NoteAdded) and r.version > after]
    page = notes[: call.parameters.limit]
    people = asked.people([recorded.author.id for recorded, _ in page])
    texts = asked.texts([fact.note.id for _, fact in page])

    def note(found: tuple[RecordedFact, NoteAdded]) -> Note:
        recorded, fact = found
        return Note(
            version=recorded.version,
            recorded_at=rfc3339(recorded.recorded_at),
            **local(recorded.recorded_at, asked.card["time_zone"]),
            text=None if texts is None else texts.get(fact.note.id, ERASED),
            staff=named(recorded.staff_id, people),
            entered_by=entered_by(recorded, people),
        )

    return call.page(
        NotePage, notes, key=lambda found: [found[0].version], shown=note, position=asked.position
    )


HANDLERS = (list_history, list_notes)
