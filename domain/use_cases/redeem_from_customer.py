"""Use units of a customer; the rule chooses the packages (S60, S86, S102)."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, Peek, Reads, UseCase
from domain.package.commands import RedeemFromCustomer
from domain.use_cases.checks import known_customer
from domain.use_cases.redemption import candidates, reads_beside, redeem


def reads(command: RedeemFromCustomer, business_id: str, peek: Peek) -> Reads:
    streams = {business_id: 0, command.customer_id: 0}
    return reads_beside(streams, command, unspent_of=(command.customer_id,))


def decide(command: RedeemFromCustomer, books: Books, at: Circumstances) -> Decision:
    """Packages that cannot be used are passed over. Raises NotFound, and what `redeem` raises."""
    known_customer(books, command.customer_id)
    found = candidates(command.customer_id, None, books)
    return redeem(found, command, books, at, command.customer_id, chosen=False)


REDEEM_FROM_CUSTOMER = UseCase(RedeemFromCustomer, reads, decide)
