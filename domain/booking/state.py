"""A booking as its facts make it."""

from dataclasses import dataclass, field
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
    BookingPaymentRecorded,
    BookingPaymentRefunded,
    BookingRescheduled,
    BookingSource,
    BookingSourcesChanged,
    OutcomesChanged,
    SharedPayment,
    Status,
)
from domain.business.facts import Deduct
from domain.package.holds import Session
from domain.package.state import Payment
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
    made_at: datetime
    money_at: datetime
    """The latest `effective_at` of its payments and refunds, or when it was made."""
    price: int | None = None
    """What it costs in money, minor units: by the list, or as named with a payment. None: nobody named it."""
    payments: dict[str, Payment] = field(default_factory=dict)
    """In money, by id."""
    shared: dict[str, SharedPayment] = field(default_factory=dict)
    """Payment id → the payment for a series that it is a share of."""
    refund_due: bool = False
    """Whether it did not take place, so that what was paid in money is to be refunded."""
    status: Status = "pending"
    attendance: Attendance | None = None
    marked_at: datetime | None = None
    visits: int = 0
    """How many times it became attended or late: more than once where a no-show was corrected."""
    outcomes: tuple[BookingOutcome, ...] = ()
    """The outcome for each of its units, once it did not take place."""
    version: int = 1

    @property
    def paid(self) -> int:
        """Payments less refunds, minor units."""
        return sum(payment.amount - payment.refunded for payment in self.payments.values())

    @property
    def owing(self) -> int | None:
        return owing(self.price, self.paid, with_units=bool(self.sources), refund_due=self.refund_due)

    @property
    def free_until(self) -> datetime:
        """The last moment at which a cancellation is in time for every source, else by the business's terms."""
        if self.sources:
            return min(source.free_until for source in self.sources)
        return self.money_free_until

    @property
    def money_free_until(self) -> datetime:
        """The last moment at which a cancellation is in time for what was paid in money."""
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


def owing(price: int | None, paid: int, *, with_units: bool, refund_due: bool) -> int | None:
    """What is still to be paid in money, minor units; None where no price is known.

    Nothing is owed for what units pay, nor for a session that did not take place and is to be refunded.
    """
    if with_units or refund_due:
        return 0
    return None if price is None else max(0, price - paid)


def evolve(state: Booking | None, fact: BookingFact) -> Booking:
    if isinstance(fact, BookingMade):
        return _made(fact)
    assert state is not None, "a booking begins with booking.made"
    return updated(_changed(state, fact), version=state.version + 1)


def _changed(state: Booking, fact: BookingFact) -> Booking:
    match fact:
        case BookingPaymentRecorded():
            id, latest = fact.payment_id, max(state.money_at, fact.effective_at)
            payments = {**state.payments, id: Payment(fact.amount, 0, fact.method)}
            shared = state.shared if fact.shared is None else {**state.shared, id: fact.shared}
            return updated(state, price=fact.price, payments=payments, shared=shared, money_at=latest)
        case BookingPaymentRefunded():
            payment = state.payments[fact.payment_id]
            payment = updated(payment, refunded=payment.refunded + fact.amount)
            payments, latest = (
                {**state.payments, fact.payment_id: payment},
                max(state.money_at, fact.effective_at),
            )
            return updated(state, payments=payments, money_at=latest)
        case BookingConfirmed():
            return updated(state, status="confirmed")
        case BookingRescheduled():
            moved = {"starts_at": fact.starts_at, "measured_from": fact.measured_from}
            return updated(state, sources=fact.sources, **moved)
        case BookingSourcesChanged():
            return updated(state, sources=fact.sources, redemption_id=fact.redemption_id)
        case AttendanceMarked():
            return _marked(state, fact)
        case BookingCompleted():
            return updated(state, status="completed")
        case BookingCancelled():
            over = {"outcomes": fact.outcomes, "refund_due": fact.refund_due}
            return updated(state, status="cancelled", **over)
        case OutcomesChanged():
            return updated(state, outcomes=fact.outcomes)
        case BookingMade():
            raise AssertionError("a booking is made once")
        case _:
            assert_never(fact)


def _marked(state: Booking, fact: AttendanceMarked) -> Booking:
    """A booking that is completed stays so, whatever mark corrects another."""
    ended = fact.attendance == "no_show" or state.status == "completed"
    came = fact.attendance != "no_show" and state.attendance in (None, "no_show")
    return updated(
        state,
        status="completed" if ended else "confirmed",
        attendance=fact.attendance,
        marked_at=fact.marked_at,
        visits=state.visits + came,
        outcomes=fact.outcomes,
        refund_due=fact.refund_due,
    )


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
        made_at=fact.made_at,
        money_at=fact.made_at,
        price=fact.price,
    )
