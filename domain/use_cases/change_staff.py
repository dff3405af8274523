"""Change a member of staff: role and locations in the books, name and photo in the directory."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, Peek, Reads, UseCase, one_stream
from domain.staff.changes import change, check_owner
from domain.staff.commands import ChangeStaff
from domain.use_cases.checks import check_locations, known_staff
from domain.use_cases.directory_entries import Photos, changed_entry, counts_photos, named, with_entries
from domain.use_cases.own_stream import id_in


def reads(command: ChangeStaff, business_id: str, peek: Peek) -> Reads:
    return Reads({business_id: 0, command.staff_id: 0}, counted=counts_photos(_photos(command)))


def decide(command: ChangeStaff, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, Forbidden for another role of an owner, Invalid for an unknown location or photo."""
    id, state = command.staff_id, known_staff(books, command.staff_id)
    if command.role not in (None, state.role):
        check_owner(at.actor.role, state.role, command.role)
    check_locations(books, {f"/locations/{n}": place for n, place in enumerate(command.locations or ())})
    if not command.changes:
        return one_stream("staff", id, change(state, command, frozenset()))
    fields, entry = changed_entry(id, command.changes, "member of staff", books)
    decision = one_stream("staff", id, change(state, command, fields))
    return with_entries(decision, id, [entry], _photos(command), books)


def _photos(command: ChangeStaff) -> Photos:
    return named({"/photo": command.changes.get("photo")})


CHANGE_STAFF = UseCase(ChangeStaff, reads, decide, id_in("staff_id"))
