"""Deactivate a member of staff who has left; what they did stays under their name."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, UseCase, one_stream
from domain.staff.changes import check_owner
from domain.staff.commands import DeactivateStaff
from domain.staff.facts import StaffDeactivated
from domain.use_cases.checks import known_staff
from domain.use_cases.own_stream import id_in, own


def decide(command: DeactivateStaff, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, and Forbidden for an owner by another. No fact where they are inactive already."""
    state = known_staff(books, command.staff_id)
    check_owner(at.actor.role, state.role)
    return one_stream("staff", command.staff_id, [StaffDeactivated()] if state.active else [])


DEACTIVATE_STAFF = UseCase(DeactivateStaff, own("staff_id"), decide, id_in("staff_id"))
