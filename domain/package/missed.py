"""Units of a no-show that was none: used after all (domain.md, Bookings; S57, S92)."""

from collections.abc import Mapping, Sequence

from msgspec import structs

from domain.actor import Circumstances
from domain.fact import fold
from domain.package.checks import check_room, now_for, settled
from domain.package.commands import RestoreUnits
from domain.package.evolution import evolve
from domain.package.facts import PackageFact
from domain.package.first_use import clock_after
from domain.package.holds import Session, redeemed
from domain.package.restoration import give_back
from domain.package.state import Allocation, Package
from domain.values import Wording


def missed_units(
    package: Package, redemption_id: str, wanted: Mapping[int, int], first: int
) -> list[Allocation]:
    """The units that pay for the session after all. `wanted`: line → units of the booking.

    What was forfeited pays itself. For what was given back its line gives the lowest available units, all or none,
    numbered from `first`. A cancelled package gives none.
    """
    use = package.uses.get(redemption_id)
    found = [each for each in (use.allocations if use else ()) if each.forfeited and each.units]
    if package.cancelled:
        return found
    for line, quantity in wanted.items():
        missing = quantity - units_on(found, line)
        if 0 < missing <= package.lines[line - 1].available:
            found.append(Allocation(first, line, package.lines[line - 1].lowest(missing)))
            first += 1
    return found


def units_on(allocations: Sequence[Allocation], line: int) -> int:
    return sum(len(each.units) for each in allocations if each.line == line)


def use_missed(
    package: Package,
    id: str,
    session: Session,
    redemption_id: str,
    found: Sequence[Allocation],
    quantity: int,
    reason: Wording | None,
    at: Circumstances,
) -> list[PackageFact]:
    """Use the units that `missed_units` found, from now on; what a cancelled package forfeited stays forfeited.

    `quantity` is that of the whole redemption. Raises LimitReached.
    """
    if package.cancelled or not found:
        return []
    now, facts = now_for(package, at), settled(package, now_for(package, at))
    if any(each.forfeited for each in found):
        facts = give_back({id: package}, RestoreUnits(redemption_id=redemption_id, reason=reason), at)[id]
    used: list[PackageFact] = []
    for each in found:
        taken = structs.replace(each, units=tuple(sorted(each.units)), forfeited=False)
        freed = fold(evolve, package, [*facts, *used])
        used.append(redeemed(freed, taken, session, redemption_id, quantity, now, at))
    facts += [*clock_after(package, [*facts, *used], at), *used]
    check_room(package, len(facts), kept=True)
    return facts
