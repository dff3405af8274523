"""Units of a booking that does not take place: cancelled, or a no-show (domain.md, Bookings; S91–S93).

Each unit follows the terms of its own package, as they were when it was booked. In time, or cancelled by the
business, the units go back by themselves. Late, the terms say whether they are forfeited or restored; staff
may decide otherwise and say why.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from domain.actor import Circumstances, Role
from domain.booking.commands import CancelBooking
from domain.booking.facts import BookingCancelled, BookingFact, BookingOutcome, BookingSource, Unusable
from domain.booking.schedule import check_ahead, check_open
from domain.booking.state import Booking
from domain.package.facts import PackageFact, ReleasedFor
from domain.package.holds import forfeit_held, forfeit_used, release, restored
from domain.package.state import Package
from domain.refusals import Forbidden, Invalid
from domain.values import ref_of


@dataclass(frozen=True, slots=True)
class LateRule:
    """The judgement on the units of a booking that does not take place."""

    late: bool | None = None
    """None: it follows from the notice given by now."""
    always_back: bool = False
    """Whether all units go back, late or not."""
    override: str | None = None
    why: ReleasedFor = "cancelled"


def cancel(
    booking: Booking, command: CancelBooking, packages: Mapping[str, Package], at: Circumstances
) -> tuple[list[BookingFact], dict[str, list[PackageFact]]]:
    """Raises WrongBookingState, Forbidden for a customer who overrides the terms or cancels for the business,
    Invalid for an override without a reason or of units that go back anyway."""
    check_open(booking, "cancelled")
    check_ahead(booking, "cancelled", at)
    _check_override(booking, command, at)
    fate = LateRule(always_back=command.by == "business", override=command.override)
    outcomes, facts = undo(booking, command.booking_id, packages, fate, at)
    cancelled = BookingCancelled(
        by=command.by,
        in_time=at.now <= booking.free_until,
        free_until=booking.free_until,
        notice_minutes=(booking.measured_from - at.now) // timedelta(minutes=1),
        policy_version=booking.policy_version,
        outcomes=outcomes,
        refund_due=is_refund_due(booking, fate, at),
        reason=ref_of(command.reason),
    )
    return [cancelled], facts


def is_refund_due(booking: Booking, fate: LateRule, at: Circumstances) -> bool:
    """Whether what was paid in money is to be refunded: as units under the business's terms would go back."""
    late = at.now > booking.money_free_until if fate.late is None else fate.late
    if fate.always_back or not late:
        return True
    return booking.terms.late == "restore" if fate.override is None else fate.override == "restore"


def _check_override(booking: Booking, command: CancelBooking, at: Circumstances) -> None:
    if at.actor.role is Role.CUSTOMER and (command.override is not None or command.by != "customer"):
        raise Forbidden("customers cancel for themselves, by the terms")
    if command.override is not None and command.reason is None:
        raise Invalid("/reason", "required", "must say why the terms are not followed")
    if command.override is not None and command.by == "business":
        raise Invalid("/override", "not-needed", "has no place: what the business cancels goes back")
    in_time = at.now <= booking.free_until and at.now <= booking.money_free_until
    if command.override == "forfeit" and (in_time or not (booking.sources or booking.paid)):
        raise Invalid("/override", "in-time", "has no place: nothing of it is cancelled late")


def undo(
    booking: Booking, booking_id: str, packages: Mapping[str, Package], fate: LateRule, at: Circumstances
) -> tuple[tuple[BookingOutcome, ...], dict[str, list[PackageFact]]]:
    """The outcome for the units of each source, and the facts by package."""
    outcomes = tuple(_outcome(source, booking, booking_id, packages, fate, at) for source in booking.sources)
    facts: dict[str, list[PackageFact]] = {}
    first = 1
    for outcome in outcomes:
        id = outcome.package_id
        if (
            outcome.outcome != "none" and id not in facts
        ):  # once for all sources of a package: they have its terms
            facts[id] = _moves(booking, booking_id, packages[id], outcome, fate, first, at)
            first += len(packages[id].holds.get(booking_id, ()))
    return outcomes, {id: made for id, made in facts.items() if made}


def _is_left(booking: Booking, booking_id: str, package: Package, source: BookingSource) -> bool:
    """Whether the package still holds or uses anything for this source."""
    use = package.uses.get(booking.redemption_id or "")
    used = use.allocations if use else ()
    return any(hold.line == source.line for hold in package.holds.get(booking_id, ())) or any(
        allocation.units for allocation in used if allocation.line == source.line
    )


def _outcome(
    source: BookingSource,
    booking: Booking,
    booking_id: str,
    packages: Mapping[str, Package],
    fate: LateRule,
    at: Circumstances,
) -> BookingOutcome:
    package = packages[source.package_id]
    left = _is_left(booking, booking_id, package, source)
    in_time = at.now <= source.free_until if fate.late is None else not fate.late
    sure = fate.always_back or in_time
    back = sure or source.terms.late == "restore"
    overridden = left and not sure and fate.override is not None and back != (fate.override == "restore")
    if overridden:
        back = not back
    return BookingOutcome(
        package_id=source.package_id,
        line=source.line,
        quantity=source.quantity,
        terms=source.terms,
        policy_version=source.policy_version,
        free_until=source.free_until,
        in_time=in_time,
        outcome=("restored" if back else "forfeited") if left else "none",
        unusable=_unusable(package, at) if back and left else None,
        overridden=overridden,
    )


def _unusable(package: Package, at: Circumstances) -> Unusable | None:
    if package.cancelled:
        return "package-cancelled"
    return "package-expired" if package.expiry.has_passed(at.now) else None


def _moves(
    booking: Booking,
    booking_id: str,
    package: Package,
    outcome: BookingOutcome,
    fate: LateRule,
    first: int,
    at: Circumstances,
) -> list[PackageFact]:
    """The facts of one package; `first` is the number of the first allocation of what it holds."""
    session, terms = booking.session(booking_id), outcome.terms
    id, redemption_id = outcome.package_id, booking.redemption_id
    assert redemption_id is not None, "a booking with sources has a redemption"
    back = outcome.outcome == "restored"
    if booking_id in package.holds:
        if back:
            return release(package, booking_id, fate.why, at)
        return forfeit_held(package, session, redemption_id, first, terms, fate.why, at)
    if back:
        return restored(package, id, redemption_id, at)
    # Used units of a cancelled package stay used: it has nothing left to forfeit.
    return [] if package.cancelled else forfeit_used(package, id, session, redemption_id, terms, at)
