"""Corrections: a signed change of a line by a manager or owner, with a reason (S21–S27)."""

from collections.abc import Iterator

from domain.actor import Circumstances
from domain.business.facts import Policies
from domain.package.checks import check_not_cancelled, now_for
from domain.package.commands import CorrectLine
from domain.package.fact_parts import FreedUse, Units
from domain.package.facts import LineCorrected, PackageFact
from domain.package.first_use import clock_after
from domain.package.state import Package
from domain.package.units import USED_BEFORE, Line
from domain.refusals import InsufficientUnits, Invalid, LimitReached
from domain.values import UNITS_PER_LINE_MAX, UNITS_PER_PACKAGE_MAX, ref_of


def correct(
    package: Package, command: CorrectLine, at: Circumstances, policies: Policies
) -> list[PackageFact]:
    """Raises PackageIsCancelled, Invalid (no such line, 0), InsufficientUnits, LimitReached."""
    check_not_cancelled(package)
    if command.line > len(package.lines):
        raise Invalid(
            "/line", "unknown-line", f"must be at most {len(package.lines)}, the lines of this package"
        )
    if command.change == 0:
        raise Invalid("/change", "zero", "must not be 0")
    if policies.correction_max is not None and abs(command.change) > policies.correction_max:
        raise LimitReached("correction-units", policies.correction_max)
    line = package.lines[command.line - 1]
    if command.change < 0:
        return [_take(package, line, command, at)]
    given = _give(package, line, command, at)
    return [given, *clock_after(package, [given], at)]


def _take(package: Package, line: Line, command: CorrectLine, at: Circumstances) -> LineCorrected:
    wanted = -command.change
    if wanted > line.available:
        raise InsufficientUnits(requested=wanted, available=line.available, remaining=line.remaining)
    taken = line.lowest(wanted)
    return _correction(package, line, command, at, value=line.value_of(taken), taken=taken)


def _give(package: Package, line: Line, command: CorrectLine, at: Circumstances) -> LineCorrected:
    """Free, newest first, units that corrections took, then forfeited units, then units in use, then units used
    before an import; then add units of value 0."""
    returned = tuple(reversed(line.taken))[: command.change]
    wanted = command.change - len(returned)
    forfeited = tuple(_freed(package, command.line, wanted, forfeited=True))
    wanted -= sum(len(use.units) for use in forfeited)
    freed = (*forfeited, *_freed(package, command.line, wanted, forfeited=False))
    wanted = command.change - len(returned) - sum(len(use.units) for use in freed)
    used_before = tuple(reversed(tuple(line.units(USED_BEFORE))))[:wanted]
    missing = wanted - len(used_before)
    units = len(line.states)
    if units + missing > UNITS_PER_LINE_MAX:
        raise LimitReached("line-units", UNITS_PER_LINE_MAX)
    if sum(len(other.states) for other in package.lines) + missing > UNITS_PER_PACKAGE_MAX:
        raise LimitReached("package-units", UNITS_PER_PACKAGE_MAX)
    added = tuple(range(units + 1, units + missing + 1))
    freed_units = [unit for use in freed for unit in use.units]
    return _correction(
        package,
        line,
        command,
        at,
        value=line.value_of((*returned, *used_before, *freed_units)),
        returned=returned,
        used_before=used_before,
        freed=freed,
        added=added,
    )


def _freed(package: Package, line: int, wanted: int, *, forfeited: bool) -> Iterator[FreedUse]:
    """Units in use, or forfeited ones, of the newest redemption first, its last unit first."""
    for redemption_id, use in reversed(package.uses.items()):
        for allocation in reversed(use.allocations):
            if allocation.line != line or allocation.forfeited != forfeited:
                continue
            units = tuple(reversed(allocation.units))[:wanted]
            if units:
                yield FreedUse(
                    redemption_id=redemption_id,
                    allocation=allocation.number,
                    units=units,
                    forfeiture=use.booking_id if forfeited else None,
                )
                wanted -= len(units)


def _correction(
    package: Package,
    line: Line,
    command: CorrectLine,
    at: Circumstances,
    *,
    value: int,
    taken: Units = (),
    returned: Units = (),
    used_before: Units = (),
    freed: tuple[FreedUse, ...] = (),
    added: Units = (),
) -> LineCorrected:
    return LineCorrected(
        effective_at=now_for(package, at),
        line=command.line,
        change=command.change,
        remaining=line.remaining + command.change,
        value=value,
        taken=taken,
        returned=returned,
        used_before=used_before,
        freed=freed,
        added=added,
        reason=ref_of(command.reason),
    )
