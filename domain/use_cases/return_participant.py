"""Take a removed participant into the household again, as though never removed."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, UseCase, one_stream
from domain.people.commands import ReturnParticipant
from domain.people.household import returned
from domain.use_cases.checks import known_customer
from domain.use_cases.own_stream import id_in, own


def decide(command: ReturnParticipant, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound, LimitReached."""
    facts = returned(known_customer(books, command.customer_id), command.participant_id)
    return one_stream("customer", command.customer_id, facts)


RETURN_PARTICIPANT = UseCase(ReturnParticipant, own("customer_id"), decide, id_in("customer_id"))
