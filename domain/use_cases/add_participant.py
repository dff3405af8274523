"""Add a participant to a household: a person or a pet that uses what the customer buys (S40, S85)."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, Peek, Reads, UseCase, one_stream
from domain.people.commands import AddParticipant
from domain.people.household import added
from domain.use_cases.checks import check_services, known_customer
from domain.use_cases.directory_entries import Photos, counts_photos, named, new_entries, with_entries
from domain.use_cases.own_stream import id_in


def reads(command: AddParticipant, business_id: str, peek: Peek) -> Reads:
    streams = {command.customer_id: 0} | dict.fromkeys(command.participant.barred_services, 0)
    return Reads(streams, counted=counts_photos(_photos(command)))


def decide(command: AddParticipant, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, IdTaken, LimitReached, Invalid for an unknown service or photo."""
    owner_id, new = command.customer_id, command.participant
    facts = added(known_customer(books, owner_id), new)
    check_services(books, {f"/barred_services/{n}": id for n, id in enumerate(new.barred_services)})
    entries = new_entries(owner_id, {new.participant_id: new.called})
    return with_entries(one_stream("customer", owner_id, facts), owner_id, entries, _photos(command), books)


def _photos(command: AddParticipant) -> Photos:
    called = command.participant.called
    return named({"/photo": called.photo if called else None})


ADD_PARTICIPANT = UseCase(AddParticipant, reads, decide, id_in("customer_id"))
