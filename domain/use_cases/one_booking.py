"""Shared by every verb on one booking: what it reads, and the streams its facts go to."""

from collections.abc import Callable, Mapping, Sequence

from domain.actor import Circumstances
from domain.booking.commands import OnBooking
from domain.booking.facts import BookingFact
from domain.booking.state import Booking
from domain.claims import booking_claims
from domain.decision import Books, Decision, Peek, Reads
from domain.package.checks import FACTS_KEPT, FACTS_MAX
from domain.package.facts import PackageFact
from domain.package.state import Package
from domain.refusals import LimitReached
from domain.use_cases.checks import check_own, known_booking, known_package
from domain.use_cases.reasons import reason_of, with_reason
from domain.use_cases.texts import texts_of
from domain.values import Value

Facts = tuple[Sequence[BookingFact], Mapping[str, Sequence[PackageFact]]]
"""New facts of the booking, and those of packages by id."""
Rule = Callable[[Booking, Mapping[str, Package]], Facts]
"""(booking, the packages that pay for it) → facts."""


def reads_booking(command: OnBooking, business_id: str, peek: Peek) -> Reads:
    """The business, the booking, and the packages that pay for it with their customer."""
    known = peek(command.booking_id)
    streams = {business_id: 0, command.booking_id: 0}
    if isinstance(known, Booking):  # a cached stream named here is not read in full
        spoken_of = (known.customer_id, known.service_id, known.staff_id, *known.packages)
        streams |= {id: 0 for id in spoken_of if id is not None}
    return Reads(streams, claimed=(booking_claims(command.booking_id),), with_customers=True)


def decided(
    booking_id: str, command: Value, books: Books, at: Circumstances, rule: Rule, *, kept: bool = True
) -> Decision:
    """The facts of a rule on one booking.

    `kept`: whether it leaves the last 1,000 facts of the stream to refunding and cancelling. Raises NotFound (also
    for another customer's), LimitReached, Invalid for a reason code, and what the rule raises.
    """
    booking = known_booking(books, booking_id)
    check_own(booking.customer_id, "booking", booking_id, at)
    packages = {id: known_package(books, id) for id in booking.packages}
    reason = reason_of(command, books, at)
    ruled, moved = rule(booking, packages)
    facts = with_reason(ruled, reason)
    limit = FACTS_MAX - (FACTS_KEPT if kept else 0)
    if facts and booking.version + len(facts) > limit:
        raise LimitReached("booking-facts", limit)
    return Decision(
        {id: ("package", new) for id, new in moved.items()} | {booking_id: ("booking", facts)},
        texts=texts_of(command, booking.customer_id) if facts else (),
    )
