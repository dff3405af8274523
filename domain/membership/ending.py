"""The end of a membership: with its period, or at once."""

from domain.actor import Circumstances
from domain.membership.checks import check_runs, now_for, settled
from domain.membership.commands import EndMembership
from domain.membership.facts import MembershipEnded
from domain.membership.pause import Facts
from domain.membership.state import Membership
from domain.package.cancellation import cancel
from domain.package.checks import settled as package_settled
from domain.package.commands import CancelPackage
from domain.package.facts import PackageFact
from domain.package.state import Package


def end(state: Membership, package: Package | None, command: EndMembership, at: Circumstances) -> Facts:
    """With the period: it is renewed no more, and what was granted stays good. At once: what remains lapses too.

    Nothing where it has ended so. Raises NotEligible where a renewal is due and it is to end with the period,
    HoldsOutstanding unless the holds are to be released.
    """
    moment = now_for(state, at)
    if state.status(moment) == "ended" or state.ending == command.at:
        return [], []
    if state.period == 0 or command.at == "now":
        ended = MembershipEnded(effective_at=moment, at="now", reason=command.reason.ref)
        return [*settled(state, at), ended], _lapsed(state, package, command, at)
    check_runs(state, at)
    ended = MembershipEnded(effective_at=moment, at="period_end", reason=command.reason.ref)
    return [*settled(state, at), ended], []


def _lapsed(
    state: Membership, package: Package | None, command: EndMembership, at: Circumstances
) -> list[PackageFact]:
    """The end of the package of the period; one that is used up or has expired stays as it is."""
    if package is None or state.package_id is None:
        return []
    moment = max(at.now, package.latest_at)
    if package.status(moment) != "active":
        return []
    asked = CancelPackage(
        package_id=state.package_id, release_holds=command.release_holds, reason=command.reason
    )
    return [*package_settled(package, moment), *cancel(package, asked, at)]
