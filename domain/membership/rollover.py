"""Units that roll over: unused ones of a period, with their values, up to the limit of the plan.

They leave the package of the old period as a transfer does, and are the first units of their line in the new one. What
does not fit stays where it is, and lapses by the expiry of that package.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.actor import Circumstances
from domain.catalogue.facts import PlanTerms
from domain.membership.state import Membership, period_package, rollover_id
from domain.moments import MILLISECOND, local_day
from domain.package.allocation import capacity
from domain.package.checks import check_room, settled
from domain.package.fact_parts import SoldLine
from domain.package.facts import PackageFact, UnitsTransferredOut
from domain.package.state import Package
from domain.unit_values import runs, unrolled
from domain.updated import updated
from domain.values import AMOUNT_MAX, UNITS_PER_LINE_MAX, UNITS_PER_PACKAGE_MAX


@dataclass(frozen=True, slots=True)
class Rollover:
    """What moves: the facts of the old package, and the values of the units, line by line."""

    facts: Sequence[PackageFact]
    values: tuple[tuple[int, ...], ...]

    @property
    def units(self) -> int:
        return sum(len(values) for values in self.values)

    @property
    def value(self) -> int:
        """Minor units."""
        return sum(sum(values) for values in self.values)


def rollover(
    membership_id: str, state: Membership, previous: Package | None, moment: datetime, at: Circumstances
) -> Rollover:
    """The units that move at `moment`, the start of the next period. Raises LimitReached (facts of the package)."""
    plan = state.plan
    nothing = Rollover((), ((),) * len(plan.lines))
    if previous is None or not _gives(previous, moment):
        return nothing
    before = settled(previous, max(moment, previous.latest_at))
    facts: list[PackageFact] = []
    values: list[tuple[int, ...]] = []
    left = min(plan.rollover_limit, _room(plan))
    for number, (line, granted) in enumerate(zip(previous.lines, plan.lines, strict=True), 1):
        free = min(line.available, capacity(previous, number, moment))
        take = max(0, min(left, free, UNITS_PER_LINE_MAX - granted.quantity))
        units = line.lowest(take)
        left -= take
        values.append(tuple(line.values[unit - 1] for unit in units))
        if units:
            facts.append(
                UnitsTransferredOut(
                    effective_at=moment,
                    transfer_id=rollover_id(membership_id, state.period + 1, number),
                    to_package_id=period_package(membership_id, state.period + 1),
                    to_customer_id=state.customer_id,
                    line=number,
                    units=units,
                    value=line.value_of(units),
                    remaining=line.remaining - take,
                    membership_id=membership_id,
                )
            )
    moved = Rollover((*before, *facts), tuple(values))
    if not facts or plan.price + moved.value > AMOUNT_MAX:
        return nothing
    check_room(previous, len(moved.facts), kept=False)
    return moved


def _gives(previous: Package, moment: datetime) -> bool:
    """Whether units roll over: it is neither cancelled nor frozen, and was valid until the period ended."""
    if previous.cancelled or previous.expiry.is_frozen(local_day(moment, previous.time_zone)):
        return False
    return not previous.expiry.has_passed(moment - MILLISECOND)


def _room(plan: PlanTerms) -> int:
    """Units that fit into a package beside those of the plan."""
    return UNITS_PER_PACKAGE_MAX - sum(line.quantity for line in plan.lines)


def rolled_lines(fresh: Sequence[SoldLine], moved: Rollover) -> tuple[SoldLine, ...]:
    """The lines of the new package: what rolled over first, then what the plan grants."""
    return tuple(
        updated(
            line,
            quantity=len(values) + line.quantity,
            values=runs((*values, *unrolled(line.values))),
        )
        for line, values in zip(fresh, moved.values, strict=True)
    )
