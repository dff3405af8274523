"""Units held for bookings: hold, release, use, forfeit (domain.md, Bookings; S91, S92, S102, S104).

A hold is a number on a line. It becomes particular units when they are used or forfeited: the lowest
available ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.actor import Circumstances
from domain.fact import fold
from domain.package.checks import check_room, now_for, settled
from domain.package.commands import RestoreUnits
from domain.package.evolution import evolve
from domain.package.fact_parts import LineUnits
from domain.package.facts import (
    HoldReleased,
    PackageFact,
    ReleasedFor,
    SessionMoved,
    UnitsForfeited,
    UnitsHeld,
    UnitsRedeemed,
    UnitsRestored,
)
from domain.package.first_use import clock_after
from domain.package.restoration import give_back
from domain.package.state import Allocation, Hold, Package, Use
from domain.package.use import TakenUnits
from domain.values import CancellationTerms


@dataclass(frozen=True, slots=True)
class Session:
    """The session of a booking that takes units."""

    booking_id: str
    service_id: str
    participant_id: str
    starts_at: datetime
    staff_id: str | None = None
    location_id: str | None = None


def hold(
    taken: Sequence[TakenUnits], session: Session, held_at: datetime, at: Circumstances
) -> dict[str, list[PackageFact]]:
    """Reserve the chosen units: from now on, or since a session that has begun. Facts by package.

    Raises LimitReached.
    """
    facts: dict[str, list[PackageFact]] = {}
    packages = {part.candidate.id: part.candidate.package for part in taken}
    for part in taken:
        id = part.candidate.id
        made = facts.setdefault(id, list(settled(packages[id], now_for(packages[id], at))))
        moment = held_at if held_at < at.now else now_for(packages[id], at)
        made.append(_held(packages[id], part.line, len(part.units), session, moment, at))
    for id, added in facts.items():
        check_room(packages[id], len(added), kept=True)
    return facts


def _held(
    package: Package, number: int, quantity: int, session: Session, moment: datetime, at: Circumstances
) -> UnitsHeld:
    line = package.lines[number - 1]
    return UnitsHeld(
        effective_at=moment,
        booking_id=session.booking_id,
        line=number,
        quantity=quantity,
        held=line.held + quantity,
        remaining=line.remaining,
        service_id=session.service_id,
        participant_id=session.participant_id,
        session_at=session.starts_at,
    )


def release(package: Package, booking_id: str, why: ReleasedFor, at: Circumstances) -> list[PackageFact]:
    """Return what a booking holds to the available units; no facts where it holds nothing."""
    released = _releases(package, booking_id, why, now_for(package, at), at)
    return [*settled(package, now_for(package, at)), *released] if released else []


def _releases(
    package: Package, booking_id: str, why: ReleasedFor, moment: datetime, at: Circumstances
) -> list[PackageFact]:
    holds = package.holds.get(booking_id, ())
    return [_released(package, booking_id, hold, why, moment, at) for hold in holds]


def release_all(package: Package, at: Circumstances) -> list[PackageFact]:
    """Release every hold on a package that ends."""
    facts: list[PackageFact] = []
    for booking_id, holds in package.holds.items():
        for hold in holds:
            fact = _released(package, booking_id, hold, "package_cancelled", now_for(package, at), at)
            package = evolve(package, fact)
            facts.append(fact)
    return facts


def _released(
    package: Package, booking_id: str, hold: Hold, why: ReleasedFor, moment: datetime, at: Circumstances
) -> HoldReleased:
    line = package.lines[hold.line - 1]
    return HoldReleased(
        effective_at=moment,
        booking_id=booking_id,
        line=hold.line,
        quantity=hold.quantity,
        held=line.held - hold.quantity,
        remaining=line.remaining,
        why=why,
    )


def move(package: Package, session: Session, at: Circumstances) -> list[PackageFact]:
    """Hold the same units for another start, or move the session that used them. Raises LimitReached."""
    facts = release(package, session.booking_id, "rescheduled", at)
    for hold in package.holds.get(session.booking_id, ()):
        freed = fold(evolve, package, facts)
        facts.append(_held(freed, hold.line, hold.quantity, session, now_for(freed, at), at))
    moved: list[PackageFact] = [
        SessionMoved(
            effective_at=now_for(package, at),
            redemption_id=redemption_id,
            booking_id=session.booking_id,
            units=_units_of(package, use),
            session_at=session.starts_at,
            previous=use.session_at,
        )
        for redemption_id, use in package.uses.items()
        if use.booking_id == session.booking_id and use.in_use
    ]
    if moved:
        facts += [*settled(fold(evolve, package, facts), now_for(package, at)), *moved]
        facts += clock_after(package, facts, at)
    check_room(package, len(facts), kept=True)
    return facts


def _units_of(package: Package, use: Use) -> tuple[LineUnits, ...]:
    """The units that a redemption uses, allocation by allocation."""
    return tuple(
        LineUnits(line=each.line, units=each.units, value=package.lines[each.line - 1].value_of(each.units))
        for each in use.allocations
        if each.units and not each.forfeited
    )


def use_held(
    package: Package, session: Session, redemption_id: str, quantity: int, first: int, at: Circumstances
) -> list[PackageFact]:
    """Use what was held, at the start of the session, even if entered later. Raises LimitReached.

    The use never lies before the hold: the units left at a moment in between would be unknown. `first` is the
    number of its first allocation, `quantity` that of the whole redemption.
    """
    holds = package.holds[session.booking_id]
    used_at = max(min(session.starts_at, at.now), *(hold.held_at for hold in holds))
    facts = settled(package, now_for(package, at))
    facts += _releases(package, session.booking_id, "attended", used_at, at)
    used: list[PackageFact] = []
    for allocation, hold in enumerate(holds, first):
        freed = fold(evolve, package, [*facts, *used])
        taken = Allocation(allocation, hold.line, freed.lines[hold.line - 1].lowest(hold.quantity))
        used.append(redeemed(freed, taken, session, redemption_id, quantity, used_at, at))
    facts += [*clock_after(package, [*facts, *used], at, used_at), *used]
    check_room(package, len(facts), kept=True)
    return facts


def redeemed(
    package: Package,
    taken: Allocation,
    session: Session,
    redemption_id: str,
    quantity: int,
    used_at: datetime,
    at: Circumstances,
) -> UnitsRedeemed:
    """The use of available units by a booking's session; `quantity` is that of the whole redemption."""
    line = package.lines[taken.line - 1]
    return UnitsRedeemed(
        effective_at=used_at,
        redemption_id=redemption_id,
        allocation=taken.number,
        quantity=quantity,
        line=taken.line,
        units=taken.units,
        value=line.value_of(taken.units),
        remaining=line.remaining - len(taken.units),
        service_id=session.service_id,
        participant_id=session.participant_id,
        staff_id=session.staff_id or at.actor.staff_id,
        location_id=session.location_id,
        booking_id=session.booking_id,
        session_at=session.starts_at,
    )


