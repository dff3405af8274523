"""Reactivate a member of staff who left, with the role and the locations they had. Ended keys stay ended."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, UseCase, one_stream
from domain.staff.changes import check_owner
from domain.staff.commands import ReactivateStaff
from domain.staff.facts import StaffReactivated
from domain.use_cases.checks import known_staff
from domain.use_cases.own_stream import id_in, own


def decide(command: ReactivateStaff, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, and Forbidden for an owner by another. No fact where they are active."""
    state = known_staff(books, command.staff_id)
    check_owner(at.actor.role, state.role)
    return one_stream("staff", command.staff_id, [] if state.active else [StaffReactivated()])


REACTIVATE_STAFF = UseCase(ReactivateStaff, own("staff_id"), decide, id_in("staff_id"))
