"""Make a customer inactive: nothing new is sold to them (S114)."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, UseCase, one_stream
from domain.people.commands import DeactivateCustomer
from domain.people.standing import deactivated
from domain.use_cases.checks import known_customer
from domain.use_cases.own_stream import id_in, own


def decide(command: DeactivateCustomer, books: Books, at: Circumstances) -> Decision:
    """Raises NotFound."""
    return one_stream(
        "customer", command.customer_id, deactivated(known_customer(books, command.customer_id))
    )


DEACTIVATE_CUSTOMER = UseCase(DeactivateCustomer, own("customer_id"), decide, id_in("customer_id"))
