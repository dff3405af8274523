"""Pause a membership: no use meanwhile, and the end of its period moves."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, UseCase
from domain.membership.commands import PauseMembership
from domain.membership.pause import pause
from domain.refusals import NotEligible
from domain.use_cases.checks import known_membership
from domain.use_cases.one_membership import both, package_of, reads_membership
from domain.use_cases.own_stream import id_in


def decide(command: PauseMembership, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, LimitReached, and what `pause` raises."""
    state = known_membership(books, command.membership_id)
    package = package_of(state, books)
    if package is None:
        raise NotEligible("membership-not-begun")
    return both(command, state, package, pause(state, package, command, at), books)


PAUSE_MEMBERSHIP = UseCase(PauseMembership, reads_membership, decide, id_in("membership_id"))
