"""Block a customer: no bookings, no sales, no messages (S137)."""

from msgspec import structs

from domain.actor import Circumstances
from domain.decision import Books, Decision, UseCase, one_stream
from domain.people.commands import BlockCustomer
from domain.people.standing import blocked
from domain.use_cases.checks import known_customer
from domain.use_cases.own_stream import id_in, own
from domain.use_cases.texts import texts_of


def decide(command: BlockCustomer, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound."""
    facts = blocked(known_customer(books, command.customer_id), command.reason)
    decision = one_stream("customer", command.customer_id, facts)
    return structs.replace(decision, texts=texts_of(command, command.customer_id) if facts else ())


BLOCK_CUSTOMER = UseCase(BlockCustomer, own("customer_id"), decide, id_in("customer_id"))
