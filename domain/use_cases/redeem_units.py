"""Use units of one chosen package (S60, S104)."""

from domain.actor import Circumstances
from domain.decision import Books, Decision, Peek, Reads, UseCase
from domain.package.commands import RedeemUnits
from domain.package.eligibility import Candidate
from domain.use_cases.checks import known_package
from domain.use_cases.one_package import owner_of
from domain.use_cases.own_stream import id_in
from domain.use_cases.redemption import reads_beside, redeem


def reads(command: RedeemUnits, business_id: str, peek: Peek) -> Reads:
    streams = {business_id: 0, command.package_id: 0} | owner_of(command.package_id, peek)
    return reads_beside(streams, command, with_customers=True)


def decide(command: RedeemUnits, books: Books, at: Circumstances) -> Decision:
    """An obstacle to this package is the refusal. Raises NotFound, and what `redeem` raises."""
    package = known_package(books, command.package_id)
    found = [Candidate(command.package_id, package, 0)]
    return redeem(found, command, books, at, package.customer_id, chosen=True)


REDEEM_UNITS = UseCase(RedeemUnits, reads, decide, id_in("package_id"))
