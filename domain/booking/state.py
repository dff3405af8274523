"""A booking as its facts make it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from domain.booking.facts import (
    Attendance,
    AttendanceMarked,
    BookingCancelled,
    BookingCompleted,
    BookingConfirmed,
    BookingFact,
    BookingMade,
    BookingOutcome,
    BookingRescheduled,
    BookingSource,
    BookingSourcesChanged,
    OutcomesChanged,
    Status,
)
from domain.business.facts import Deduct
from domain.package.holds import Session
from domain.updated import updated
from domain.values import CancellationTerms


@dataclass(frozen=True)
class Booking:
    customer_id: str
    service_id: str
    participant_id: str
    staff_id: str | None
    location_id: str | None
    starts_at: datetime
    time_zone: str
    quantity: int
    deduct: Deduct
    redemption_id: str | None
    sources: tuple[BookingSource, ...]
    terms: CancellationTerms
    policy_version: int
    measured_from: datetime
    paid: int = 0
    """In money instead of units; minor units of the currency."""
    status: Status = "pending"
    attendance: Attendance | None = None
    outcomes: tuple[BookingOutcome, ...] = ()
    """The outcome for each of its units, once it did not take place."""

    @property
    def free_until(self) -> datetime:
        """The last moment at which a cancellation is in time for every source, else by the business's terms."""
        if self.sources:
            return min(source.free_until for source in self.sources)
        return self.measured_from - timedelta(hours=self.terms.notice_hours)

    @property
    def is_over(self) -> bool:
        """Whether it did not take place and its units are settled."""
        return self.status == "cancelled" or self.attendance == "no_show"

    @property
    def packages(self) -> tuple[str, ...]:
        """Ids of the packages that pay for it, each once."""
        return tuple(dict.fromkeys(source.package_id for source in self.sources))

    def session(self, booking_id: str) -> Session:
        return Session(
            booking_id, self.service_id, self.participant_id, self.starts_at, self.staff_id, self.location_id
        )


def evolve(state: Booking | None, fact: BookingFact) -> Booking:
    if isinstance(fact, BookingMade):
        return _made(fact)
    assert state is not None, "a booking begins with booking.made"
    match fact:
        case BookingConfirmed():
            return updated(state, status="confirmed")
        case BookingRescheduled():
            moved = {"starts_at": fact.starts_at, "measured_from": fact.measured_from}
            return updated(state, sources=fact.sources, **moved)
        case BookingSourcesChanged():
            return updated(state, sources=fact.sources, redemption_id=fact.redemption_id)
        case AttendanceMarked():
            status = "completed" if fact.attendance == "no_show" else "confirmed"
            return updated(state, attendance=fact.attendance, status=status, outcomes=fact.outcomes)
        case BookingCompleted():
            return updated(state, status="completed")
        case BookingCancelled():
            return updated(state, status="cancelled", outcomes=fact.outcomes)
        case OutcomesChanged():
            return updated(state, outcomes=fact.outcomes)
        case _:
            assert_never(fact)


def _made(fact: BookingMade) -> Booking:
    return Booking(
        customer_id=fact.customer_id,
        service_id=fact.service_id,
        participant_id=fact.participant_id,
        staff_id=fact.staff_id,
        location_id=fact.location_id,
        starts_at=fact.starts_at,
        time_zone=fact.time_zone,
        quantity=fact.quantity,
        deduct=fact.deduct,
        redemption_id=fact.redemption_id,
        sources=fact.sources,
        terms=fact.terms,
        policy_version=fact.policy_version,
        measured_from=fact.starts_at,
        paid=fact.payment.amount if fact.payment else 0,
    )
