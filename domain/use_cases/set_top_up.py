"""Set a rule that sells a customer the next package when few units are left (S88, S89)."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, NewStream, Peek, Reads, UseCase
from domain.people.facts import TopUpsChanged
from domain.people.state import Customer
from domain.top_up.commands import SetTopUp
from domain.top_up.standing import set_up
from domain.use_cases.checks import check_own, check_unused, known_customer
from domain.use_cases.own_stream import id_in


def reads(command: SetTopUp, business_id: str, peek: Peek) -> Reads:
    customer = peek(command.customer_id)
    others = customer.top_ups if isinstance(customer, Customer) else ()
    streams = (business_id, command.top_up_id, command.customer_id, command.offer_id, *others)
    return Reads(dict.fromkeys(streams, 0))


def decide(command: SetTopUp, books: Books, at: Circumstances) -> Decision:
    """Raises IdTaken, NotFound, and what `set_up` raises."""
    check_own(command.customer_id, "customer", command.customer_id, at)
    customer = known_customer(books, command.customer_id)
    check_unused(books, command.top_up_id)
    found = (books.top_up(id) for id in customer.top_ups)
    others = [rule for rule in found if rule is not None]
    fact = set_up(command, customer, books.offer(command.offer_id), others, books.business)
    named = TopUpsChanged(top_ups=(*customer.top_ups, command.top_up_id))
    return Decision(
        {command.top_up_id: ("top_up", [fact]), command.customer_id: ("customer", [named])},
        streams=(NewStream("top_up", command.top_up_id, command.customer_id),),
    )


SET_TOP_UP = UseCase(SetTopUp, reads, decide, id_in("top_up_id"))
