"""The clock of a validity after first use: it belongs to the first session that stands (domain.md, Expiry)."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from domain.actor import Circumstances
from domain.calendar_rules import ExpiryAfterFirstUse, add
from domain.fact import fold
from domain.moments import LAST_DAY, local_day
from domain.package.checks import now_for
from domain.package.evolution import evolve
from domain.package.facts import PackageFact, ValidityReset, ValidityStarted
from domain.package.state import Package


def clock_after(
    package: Package, facts: Sequence[PackageFact], at: Circumstances, used_at: datetime | None = None
) -> list[PackageFact]:
    """The fact by which the clock follows `facts`: it starts, moves to another session, or is reset; else nothing.

    A forfeited unit is no session, and a hold is none yet. What has expired or is cancelled stays so: only a
    reinstatement brings it back. `used_at` is when a first use takes effect, now if absent.
    """
    rule, now = package.validity, now_for(package, at)
    if not isinstance(rule, ExpiryAfterFirstUse) or package.cancelled or package.expiry.has_passed(now):
        return []
    after = fold(evolve, package, facts)
    first = _first_day(after)
    if first == after.started_on:
        return []
    moment = used_at or now
    moment = moment if after.clock_at is None else max(moment, after.clock_at)
    if first is None:
        kept = after.expires_on if after.expiry_set else None
        return [ValidityReset(effective_at=moment, expires_on=kept)]
    return [ValidityStarted(effective_at=moment, started_on=first, expires_on=_expiry(after, rule, first))]


def _first_day(package: Package) -> date | None:
    """The day of the first session of which a unit is in use; None where there is none."""
    sessions = [use.session_at for use in package.uses.values() if use.in_use]
    return local_day(min(sessions), package.time_zone) if sessions else None


def _expiry(package: Package, rule: ExpiryAfterFirstUse, first: date) -> date | None:
    """Set by hand, it stays. Days that freezes added before stay added."""
    if package.expiry_set:
        return package.expires_on
    expires_on = add(first, rule.count, rule.unit)
    if package.started_on is None or package.expires_on is None:
        return expires_on
    frozen = package.expires_on - add(package.started_on, rule.count, rule.unit)
    return min(LAST_DAY, expires_on + max(frozen, timedelta()))
