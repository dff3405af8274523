"""End a membership, with its period or at once."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, UseCase
from domain.membership.commands import EndMembership
from domain.membership.ending import end
from domain.use_cases.checks import known_membership
from domain.use_cases.one_membership import both, package_of, reads_membership
from domain.use_cases.own_stream import id_in


def decide(command: EndMembership, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, LimitReached, and what `end` raises."""
    state = known_membership(books, command.membership_id)
    package = package_of(state, books)
    return both(command, state, package, end(state, package, command, at), books)


END_MEMBERSHIP = UseCase(EndMembership, reads_membership, decide, id_in("membership_id"))
