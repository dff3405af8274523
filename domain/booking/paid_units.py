"""Units that come to a booking or leave it after it was made (domain.md, Bookings; S91, S94, S104).

A redemption that names a booking made without units pays for it later. Units that are given back, by hand or
because their package ends, leave their booking too, so that its sources are always true.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from domain.actor import Circumstances
from domain.booking.facts import BookingSource, BookingSourcesChanged, SourcesWhy
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


def paid_with(
    booking: Booking, redemption_id: str, taken: Sequence[TakenUnits], at: Circumstances
) -> BookingSourcesChanged:
    """The booking paid with units of a redemption, by the terms it was booked under: paying later costs no notice."""
    booked_under = {"terms": booking.terms, "policy_version": booking.policy_version}
    sources = tuple(source_of(part, booking.measured_from).model_copy(update=booked_under) for part in taken)
    return _changed(booking, sources, redemption_id, "used", at)


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
    at: Circumstances,
) -> BookingSourcesChanged | None:
    """The booking without the units that these facts give back; None where nothing changes for it."""
    back: dict[tuple[str, int], int] = {}
    why: SourcesWhy = "restored"
    for each in _returned(packages, facts):
        if each.booking_id == booking_id and each.redemption_id in (None, booking.redemption_id):
            place = (each.package_id, each.line)
            back[place] = back.get(place, 0) + each.quantity
            why = each.why
    left = []
    for source in booking.sources:
        quantity = source.quantity - back.get((source.package_id, source.line), 0)
        if quantity > 0:
            left.append(source.model_copy(update={"quantity": quantity}))
    if tuple(left) == booking.sources:
        return None
    return _changed(booking, tuple(left), booking.redemption_id if left else None, why, at)


@dataclass(frozen=True, slots=True)
class _Returned:
    """Units that go back from a booking. `redemption_id` is None where they were only held."""

    booking_id: str
    package_id: str
    line: int
    quantity: int
    redemption_id: str | None
    why: SourcesWhy


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
                        yield _Returned(booking_id, id, fact.line, len(fact.units), red, "restored")
                case LineCorrected():
                    for freed in fact.freed:
                        if booking_id := uses[freed.redemption_id].booking_id:
                            red, quantity = freed.redemption_id, len(freed.units)
                            yield _Returned(booking_id, id, fact.line, quantity, red, "corrected")
                case UnitsHeld() | UnitsRedeemed() | UnitsForfeited():
                    pass  # the booking's own facts record these
                case _:
                    assert_never(fact)


def _changed(
    booking: Booking,
    sources: tuple[BookingSource, ...],
    redemption_id: str | None,
    why: SourcesWhy,
    at: Circumstances,
) -> BookingSourcesChanged:
    return BookingSourcesChanged(
        sources=sources,
        redemption_id=redemption_id,
        terms=booking.terms,
        policy_version=booking.policy_version,
        measured_from=booking.measured_from,
        why=why,
    )
