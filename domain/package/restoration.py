"""Giving back what a redemption used or a booking forfeited: last allocation first, last unit first (domain.md,
Restoring; S37, S77, S92)."""

from collections.abc import Mapping, Sequence

from domain.actor import Circumstances, Role
from domain.business.state import Business
from domain.business.zones import desk_zone
from domain.moments import local_day
from domain.package.checks import check_room, now_for, settled
from domain.package.commands import RestoreUnits
from domain.package.fact_parts import Units
from domain.package.facts import PackageFact, UnitsRestored
from domain.package.first_use import clock_after
from domain.package.state import Allocation, Package, Use
from domain.refusals import AlreadyRestored, Forbidden, InsufficientUnits, Invalid, NotFound
from domain.values import ref_of


def restore(
    packages: dict[str, Package],
    command: RestoreUnits,
    at: Circumstances,
    business: Business,
    entered_by: str | None,
) -> dict[str, list[PackageFact]]:
    """Give a use back to the packages it came from; `packages` are those the redemption took units of.

    `entered_by`: the actor who entered the use, beside the member of staff who performed it.

    Raises NotFound, AlreadyRestored, InsufficientUnits (with `restorable`), LimitReached, Forbidden for staff on
    a use that is not their own or not of today, and for forfeited units Invalid without a reason and Forbidden
    for an integration.
    """
    for id, package in packages.items():
        if command.package_id in (None, id):
            _check_may_restore(package, package.uses[command.redemption_id], entered_by, at, business)
    facts = give_back(packages, command, at)
    _check_forfeitures(facts, command, at)
    return facts


def give_back(
    packages: dict[str, Package], command: RestoreUnits, at: Circumstances
) -> dict[str, list[PackageFact]]:
    """As `restore`, for a rule: the actor is not checked. Raises the same but Forbidden."""
    if command.package_id is not None:
        packages = {id: p for id, p in packages.items() if id == command.package_id}
    parts = [
        (allocation, id, package)
        for id, package in packages.items()
        for allocation in package.uses[command.redemption_id].allocations
    ]
    if not parts:
        raise NotFound("redemption", command.redemption_id)
    restorable = sum(len(allocation.units) for allocation, _, _ in parts)
    if restorable == 0:
        raise AlreadyRestored(command.redemption_id)
    wanted = command.quantity or restorable
    if wanted > restorable:
        raise InsufficientUnits(requested=wanted, restorable=restorable)
    facts: dict[str, list[PackageFact]] = {}
    for allocation, id, package in sorted(parts, key=lambda part: -part[0].number):
        units = tuple(reversed(allocation.units[-wanted:] if wanted else ()))
        if units:
            lines = facts.setdefault(id, settled(package, now_for(package, at)))
            lines.append(_restoration(package, command, allocation, units, at))
            wanted -= len(units)
    for id, added in facts.items():
        added += clock_after(packages[id], added, at)
        check_room(packages[id], len(added), kept=False)
    return facts


def _check_may_restore(
    package: Package, use: Use, entered_by: str | None, at: Circumstances, business: Business
) -> None:
    """Judge units in use: forfeited ones go back at the discretion of the desk, on any day.

    What is today is judged where the use was made.
    """
    if at.actor.role is not Role.STAFF or not use.in_use:
        return
    zone = desk_zone(business, at, use.location_id, otherwise=package.time_zone)
    same_day = local_day(use.effective_at, zone) == local_day(at.now, zone)
    if at.actor.id not in (use.staff_id, entered_by) or not same_day:
        raise Forbidden("staff restore only what they performed or entered themselves, on the same day")


def _check_forfeitures(
    facts: Mapping[str, Sequence[PackageFact]], command: RestoreUnits, at: Circumstances
) -> None:
    """To give forfeited units back is to decide against the terms: by people, with a reason."""
    made = (fact for added in facts.values() for fact in added)
    if not any(isinstance(fact, UnitsRestored) and fact.forfeiture for fact in made):
        return
    if at.actor.role is Role.INTEGRATION:
        raise Forbidden("forfeited units are given back by staff, a manager or an owner")
    if command.reason is None:
        raise Invalid("/reason", "required", "must say why forfeited units are given back")


def _restoration(
    package: Package, command: RestoreUnits, allocation: Allocation, units: Units, at: Circumstances
) -> UnitsRestored:
    line, use = package.lines[allocation.line - 1], package.uses[command.redemption_id]
    usable = 0 if package.cancelled or package.expiry.has_passed(at.now) else len(units)
    return UnitsRestored(
        effective_at=now_for(package, at),
        redemption_id=command.redemption_id,
        allocation=allocation.number,
        line=allocation.line,
        units=units,
        value=line.value_of(units),
        remaining=line.remaining + (0 if package.cancelled else len(units)),
        usable=usable,
        lapsed=package.cancelled,
        forfeiture=use.booking_id if allocation.forfeited else None,
        reason=ref_of(command.reason),
    )
