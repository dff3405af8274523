"""Late entries and corrections of a period: their sums, and each fact with who recorded it."""

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

from pydantic import Field

from api.http.date_ranges import check_range
from api.http.ledger_types import Recorder
from api.http.permissions import BOOKKEEPERS
from api.http.query import Found, ListParameters, Page, Query
from api.http.query_route import query
from api.resources.authors import EnteredBy, actors_known, entered_by
from api.resources.parts import LocalTime, People, SignedMoney, local
from domain.moments import Day, rfc3339
from replay.reports.entries import EntriesPage, Entry


class EntriesParameters(ListParameters):
    """Days of recording in the business's zone, both included."""

    from_: Annotated[Day, Field(alias="from")]
    to: Day | None = None
    """If absent, to now."""


class BookEntry(LocalTime):
    """A fact of a package, or money for a booking, with what it moved.

    The local time is that of `effective_at`, in the business's zone.
    """

    position: int
    name: str
    label: str
    package_id: str | None
    booking_id: str | None
    """The booking that was paid for, or whose payment was refunded."""
    version: int
    recorded_at: str
    effective_at: str
    entered_by: EnteredBy
    automatic: bool
    """Whether a rule entered it, not a person."""
    units: int
    value: SignedMoney
    """The value of those units."""
    amount: SignedMoney | None
    """The money of a payment or a refund."""
    price: SignedMoney | None
    """The price of a sale, or the new price."""


class EntryPage(Page[BookEntry]):
    count: int
    """Of the whole period, whatever the page."""
    units: int
    value: SignedMoney


@query(
    "/v1/reports/late-entries",
    "reports.late_entries",
    "Facts recorded in a period that took effect before it",
    roles=BOOKKEEPERS,
    answer=EntryPage,
    parameters=EntriesParameters,
    takes_long=True,
)
def late_entries_report(call: Query[EntriesParameters]) -> Found:
    """What changes figures that were reported already."""
    return _page(call, call.frame.late.of(call.business_id, call.time_zone).late_entries)


@query(
    "/v1/reports/corrections",
    "reports.corrections",
    "Corrections recorded in a period: of units, payments, prices, expiries and sales",
    roles=BOOKKEEPERS,
    answer=EntryPage,
    parameters=EntriesParameters,
    takes_long=True,
)
def corrections_report(call: Query[EntriesParameters]) -> Found:
    """Each fact with who recorded it."""
    return _page(call, call.frame.reasons.of(call.business_id, call.time_zone).corrections)


def _page(
    call: Query[EntriesParameters],
    find: Callable[[Recorder, date, date | None, int, int], EntriesPage],
) -> Found:
    asked = call.parameters
    check_range(asked.from_, asked.to, call.time_zone, "/to")
    call.check_reachable_now()
    (after,) = call.after() or (0,)
    found = find(call.ledger.recorder, asked.from_, asked.to, after, asked.limit + 1)
    people = actors_known(call, [entry.recorded.author.id for entry in found.entries])
    return call.page(
        EntryPage,
        found.entries,
        key=lambda entry: [entry.recorded.position],
        shown=lambda entry: shown_entry(call, entry, people),
        position=found.position,
        count=found.facts,
        units=found.units,
        value=SignedMoney(amount=found.value, currency=call.currency),
    )


def shown_entry(call: Query[Any], entry: Entry, people: People) -> BookEntry:
    recorded = entry.recorded
    return BookEntry(
        position=recorded.position,
        name=recorded.stored.name,
        label=entry.label,
        package_id=recorded.stream_id if recorded.stored.kind == "package" else None,
        booking_id=recorded.stream_id if recorded.stored.kind == "booking" else None,
        version=recorded.version,
        recorded_at=rfc3339(recorded.recorded_at),
        effective_at=rfc3339(entry.effective_at),
        **local(entry.effective_at, call.time_zone),
        entered_by=entered_by(recorded, people),
        automatic=entry.automatic,
        units=entry.units,
        value=SignedMoney(amount=entry.value, currency=call.currency),
        amount=_money(call, entry.amount),
        price=_money(call, entry.price),
    )


def _money(call: Query[Any], amount: int | None) -> SignedMoney | None:
    return None if amount is None else SignedMoney(amount=amount, currency=call.currency)


HANDLERS = (late_entries_report, corrections_report)
