"""Remove a participant from a household; what they used stays as it was."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, UseCase, one_stream
from domain.people.commands import RemoveParticipant
from domain.people.household import removed
from domain.use_cases.checks import known_customer
from domain.use_cases.own_stream import id_in, own


def decide(command: RemoveParticipant, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, Invalid for the customer in person."""
    facts = removed(known_customer(books, command.customer_id), command.participant_id, at)
    return one_stream("customer", command.customer_id, facts)


REMOVE_PARTICIPANT = UseCase(RemoveParticipant, own("customer_id"), decide, id_in("customer_id"))
