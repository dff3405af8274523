"""Resume a membership: end its pause today, or take back an end that was announced."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, UseCase
from domain.membership.commands import ResumeMembership
from domain.membership.pause import resume
from domain.use_cases.checks import known_membership
from domain.use_cases.one_membership import both, package_of, reads_membership
from domain.use_cases.own_stream import id_in


def decide(command: ResumeMembership, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, LimitReached, and what `resume` raises."""
    state = known_membership(books, command.membership_id)
    package = package_of(state, books)
    return both(command, state, package, resume(state, package, at), books)


RESUME_MEMBERSHIP = UseCase(ResumeMembership, reads_membership, decide, id_in("membership_id"))
