"""Units that come to a booking or leave it after it was made (domain.md, Bookings; S91, S94, S104).

A redemption that names a booking made without units pays for it later. Units that are given back, by hand or
because their package ends, leave their booking too, so that its sources are always true. Where it did not take
place, its outcomes follow instead.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import assert_never

from domain.booking.facts import (
    BookingOutcome,
    BookingSource,
    BookingSourcesChanged,
    OutcomesChanged,
    SourcesWhy,
    Unusable,
)
from domain.booking.new_bookings import source_of
from domain.booking.state import Booking
from domain.package.commands import Redemption
from domain.package.facts import (
    HoldFact,
    HoldReleased,
    LineCorrected,
    PackageFact,
    UnitsForfeited,
    UnitsHeld,
    UnitsRedeemed,
    UnitsRestored,
    UseFact,
)
from domain.package.state import Package
from domain.package.use import TakenUnits
from domain.refusals import Invalid, WrongBookingState


def check_payable(booking: Booking, command: Redemption, customer_id: str) -> Redemption:
    """The redemption that pays for a booking; members it leaves out are taken from the booking.

    Raises Invalid for what differs from the booking, WrongBookingState where no units are to pay for it.
    """
    if booking.customer_id != customer_id:
        raise Invalid("/booking_id", "unknown-booking", "is a booking of another customer")
    if booking.is_over:
        raise WrongBookingState(
            "no_show" if booking.attendance == "no_show" else "cancelled", "paid with units"
        )
    if booking.sources or booking.paid:
        partly = sum(source.quantity for source in booking.sources) < booking.quantity and not booking.paid
        raise WrongBookingState("partly paid" if partly else "paid", "paid with units")
    alike = {
        "service_id": booking.service_id,
        "quantity": booking.quantity,
        "participant_id": booking.participant_id,
        "session_at": booking.starts_at,
    }
    for name, value in alike.items():
        if name in command.model_fields_set and getattr(command, name) not in (None, value):
            raise Invalid(f"/{name}", "not-as-booked", f"must be that of the booking: {value}")
    elsewhere = {
        "staff_id": command.staff_id or booking.staff_id,
        "location_id": command.location_id or booking.location_id,
    }
    return command.model_copy(update={**alike, **elsewhere})


def paid_with(booking: Booking, redemption_id: str, taken: Sequence[TakenUnits]) -> BookingSourcesChanged:
    """The booking paid with units of a redemption, by the terms it was booked under: paying later costs no notice."""
    booked_under = {"terms": booking.terms, "policy_version": booking.policy_version}
    sources = tuple(source_of(part, booking.measured_from).model_copy(update=booked_under) for part in taken)
    return with_sources(booking, sources, "used", redemption_id)


def concerned(packages: Mapping[str, Package], facts: Mapping[str, Sequence[PackageFact]]) -> list[str]:
    """Ids of the bookings whose units these facts give back, bookings kept elsewhere included.

    `packages` are as they were before the facts.
    """
    return list(dict.fromkeys(back.booking_id for back in _returned(packages, facts)))


def without(
    booking: Booking,
    booking_id: str,
    packages: Mapping[str, Package],
    facts: Mapping[str, Sequence[PackageFact]],
) -> BookingSourcesChanged | OutcomesChanged | None:
    """The booking without the units that these facts give back; None where nothing changes for it."""
    back = [
        each
        for each in _returned(packages, facts)
        if each.booking_id == booking_id and each.redemption_id in (None, booking.redemption_id)
    ]
    if not back:
        return None
    if booking.is_over:
        outcomes = reduce(_given_back, back, booking.outcomes)
        return None if outcomes == booking.outcomes else OutcomesChanged(outcomes=outcomes, why=back[-1].why)
    left = tuple(_left(booking.sources, back))
    if left == booking.sources:
        return None
    return with_sources(booking, left, back[-1].why)


def _left(sources: Sequence[BookingSource], back: Sequence["_Returned"]) -> Iterator[BookingSource]:
    for source in sources:
        place = (source.package_id, source.line)
        gone = sum(each.quantity for each in back if (each.package_id, each.line) == place)
        if gone < source.quantity:
            yield source.model_copy(update={"quantity": source.quantity - gone})


def _given_back(outcomes: tuple[BookingOutcome, ...], back: "_Returned") -> tuple[BookingOutcome, ...]:
    """The outcomes after units that were forfeited went back: theirs is told apart from that of the others."""
    told: list[BookingOutcome] = []
    quantity = back.quantity
    for each in outcomes:
        here = (each.package_id, each.line) == (back.package_id, back.line) and each.outcome == "forfeited"
        gone = min(quantity, each.quantity) if here else 0
        if gone < each.quantity:
            told.append(each.model_copy(update={"quantity": each.quantity - gone}))
        if gone:
            told.append(
                each.model_copy(
                    update={
                        "quantity": gone,
                        "outcome": "restored",
                        "unusable": back.unusable,
                        "overridden": each.terms.late == "forfeit",
                    }
                )
            )
            quantity -= gone
    return tuple(told)


@dataclass(frozen=True, slots=True)
class _Returned:
    """Units that go back from a booking. `redemption_id` is None where they were only held."""

    booking_id: str
    package_id: str
    line: int
    quantity: int
    redemption_id: str | None
    why: SourcesWhy
    unusable: Unusable | None = None
    """Why they cannot be used again."""


def _returned(
    packages: Mapping[str, Package], facts: Mapping[str, Sequence[PackageFact]]
) -> Iterator[_Returned]:
    for id, made in facts.items():
        uses = packages[id].uses
        for fact in made:
            if not isinstance(fact, UseFact | HoldFact):
                continue
            match fact:
                case HoldReleased():
                    yield _Returned(fact.booking_id, id, fact.line, fact.quantity, None, "package_cancelled")
                case UnitsRestored(redemption_id=red):
                    if booking_id := uses[red].booking_id:
                        quantity, unusable = len(fact.units), _unusable(fact)
                        yield _Returned(booking_id, id, fact.line, quantity, red, "restored", unusable)
                case LineCorrected():
                    for freed in fact.freed:
                        if booking_id := uses[freed.redemption_id].booking_id:
                            red, quantity = freed.redemption_id, len(freed.units)
                            yield _Returned(booking_id, id, fact.line, quantity, red, "corrected")
                case UnitsHeld() | UnitsRedeemed() | UnitsForfeited():
                    pass  # the booking's own facts record these
                case _:
                    assert_never(fact)


def _unusable(fact: UnitsRestored) -> Unusable | None:
    if fact.usable == len(fact.units):
        return None
    return "package-cancelled" if fact.lapsed else "package-expired"


def with_sources(
    booking: Booking,
    sources: tuple[BookingSource, ...],
    why: SourcesWhy,
    redemption_id: str | None = None,
) -> BookingSourcesChanged:
    """The booking with these sources from now on. `redemption_id`: None where it stays, as long as any is left."""
    return BookingSourcesChanged(
        sources=sources,
        redemption_id=redemption_id or (booking.redemption_id if sources else None),
        terms=booking.terms,
        policy_version=booking.policy_version,
        measured_from=booking.measured_from,
        why=why,
    )
