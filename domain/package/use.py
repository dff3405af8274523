"""The facts of a use: the units it took, and the validity that it started."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.actor import Circumstances
from domain.calendar_rules import ExpiryAfterFirstUse, add
from domain.moments import local_day
from domain.package.checks import check_room, now_for, settled, today_for
from domain.package.eligibility import Candidate, ResolvedRedemption
from domain.package.facts import PackageFact, UnitsRedeemed, ValidityStarted
from domain.package.state import Package


@dataclass(frozen=True, slots=True)
class TakenUnits:
    """Units that the redemption takes of one line, lowest number first."""

    candidate: Candidate
    line: int
    units: tuple[int, ...]


def use(
    taken: Sequence[TakenUnits], wish: ResolvedRedemption, at: Circumstances
) -> dict[str, list[PackageFact]]:
    """The facts of a use of the chosen units, by package. Raises LimitReached."""
    facts: dict[str, list[PackageFact]] = {}
    for allocation, part in enumerate(taken, 1):
        package = part.candidate.package
        if part.candidate.id not in facts:
            facts[part.candidate.id] = [
                *settled(package, now_for(package, at)),
                *started_by(package, wish.used_at, wish.effective_at, at),
            ]
        facts[part.candidate.id].append(_redeemed(part, allocation, wish, at))
    packages: Mapping[str, Package] = {part.candidate.id: part.candidate.package for part in taken}
    for id, added in facts.items():
        check_room(packages[id], len(added), kept=True)
    return facts


def started_by(
    package: Package, session_at: datetime, used_at: datetime, at: Circumstances
) -> list[PackageFact]:
    """Start a validity that waits for the first use, on the day of its session; else nothing."""
    rule = package.validity
    if not isinstance(rule, ExpiryAfterFirstUse) or package.started_on is not None:
        return []
    started_on = local_day(session_at, package.time_zone)
    if package.expiry_set:
        expires_on = package.expiry.on(today_for(package, at))
    else:
        expires_on = add(started_on, rule.count, rule.unit)
    return [ValidityStarted(effective_at=used_at, started_on=started_on, expires_on=expires_on)]


def _redeemed(
    part: TakenUnits, allocation: int, wish: ResolvedRedemption, at: Circumstances
) -> UnitsRedeemed:
    command, line = wish.command, part.candidate.package.lines[part.line - 1]
    return UnitsRedeemed(
        effective_at=wish.effective_at,
        redemption_id=command.redemption_id,
        allocation=allocation,
        quantity=command.quantity,
        line=part.line,
        units=part.units,
        value=line.value_of(part.units),
        remaining=line.remaining - len(part.units),
        service_id=command.service_id,
        participant_id=wish.participant.id,
        staff_id=command.staff_id or at.actor.staff_id,
        location_id=command.location_id,
        booking_id=command.booking_id,
        session_at=command.session_at,
    )
