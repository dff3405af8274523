"""The facts of a use: the units it took, and the validity that it starts."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from domain.actor import Circumstances
from domain.package.checks import check_room, now_for, settled
from domain.package.eligibility import Candidate, ResolvedRedemption
from domain.package.facts import PackageFact, UnitsRedeemed
from domain.package.first_use import clock_after
from domain.package.state import Package


class TakenUnits(Struct, frozen=True, gc=False):
    """Units that the redemption takes of one line, lowest number first."""

    candidate: Candidate
    line: int
    units: tuple[int, ...]


def use(
    taken: Sequence[TakenUnits], wish: ResolvedRedemption, at: Circumstances
) -> dict[str, list[PackageFact]]:
    """The facts of a use of the chosen units, by package. Raises LimitReached."""
    used: dict[str, list[PackageFact]] = {}
    for allocation, part in enumerate(taken, 1):
        used.setdefault(part.candidate.id, []).append(_redeemed(part, allocation, wish, at))
    packages: Mapping[str, Package] = {part.candidate.id: part.candidate.package for part in taken}
    facts: dict[str, list[PackageFact]] = {}
    for id, package in packages.items():
        before = settled(package, now_for(package, at))
        started = clock_after(package, [*before, *used[id]], at, wish.effective_at)
        facts[id] = [*before, *started, *used[id]]
        check_room(package, len(facts[id]), kept=True)
    return facts


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
