"""Recording for the books that a package has expired (domain.md, Expiry)."""

from domain.actor import Circumstances
from domain.package.checks import check_expires, check_not_cancelled, now_for, today_for
from domain.package.facts import PackageExpired, PackageFact
from domain.package.state import Package
from domain.package.units import AVAILABLE
from domain.refusals import NotEligible


def record_expiry(package: Package, at: Circumstances) -> list[PackageFact]:
    """The units that can no longer be used, as of the end of the last valid day. Nothing depends on this fact.

    Raises PackageIsCancelled, NotEligible where it has not expired, has no unit left or this was recorded before.
    """
    check_not_cancelled(package)
    last = check_expires(package, today_for(package, at))
    ended_at = package.expiry.valid_until
    if ended_at is None or not package.expiry.has_passed(now_for(package, at)):
        raise NotEligible("not-expired-yet", day=last)
    if package.lapse_recorded == last:
        raise NotEligible("expiry-recorded", day=last)
    lapsed = package.units_in(AVAILABLE)
    if not lapsed:
        raise NotEligible("nothing-to-lapse")
    return [
        PackageExpired(
            effective_at=max(ended_at, package.purchased_at),
            expires_on=last,
            lapsed=lapsed,
            value=sum(part.value for part in lapsed),
        )
    ]
