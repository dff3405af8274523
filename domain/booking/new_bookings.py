"""Making bookings (domain.md, Bookings; S59, S74, S102, S104).

Units must be valid at the start of the booking, whichever way they are deducted. Staff choose the package, or
the rule of `package/allocation.py` does. Where no package can give all units, the booking is made without.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from domain.actor import Circumstances, Role
from domain.booking.commands import MakeBooking, NewBooking
from domain.booking.facts import BookingFact, BookingMade, BookingPaymentRecorded, BookingSource, Occurrence
from domain.booking.payment import check_payment, record_with
from domain.booking.schedule import check_start
from domain.business.state import Business
from domain.catalogue.state import Service
from domain.fact import fold
from domain.moments import local_day
from domain.package.allocation import allocate
from domain.package.commands import RedeemFromCustomer
from domain.package.eligibility import Candidate, ResolvedRedemption
from domain.package.evolution import evolve
from domain.package.facts import PackageFact
from domain.package.holds import Session, hold
from domain.package.use import TakenUnits, use
from domain.people.state import Customer, Participant
from domain.refusals import (
    CustomerIsBlocked,
    CustomerIsInactive,
    Invalid,
    NotEligible,
    NotFound,
    OfferIsRetired,
    PaymentRequired,
    Refused,
)
from domain.values import AMOUNT_MAX
from domain.zone_rules import zone as rules_of


@dataclass(frozen=True, slots=True)
class BookingContext:
    """The states a new booking is decided on. `candidates`: the chosen package, else all of the customer's."""

    business: Business
    customer: Customer
    service: Service | None
    candidates: Sequence[Candidate]


@dataclass(frozen=True, slots=True)
class OccurrenceRefused:
    """An occurrence of a series that could not be booked."""

    starts_at: datetime
    refused: Refused


@dataclass
class BookingsMade:
    """The outcome of `MakeBooking`: facts by booking and by package, and the refused occurrences."""

    bookings: dict[str, BookingMade] = field(default_factory=dict)
    payments: dict[str, BookingPaymentRecorded] = field(default_factory=dict)
    """By booking."""
    packages: dict[str, list[PackageFact]] = field(default_factory=dict)
    refused: list[OccurrenceRefused] = field(default_factory=list)

    def facts_of(self, booking_id: str) -> list[BookingFact]:
        paid = self.payments.get(booking_id)
        return [self.bookings[booking_id], *([] if paid is None else [paid])]


def make(command: MakeBooking, sight: BookingContext, at: Circumstances) -> BookingsMade:
    """One booking, or as many of a series as there are units for, each with units of its own.

    Once one has units, or where a package was chosen, an occurrence without units is refused and the others
    are made. A retired service is booked with units alone: what was sold of it stays usable. Raises
    CustomerIsBlocked, CustomerIsInactive, NotFound and NotEligible (participant), OfferIsRetired, Invalid, what
    `check_start` raises, PaymentRequired where only unpaid packages have the units, and for a chosen package
    what `allocate` raises when no occurrence can be made.
    """
    participant = _check(command, sight, at)
    retired = sight.service is not None and sight.service.retired
    zone = sight.business.zone_of(command.location_id)
    made, candidates, with_units = BookingsMade(), list(sight.candidates), command.package_id is not None
    for number, starts_at in enumerate(_starts(command, zone), 1):
        check_start(starts_at, at, zone)
        ids = command.bookings[number - 1]
        session = Session(
            ids.booking_id,
            command.service_id,
            participant.id,
            starts_at,
            command.staff_id,
            command.location_id,
        )
        try:
            taken, wish = _units(command, ids, session, candidates, sight, at, zone)
        except Refused as refusal:
            if with_units or (retired and not isinstance(refusal, PaymentRequired)):
                why = refusal if with_units else OfferIsRetired(command.service_id)
                made.refused.append(OccurrenceRefused(starts_at, why))
                continue
            if isinstance(refusal, PaymentRequired):  # there are units: the desk must learn why they stay
                raise
            taken, wish = [], None
        with_units = with_units or bool(taken)
        facts = {} if wish is None else _take(taken, wish, session, sight.business, at)
        for id, added in facts.items():
            made.packages.setdefault(id, []).extend(added)
        candidates = [_after(candidate, facts) for candidate in candidates]
        made.bookings[ids.booking_id] = _made(command, number, session, zone, taken, sight, at)
    if not made.bookings:
        raise made.refused[0].refused
    if command.payment is not None:
        made.payments = record_with(command, command.payment, made.bookings, at)
    return made


def _check(command: MakeBooking, sight: BookingContext, at: Circumstances) -> Participant:
    """Check what holds for all occurrences. The participant who attends."""
    customer = sight.customer
    if customer.blocked:
        raise CustomerIsBlocked(command.customer_id)
    if not customer.active:
        raise CustomerIsInactive(command.customer_id)
    if sight.service is None:
        raise Invalid("/service_id", "unknown-service", "is not a service of this business")
    if sight.service.retired and command.payment is not None and command.package_id is None:
        raise OfferIsRetired(command.service_id)
    sight.business.check_location(command.location_id)
    check_payment(command, sight.business.currency)
    if len(command.bookings) > 1 and command.external_ref is not None:
        raise Invalid("/external_ref", "not-for-a-series", "names one booking and cannot name a series")
    participant = _participant(command, sight)
    if not participant.belongs_at(at.now):
        raise NotEligible("participant-left")
    if command.service_id in participant.barred_services:
        raise NotEligible("participant-barred")
    return participant


