"""End the block of a customer (S137)."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, UseCase, one_stream
from domain.people.commands import UnblockCustomer
from domain.people.standing import unblocked
from domain.use_cases.checks import known_customer
from domain.use_cases.own_stream import id_in, own


def decide(command: UnblockCustomer, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound."""
    return one_stream("customer", command.customer_id, unblocked(known_customer(books, command.customer_id)))


UNBLOCK_CUSTOMER = UseCase(UnblockCustomer, own("customer_id"), decide, id_in("customer_id"))