def forfeit_held(
    package: Package,
    session: Session,
    redemption_id: str,
    first: int,
    terms: CancellationTerms,
    why: ReleasedFor,
    at: Circumstances,
) -> list[PackageFact]:
    """Consume what was held, without a session. `first` is the number of the first allocation."""
    facts = release(package, session.booking_id, why, at)
    for number, hold in enumerate(package.holds.get(session.booking_id, ()), first):
        freed = fold(evolve, package, facts)
        units = freed.lines[hold.line - 1].lowest(hold.quantity)
        taken = Allocation(number, hold.line, units)
        facts.append(_forfeited(freed, taken, session, redemption_id, terms, at))
    return facts


def forfeit_used(
    package: Package,
    id: str,
    session: Session,
    redemption_id: str,
    terms: CancellationTerms,
    at: Circumstances,
) -> list[PackageFact]:
    """Give back what was redeemed when the booking was made, and forfeit it at once."""
    back = restored(package, id, redemption_id, at)
    facts = list(back)
    for fact in back:
        if isinstance(fact, UnitsRestored) and not fact.lapsed:
            taken = Allocation(fact.allocation, fact.line, tuple(sorted(fact.units)))
            freed = fold(evolve, package, facts)
            facts.append(_forfeited(freed, taken, session, redemption_id, terms, at))
    return facts


def restored(package: Package, id: str, redemption_id: str, at: Circumstances) -> list[PackageFact]:
    """Give back what a redemption still uses of a package; no facts where it uses nothing."""
    use = package.uses.get(redemption_id)
    if use is None or not use.in_use:
        return []
    return give_back({id: package}, RestoreUnits(redemption_id=redemption_id), at)[id]


def _forfeited(
    package: Package,
    taken: Allocation,
    session: Session,
    redemption_id: str,
    terms: CancellationTerms,
    at: Circumstances,
) -> UnitsForfeited:
    line = package.lines[taken.line - 1]
    return UnitsForfeited(
        effective_at=now_for(package, at),
        booking_id=session.booking_id,
        line=taken.line,
        units=taken.units,
        value=line.value_of(taken.units),
        remaining=line.remaining - len(taken.units),
        service_id=session.service_id,
        participant_id=session.participant_id,
        session_at=session.starts_at,
        redemption_id=redemption_id,
        allocation=taken.number,
        terms=terms,
    )
