"""Change the terms of a business, for what is decided from then on."""

from domain.actor import Circumstances
from domain.business.commands import ChangePolicies
from domain.business.policies import change_policies
from domain.decision import Books, Decision, UseCase, one_stream
from domain.use_cases.own_stream import business_id_of, the_business


def decide(command: ChangePolicies, books: Books, at: Circumstances) -> Decision:
    """Raises what `change_policies` raises."""
    return one_stream("business", books.business_id, change_policies(books.business, command))


CHANGE_POLICIES = UseCase(ChangePolicies, the_business, decide, business_id_of)
