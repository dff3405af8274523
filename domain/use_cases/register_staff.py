"""Register a member of staff, with role and locations; name and photo go into the directory."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, Peek, Reads, UseCase, one_stream
from domain.staff.changes import check_owner
from domain.staff.commands import RegisterStaff
from domain.staff.facts import StaffRegistered
from domain.use_cases.checks import check_locations, check_unused
from domain.use_cases.directory_entries import Photos, counts_photos, named, new_entries, with_entries
from domain.use_cases.own_stream import id_in


def reads(command: RegisterStaff, business_id: str, peek: Peek) -> Reads:
    return Reads({business_id: 0, command.staff_id: 0}, counted=counts_photos(_photos(command)))


def decide(command: RegisterStaff, books: Books, at: Circumstances) -> Decision:
    """Raises Forbidden for an owner by another, IdTaken, Invalid for an unknown location or photo."""
    id = command.staff_id
    check_owner(at.actor.role, command.role)
    check_locations(books, {f"/locations/{n}": place for n, place in enumerate(command.locations)})
    check_unused(books, id)
    registered = StaffRegistered(role=command.role, locations=command.locations)
    decision = one_stream("staff", id, [registered], new=True)
    return with_entries(decision, id, new_entries(id, {id: command.called}), _photos(command), books)


def _photos(command: RegisterStaff) -> Photos:
    return named({"/photo": command.called.photo if command.called else None})


REGISTER_STAFF = UseCase(RegisterStaff, reads, decide, id_in("staff_id"))
