"""The history of a booking: when it was made, moved, paid, attended or cancelled, who entered it, and why."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, assert_never, cast

from api.http.cursors import behind
from api.http.ledger_types import RecordedFact
from api.http.permissions import READERS_OR_OWN
from api.http.query import Found, Page, Query
from api.http.query_route import query
from api.resources.authors import EnteredBy, actors_known, entered_by
from api.resources.bookings.queries import PastPage, ask
from api.resources.parts import ERASED, NOBODY, LocalTime, People, SignedMoney, local
from domain.booking.facts import (
    Attendance,
    AttendanceMarked,
    BookingCancelled,
    BookingCompleted,
    BookingConfirmed,
    BookingFact,
    BookingMade,
    BookingOutcome,
    BookingPaymentRecorded,
    BookingPaymentRefunded,
    BookingRescheduled,
    BookingSource,
    BookingSourcesChanged,
    By,
    OutcomesChanged,
    Unusable,
)
from domain.business.reasons import ReasonedFact
from domain.moments import rfc3339
from domain.values import TextRef, Value
from replay.as_of import effective_at

Kind = Literal[
    "booking",
    "confirmation",
    "rescheduling",
    "units",
    "outcome",
    "attendance",
    "completion",
    "cancellation",
    "payment",
    "refund",
]


class BookingHistoryParameters(PastPage):
    order: Literal["oldest", "newest"] = "oldest"
    """Which row comes first."""


class PayingUnits(Value):
    """Units of one package that pay for the booking from then on."""

    package_id: str
    line: int
    quantity: int


class UnitsOutcome(PayingUnits):
    """What became of the units of one package."""

    outcome: Literal["restored", "forfeited", "none"]
    unusable: Unusable | None
    """Why units that went back cannot be used again."""
    overridden: bool
    """Whether staff decided against the terms."""


class BookingHistoryRow(LocalTime):
    """The local time is that of `effective_at`, in the zone of the booking."""

    version: int
    recorded_at: str
    effective_at: str
    entered_by: EnteredBy
    kind: Kind
    label: str
    starts_at: str | None
    """The start from then on: of a booking and a rescheduling."""
    previous_starts_at: str | None
    """Of a rescheduling."""
    units: tuple[PayingUnits, ...]
    """All that pay for it from then on: of a booking, a rescheduling and a change of units."""
    outcomes: tuple[UnitsOutcome, ...]
    """Of a cancellation, a no-show, and a change of what became of the units."""
    attendance: Attendance | None
    previous_attendance: Attendance | None
    """The mark that this one corrects."""
    by: By | None
    """Who made or cancelled it: the customer, or the business for them."""
    in_time: bool | None
    """Whether a cancellation was in time."""
    reason: str | None
    """In words; null to those who may not see people's data."""
    reason_code: str | None
    """The reason, by a code of the business."""
    reason_text: str | None
    """The text that the code had then."""
    amount: SignedMoney | None
    """What was paid, or refunded."""
    payment_method: str | None
    payment_id: str | None


class BookingHistoryPage(Page[BookingHistoryRow]):
    pass


@query(
    "/v1/bookings/{booking_id}/history",
    "bookings.history",
    "What was recorded of a booking, one row for each fact",
    roles=READERS_OR_OWN,
    answer=BookingHistoryPage,
    parameters=BookingHistoryParameters,
)
def list_history(call: Query[BookingHistoryParameters]) -> Found:
    """Oldest first unless `order` says otherwise: when it was made, moved, paid, attended or cancelled, on both clocks.
    What its units did is in the history of their package.
    """
    asked = ask(call)
    zone = asked.booking["time_zone"]
    rows: list[dict[str, Any]] = [{"version": recorded.version, "of": recorded} for recorded in asked.facts]
    if call.parameters.order == "newest":
        rows.reverse()
    rows = behind(rows, call.after(), "version")
    page = [row["of"] for row in rows[: call.parameters.limit]]
    people, texts = NOBODY, None
    if call.sees_people and not asked.past:
        people = actors_known(call, [recorded.author.id for recorded in page])
        ids = sorted({ref.id for recorded in page if (ref := _reason(recorded)) is not None})
        texts = {text.id: text.text for text in call.ledger.recorder.texts(ids)} if ids else {}
    return call.page(
        BookingHistoryPage,
        rows,
        key=lambda row: [row["version"]],
        shown=lambda row: _row(row["of"], zone, call.currency, people, texts),
        position=asked.position,
    )


