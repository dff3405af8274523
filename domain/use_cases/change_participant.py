"""Change a participant: kind and barred services in the books, name and photo in the directory."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, Peek, Reads, UseCase, one_stream
from domain.people.commands import ChangeParticipant
from domain.people.household import changed
from domain.refusals import Invalid
from domain.use_cases.checks import check_services, known_customer
from domain.use_cases.directory_entries import Photos, changed_entry, counts_photos, named, with_entries
from domain.use_cases.own_stream import id_in


def reads(command: ChangeParticipant, business_id: str, peek: Peek) -> Reads:
    streams = {command.customer_id: 0} | dict.fromkeys(command.barred_services or (), 0)
    return Reads(streams, counted=counts_photos(_photos(command)))


def decide(command: ChangeParticipant, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, and Invalid for an unknown service or photo, or the name of the customer in person."""
    owner_id, id = command.customer_id, command.participant_id
    owner = known_customer(books, owner_id)
    if command.changes and id == owner.in_person.id:
        message = "is that of the customer in person: change the customer"
        raise Invalid(f"/{next(iter(command.changes))}", "in-person", message)
    services = {f"/barred_services/{n}": each for n, each in enumerate(command.barred_services or ())}
    if not command.changes:
        facts = changed(owner, command, frozenset())
        check_services(books, services)
        return one_stream("customer", owner_id, facts)
    fields, entry = changed_entry(id, command.changes, "participant", books)
    facts = changed(owner, command, fields)
    check_services(books, services)
    return with_entries(one_stream("customer", owner_id, facts), owner_id, [entry], _photos(command), books)


def _photos(command: ChangeParticipant) -> Photos:
    return named({"/photo": command.changes.get("photo")})


CHANGE_PARTICIPANT = UseCase(ChangeParticipant, reads, decide, id_in("customer_id"))
