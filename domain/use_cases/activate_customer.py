"""Make a customer active again (S114)."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, UseCase, one_stream
from domain.people.commands import ActivateCustomer
from domain.people.standing import activated
from domain.use_cases.checks import known_customer
from domain.use_cases.own_stream import id_in, own


def decide(command: ActivateCustomer, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound."""
    return one_stream("customer", command.customer_id, activated(known_customer(books, command.customer_id)))


ACTIVATE_CUSTOMER = UseCase(ActivateCustomer, own("customer_id"), decide, id_in("customer_id"))