def _participant(command: MakeBooking, sight: BookingContext) -> Participant:
    id = command.participant_id
    if id is None and command.package_id is not None and len(sight.candidates[0].package.beneficiaries) == 1:
        id = sight.candidates[0].package.beneficiaries[0]
    if id is None:
        return sight.customer.in_person
    if (participant := sight.customer.participants.get(id)) is None:
        raise NotFound("participant", id)
    return participant


def _starts(command: MakeBooking, zone: str) -> Iterator[datetime]:
    """The same local time every week, also where the clocks change in between."""
    first = command.starts_at.astimezone(rules_of(zone)).replace(tzinfo=None)
    yield command.starts_at
    for week in range(1, len(command.bookings)):
        local = (first + timedelta(weeks=week)).replace(tzinfo=rules_of(zone))
        yield local.astimezone(UTC)


def _units(
    command: MakeBooking,
    ids: NewBooking,
    session: Session,
    candidates: Sequence[Candidate],
    sight: BookingContext,
    at: Circumstances,
    zone: str,
) -> tuple[list[TakenUnits], ResolvedRedemption | None]:
    """The units that pay for it; none where it is paid in money. Raises what `allocate` raises.

    `zone` is the booking's own: its days say what is today.

    A session that has begun takes units as of its start. If there were none then, a session of today takes
    units as of now: a customer may buy after a session and pay for it.
    """
    if command.payment is not None and command.package_id is None:
        return [], None
    wanted = RedeemFromCustomer(
        customer_id=command.customer_id,
        redemption_id=ids.redemption_id,
        service_id=session.service_id,
        quantity=command.quantity,
        participant_id=session.participant_id,
        booking_id=session.booking_id,
        session_at=session.starts_at,
        staff_id=session.staff_id,
        location_id=session.location_id,
    )

    def allocated(asked: RedeemFromCustomer) -> tuple[list[TakenUnits], ResolvedRedemption]:
        chosen = command.package_id is not None
        return allocate(candidates, asked, at, sight.business, sight.customer, chosen=chosen, zone=zone)

    if session.starts_at < at.now:
        then = wanted.model_copy(update={"effective_at": session.starts_at})
        try:
            return allocated(then)
        except Refused:
            if local_day(session.starts_at, zone) != local_day(at.now, zone):
                raise
    return allocated(wanted)


def _take(
    taken: Sequence[TakenUnits],
    wish: ResolvedRedemption,
    session: Session,
    business: Business,
    at: Circumstances,
) -> dict[str, list[PackageFact]]:
    if business.policies.deduct == "at_booking":
        return use(taken, wish, at)
    return hold(taken, session, wish.effective_at, at)


def _after(candidate: Candidate, facts: Mapping[str, Sequence[PackageFact]]) -> Candidate:
    package = fold(evolve, candidate.package, facts.get(candidate.id, ()))
    return Candidate(candidate.id, package, candidate.position)


def _made(
    command: MakeBooking,
    number: int,
    session: Session,
    zone: str,
    taken: Sequence[TakenUnits],
    sight: BookingContext,
    at: Circumstances,
) -> BookingMade:
    business, count = sight.business, len(command.bookings)
    series = Occurrence(series_id=command.bookings[0].booking_id, number=number, count=count)
    return BookingMade(
        customer_id=command.customer_id,
        service_id=session.service_id,
        participant_id=session.participant_id,
        staff_id=session.staff_id,
        location_id=session.location_id,
        starts_at=session.starts_at,
        time_zone=zone,
        quantity=command.quantity,
        deduct=business.policies.deduct,
        redemption_id=command.bookings[number - 1].redemption_id if taken else None,
        sources=tuple(source_of(part, session.starts_at) for part in taken),
        price=_price(sight.service, command.quantity),
        terms=business.policies.cancellation,
        policy_version=business.policy_version,
        occurrence=series if count > 1 else None,
        made_at=at.now,
        by="customer" if at.actor.role is Role.CUSTOMER else "business",
        external_ref=command.external_ref,
    )


def _price(service: Service | None, quantity: int) -> int | None:
    """The list price of so many; None where there is none, or it is more than an amount can say."""
    if service is None or service.terms.list_price is None:
        return None
    price = service.terms.list_price * quantity
    return price if price <= AMOUNT_MAX else None


def source_of(part: TakenUnits, measured_from: datetime) -> BookingSource:
    """The source of a booking that units of one line make, by the terms of their package."""
    return BookingSource(
        package_id=part.candidate.id,
        line=part.line,
        quantity=len(part.units),
        terms=part.candidate.package.cancellation,
        policy_version=part.candidate.package.policy_version,
        measured_from=measured_from,
    )