def _reason(recorded: RecordedFact) -> TextRef | None:
    fact = recorded.fact
    return (
        fact.reason
        if isinstance(fact, AttendanceMarked | BookingCancelled | BookingPaymentRefunded)
        else None
    )


def _row(
    recorded: RecordedFact, zone: str, currency: str, people: People, texts: Mapping[str, str] | None
) -> BookingHistoryRow:
    fact, happened, ref = cast(BookingFact, recorded.fact), effective_at(recorded), _reason(recorded)
    code = fact.reason_code if isinstance(fact, ReasonedFact) else None
    told = _told(fact, lambda amount: SignedMoney(amount=amount, currency=currency))
    return BookingHistoryRow(
        version=recorded.version,
        recorded_at=rfc3339(recorded.recorded_at),
        effective_at=rfc3339(happened),
        **local(happened, zone),
        entered_by=entered_by(recorded, people),
        reason=None if texts is None or ref is None else texts.get(ref.id, ERASED),
        reason_code=None if code is None else code.code,
        reason_text=None if code is None else code.text,
        **vars(told),
    )


@dataclass(frozen=True)
class _Told:
    """The content of a fact, without names."""

    kind: Kind
    label: str
    starts_at: str | None = None
    previous_starts_at: str | None = None
    units: tuple[PayingUnits, ...] = ()
    outcomes: tuple[UnitsOutcome, ...] = ()
    attendance: Attendance | None = None
    previous_attendance: Attendance | None = None
    by: By | None = None
    in_time: bool | None = None
    amount: SignedMoney | None = None
    payment_method: str | None = None
    payment_id: str | None = None


MARKS: Mapping[Attendance, str] = {"attended": "Attended", "late": "Came late", "no_show": "No-show"}
WHY: Mapping[str, str] = {
    "used": "Units used for it",
    "restored": "Units given back",
    "corrected": "Units given back by a correction",
    "package_cancelled": "The package of its units ended",
}


def _told(fact: BookingFact, money: Callable[[int], SignedMoney]) -> _Told:
    match fact:
        case BookingMade():
            starts_at = rfc3339(fact.starts_at)
            return _Told("booking", "Booked", starts_at, units=_units(fact.sources), by=fact.by)
        case BookingConfirmed():
            return _Told("confirmation", "Confirmed")
        case BookingRescheduled():
            moved = rfc3339(fact.starts_at), rfc3339(fact.previous)
            return _Told("rescheduling", "Moved", *moved, units=_units(fact.sources))
        case BookingSourcesChanged():
            return _Told("units", WHY[fact.why], units=_units(fact.sources))
        case OutcomesChanged():
            return _Told("outcome", WHY[fact.why], outcomes=_outcomes(fact.outcomes))
        case AttendanceMarked():
            return _Told(
                "attendance",
                MARKS[fact.attendance],
                outcomes=_outcomes(fact.outcomes),
                attendance=fact.attendance,
                previous_attendance=fact.previous,
            )
        case BookingCompleted():
            return _Told("completion", "Completed")
        case BookingCancelled():
            label = "Cancelled" if fact.in_time else "Cancelled late"
            outcomes = _outcomes(fact.outcomes)
            return _Told("cancellation", label, outcomes=outcomes, by=fact.by, in_time=fact.in_time)
        case BookingPaymentRecorded():
            return _Told("payment", "Paid", **_paid(fact, money))
        case BookingPaymentRefunded():
            return _Told("refund", "Refunded", **_paid(fact, money))
        case _:
            assert_never(fact)


def _paid(
    fact: BookingPaymentRecorded | BookingPaymentRefunded, money: Callable[[int], SignedMoney]
) -> dict[str, Any]:
    return {
        "amount": money(fact.amount),
        "payment_method": fact.method,
        "payment_id": fact.payment_id,
    }


def _units(sources: tuple[BookingSource, ...]) -> tuple[PayingUnits, ...]:
    return tuple(
        PayingUnits(package_id=each.package_id, line=each.line, quantity=each.quantity) for each in sources
    )


def _outcomes(outcomes: tuple[BookingOutcome, ...]) -> tuple[UnitsOutcome, ...]:
    return tuple(
        UnitsOutcome(
            package_id=each.package_id,
            line=each.line,
            quantity=each.quantity,
            outcome=each.outcome,
            unusable=each.unusable,
            overridden=each.overridden,
        )
        for each in outcomes
    )


HANDLERS = (list_history,)
